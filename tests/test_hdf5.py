"""Reading HDF5 without h5py, held against h5py."""

import h5py
import numpy as np
import pytest

from crnn.model import hdf5
from crnn.paths import DEFAULT_WEIGHTS

MEMBERS = 1000  # of a group: enough for a B-tree of several levels


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.h5"


def write(path, **options):
    rng = np.random.default_rng(0)
    with h5py.File(path, "w", **options) as file:
        file.attrs["names"] = [b"a", "字".encode()]
        file.attrs["fixed"] = np.array([b"ab", b"cde"])
        file.attrs["one"], file.attrs["peak"] = "text", 1.5
        for dtype in ("<f2", "<f4", ">f4", "<f8"):
            file[f"group/{dtype}"] = rng.normal(size=(3, 4, 5)).astype(dtype)
        for number in range(MEMBERS):
            file.create_group(f"many/{number}").attrs["peak"] = float(number)


def test_what_h5py_wrote_is_read(path):
    write(path)
    root = hdf5.open_root(path)
    with h5py.File(path) as file:
        assert root.attributes.keys() == file.attrs.keys() and root.children.keys() == file.keys()
        assert root.attributes["names"].tolist() == ["a", "字"]
        assert root.attributes["fixed"].tolist() == [b"ab", b"cde"]
        assert root.attributes["one"] == "text" and root.attributes["peak"] == 1.5
        for name, data in file["group"].items():
            values = root[f"group/{name}"].values
            assert values.dtype == data.dtype
            np.testing.assert_array_equal(values, data)
        many = root["many"]
        assert many.values is None
        assert {name: float(many[name].attributes["peak"]) for name in many.children} == {
            str(number): float(number) for number in range(MEMBERS)
        }


def test_the_shipped_weights_are_read_to_the_last_bit():
    root = hdf5.open_root(DEFAULT_WEIGHTS)
    with h5py.File(DEFAULT_WEIGHTS) as file:
        for layer in file.attrs["layer_names"]:
            for name in file[layer].attrs["weight_names"]:
                np.testing.assert_array_equal(root[layer][name].values, file[layer][name])


def test_what_is_not_there_is_named(path):
    write(path)
    with pytest.raises(ValueError, match=r"file\.h5: it has no group/other"):
        hdf5.open_root(path)["group"]["group/other"]


@pytest.mark.parametrize(
    ("options", "what"), [({"libver": "latest"}, "superblock"), ({"track_order": True}, "object header")]
)
def test_another_version_of_the_format_is_refused(path, options, what):
    write(path, **options)
    with pytest.raises(ValueError, match=rf"file\.h5: an? {what} .* h5py"):
        hdf5.open_root(path)


def test_another_form_of_a_data_set_is_refused(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("packed", data=np.zeros(100, np.float32), compression="gzip")
        file["integers"] = np.zeros(3, np.int32)
    for name, what in (("packed", "in chunks"), ("integers", "datatype 0")):
        with pytest.raises(ValueError, match=what):
            hdf5.open_root(path)[name]


@pytest.mark.parametrize("size", [0, 2**31])
def test_a_text_of_no_size_is_refused(path, size):
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["name"] = np.bytes_(b"seven..")
    header = bytes.fromhex("1301000007000000")  # of the datatype: a padded string, seven bytes
    assert header in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(header, header[:4] + size.to_bytes(4, "little")))
    with pytest.raises(ValueError, match=r"file\.h5: "):
        hdf5.open_root(path)


def test_no_hdf5_is_refused(path):
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"file\.h5: not an HDF5 file"):
        hdf5.open_root(path)


def test_an_incomplete_file_is_refused(path):
    write(path)
    data = path.read_bytes()
    with h5py.File(path) as file:
        names = [f"group/{name}" for name in file["group"]] + [f"many/{number}" for number in range(MEMBERS)]
    for share in (0.0002, 0.01, 0.3, 0.6, 0.9):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(ValueError, match="damaged or not complete"):
            root = hdf5.open_root(path)
            for name in names:
                root[name]
