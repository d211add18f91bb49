import pytest

from crnn.evaluation.metrics import Calibration
from crnn.evaluation.plots import draw_reliability, draw_training, main

HEAD = "stage,lines,loss,heldout_cer,heldout_exact\n"


def test_every_stage_of_a_training_is_drawn(tmp_path):
    log, picture = tmp_path / "log.csv", tmp_path / "curves.svg"
    log.write_text(
        HEAD + "frames_cnn,32,7.5,0.9,0\nframes_cnn,64,5,0.8,0.1\nctc_1,32,20,0.5,0.2\nctc_1,64,10,0.3,0.4\n"
    )
    draw_training(log, picture)
    text = picture.read_text()
    assert all(word in text for word in ("frames_cnn", "ctc_1", "lines seen", "loss of training"))


def test_a_log_without_reports_is_named(run_main, tmp_path):
    (tmp_path / "log.csv").write_text(HEAD)
    result = run_main(main, tmp_path / "log.csv", tmp_path / "curves.svg")
    assert result.returncode == 1 and "log.csv holds no report" in result.stderr
    with pytest.raises(ValueError, match="no report"):
        draw_training(tmp_path / "log.csv", tmp_path / "curves.svg")


def test_each_bin_of_a_calibration_is_drawn(tmp_path):
    calibration = Calibration()
    calibration.seen[9], calibration.seen[4] = [1234, 1200.0, 1230], [56, 25.0, 20]
    draw_reliability(calibration, tmp_path / "reliability.svg")
    text = (tmp_path / "reliability.svg").read_text()
    assert "1,234" in text and "56" in text
