import json
import struct

import pytest

from penchant.core import UsageError
from penchant.tune import History, curves_picture, draw_curves, read_curves, write_curves


@pytest.fixture
def history():
    losses = [3.0 - n / 10 for n in range(12)]
    return History(
        losses=[2.8, 2.4, 2.1],
        seconds=[1.0, 1.0, 1.0],
        validations=[0.1, 0.3, 0.2],
        best_epoch=2,
        step_losses=losses,
        rates=[0.01] * 12,
        norms=[1.0] * 12,
    )


def test_curves_are_kept_as_data(history, tmp_path):
    write_curves(history, tmp_path / "curves.json")
    assert read_curves(tmp_path / "curves.json") == history
    assert json.loads((tmp_path / "curves.json").read_text())["validations"] == [0.1, 0.3, 0.2]


def test_a_picture_has_a_panel_more_with_validation(history, tmp_path):
    def width(found):
        return struct.unpack(">I", found[16:20])[0]  # of a PNG's header

    draw_curves(history, tmp_path / "curves.png", "sasrec")
    with_it = (tmp_path / "curves.png").read_bytes()
    history.validations = []
    assert width(with_it) == pytest.approx(1.5 * width(curves_picture(history, "png")), abs=2)


def test_the_same_history_gives_the_same_picture(history):
    assert curves_picture(history) == curves_picture(history)
    assert b"<svg" in curves_picture(history)


def test_a_training_of_no_steps_can_be_drawn():
    assert b"<svg" in curves_picture(History())


def test_a_file_of_another_kind_is_refused(history, tmp_path):
    with pytest.raises(UsageError, match=r"'curves.gif' is neither"):
        draw_curves(history, tmp_path / "curves.gif")
