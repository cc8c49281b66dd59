"""``fit(resume=FOLDER)``: what is kept, what goes on, and what is refused."""

import numpy as np
import pytest

import penchant
from penchant.core import UsageError
from penchant.testing.tiny import tiny_dataset

SMALL = {"dim": 8, "layers": 1, "heads": 1, "epochs": 3, "refit": False}


class Killed(BaseException):
    pass


@pytest.fixture
def data():
    return tiny_dataset()


def test_a_fit_that_was_killed_ends_with_the_weights_it_would_have_had(data, tmp_path, monkeypatch):
    whole = penchant.SASRec(**SMALL).fit(data)
    from penchant.models import sequence

    real, calls = sequence.validation_ndcg, []

    def dies(*given):
        calls.append(1)
        if len(calls) == 2:
            raise Killed
        return real(*given)

    monkeypatch.setattr(sequence, "validation_ndcg", dies)
    with pytest.raises(Killed):
        penchant.SASRec(**SMALL).fit(data, resume=tmp_path / "work")
    monkeypatch.setattr(sequence, "validation_ndcg", real)
    again = penchant.SASRec(**SMALL).fit(data, resume=tmp_path / "work")
    for name, part in whole.model.state().items():
        np.testing.assert_array_equal(part, again.model.state()[name], err_msg=name)
    assert list((tmp_path / "work").glob("*/curves.json"))


def test_a_folder_of_another_run_is_refused(data, tmp_path):
    penchant.SASRec(**SMALL).fit(data, resume=tmp_path / "work")
    for other, seed in ((penchant.SASRec(**SMALL, dropout=0.1), 0), (penchant.SASRec(**SMALL), 1)):
        with pytest.raises(UsageError, match="another"):
            other.fit(data, seed, resume=tmp_path / "work")


def test_trackers_need_a_folder(data):
    with pytest.raises(UsageError, match="name the folder"):
        penchant.SASRec(**SMALL).fit(data, trackers=("tensorboard",))
