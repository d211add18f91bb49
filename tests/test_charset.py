import pytest

from crnn.charset import SPACE, Charset
from crnn.paths import DEFAULT_CHARSET


@pytest.fixture(scope="module")
def charset():
    return Charset.from_file(DEFAULT_CHARSET)


def test_table_is_the_data_sets(charset):
    assert len(charset) == 5990 and charset.blank == 5990 and charset.classes == 5991
    assert charset.decode([263, 82, 29, 56, 35, 435, 890, 293, 126, 129]) == "管理我们要质疑!当然"  # figure 12


def test_encode_is_the_inverse_of_decode(charset):
    labels = list(range(len(charset)))
    assert charset.encode(charset.decode(labels)) == labels


def test_entry_0_is_the_space(charset):
    assert charset.encode("a b")[1] == SPACE == 0


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("原标题：腾讯！？；％", "原标题:腾讯!?;%"),  # the table has only the ASCII forms
        ("“引用”，。、《书》—…", "“引用”，。、《书》—…"),  # the table has these
        ("ＡＢＣ１２３", "ABC123"),
        ("a \t\n b　c ", "a b c"),
        ("x😀y", "xy"),
        ("½", "1/2"),  # NFKC gives a fraction slash, which the table has as a slash
        ("12 € ₿", "12 ∈"),  # the euro by what looks like it; nothing looks like the other
    ],
)
def test_fold(charset, text, folded):
    assert charset.fold(text) == folded


def test_duplicates_are_refused_by_name(tmp_path):
    path = tmp_path / "table.txt"
    path.write_text("blank\na\nb\na\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"table\.txt: 'a' stands twice in the table, as entries 1 and 3"):
        Charset.from_file(path)


def test_entries_of_two_characters_are_refused():
    with pytest.raises(ValueError, match="entry 2 is 'bc'"):
        Charset(["blank", "a", "bc"])


def test_characters_outside_the_table_are_named(charset):
    with pytest.raises(KeyError, match="😀"):
        charset.encode("a😀")
    with pytest.raises(IndexError, match="5990"):
        charset.decode([5990])


def test_the_table_of_weights_lies_beside_them(charset, tmp_path):
    assert Charset.for_weights(tmp_path / "CRNN.h5").characters == charset.characters
    Charset(["blank", "a", "b"]).save(tmp_path / "charset.txt")
    assert Charset.for_weights(tmp_path / "CRNN.h5").characters == (" ", "a", "b")


def test_the_table_of_a_data_set_lies_with_its_labels(charset, tmp_path, capsys):
    (tmp_path / "labels").mkdir()
    assert Charset.for_dataset(tmp_path).characters == charset.characters
    assert "no charset.txt here, so " in capsys.readouterr().err
    Charset(["blank", "a"]).save(tmp_path / "labels" / "char_std_5990.txt")
    assert Charset.for_dataset(tmp_path).characters == (" ", "a")
    Charset(["blank", "a", "b"]).save(tmp_path / "labels" / "charset.txt")
    assert Charset.for_dataset(tmp_path).characters == (" ", "a", "b")
    assert not capsys.readouterr().err


@pytest.mark.parametrize("content", ["\ufeffblank\na\nb\n", "blank\r\na\r\nb\r\n"])
def test_marks_and_line_ends_of_other_systems_are_passed_over(tmp_path, content):
    (tmp_path / "table.txt").write_bytes(content.encode())
    assert Charset.from_file(tmp_path / "table.txt").characters == (" ", "a", "b")


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [("gb18030", r", line 2: is not UTF-8 text, perhaps GB18030"), ("utf-16", ": is UTF-16 text")],
)
def test_another_encoding_is_named(tmp_path, encoding, reason):
    (tmp_path / "table.txt").write_bytes("blank\n的\n一\n".encode(encoding))
    with pytest.raises(ValueError, match=rf"table\.txt{reason}.*; save it as UTF-8"):
        Charset.from_file(tmp_path / "table.txt")
