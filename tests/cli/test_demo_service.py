"""The end of the demo: a real service, a list before and after."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import pytest

from penchant.cli.demo_service import a_list_that_changes, served
from penchant.core import ServiceError
from penchant.serve import Client

pytestmark = pytest.mark.slow
CLICKED = [("i7", "the seventh"), ("i9", "the ninth")]


def story(capfd: pytest.CaptureFixture[str], run: Path, data: Path) -> tuple[str, str]:
    """What is said without its times, and the lists alone."""
    capfd.readouterr()
    a_list_that_changes(run, data, CLICKED, 4)
    said = capfd.readouterr().out
    return re.sub(r"\s*\d+(\.\d)? m?s\b", "", said), said.partition("after 2 clicks")[2]


def test_two_clicks_change_the_list_each_time_anew(run: Path, tmp_path: Path, capfd):
    first, lists = story(capfd, run, tmp_path / "service")
    assert first.count("acknowledged on the disk") == 2
    rows = [re.split(r"\s{2,}", line) for line in lists.splitlines() if line[:1].isdigit()]
    assert len(rows) == 4
    assert [before for _, before, _ in rows] != [after for _, _, after in rows]
    assert "popular with everybody" in lists
    assert "because you liked" in lists
    assert max(map(len, lists.splitlines())) <= 80
    again, _ = story(capfd, run, tmp_path / "service")  # nothing is known of them once more
    assert again == first


def test_the_run_of_the_demo_answers_whatever_answered_before(run: Path, tmp_path: Path, capfd):
    from penchant.data import Dataset
    from penchant.engine import Engine, ItemKNN, load

    first, _ = story(capfd, run, tmp_path / "service")
    fitted = load(run)
    data = Dataset(fitted.interactions, fitted.catalogue, name="tiny")
    other = tmp_path / "other"
    Engine.of(ItemKNN(neighbours=2).fit(data)).save(other)
    story(capfd, other, tmp_path / "service")
    again, _ = story(capfd, run, tmp_path / "service")
    assert again == first


def test_it_is_stopped_whatever_happens(run: Path, tmp_path: Path):
    with pytest.raises(httpx.UnsupportedProtocol), served(run, tmp_path / "service") as url:
        httpx.get("nonsense")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/readyz")
    with served(run, tmp_path / "service") as url, Client(url) as client:  # and starts again
        assert len(client.recommend(user="ann", k=3)) == 3


def test_a_service_that_does_not_start_says_why(run: Path, tmp_path: Path):
    damaged = shutil.copytree(run, tmp_path / "run")
    (damaged / "manifest.json").unlink()
    with (
        pytest.raises(ServiceError, match=r"holds no manifest\.json.*in its way, remove it"),
        served(damaged, tmp_path / "service"),
    ):
        pass
