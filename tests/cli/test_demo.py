"""The demo, on a smaller data set and with quicker models."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import typer

import penchant
from penchant.core import MissingDependency


@pytest.fixture
def small(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # by name: penchant.cli.demo the attribute may be the command of that name
    demo = importlib.import_module("penchant.cli.demo")
    data = importlib.import_module("penchant.data")

    def read_small() -> penchant.Dataset:
        return penchant.read(tiny / "events.csv", tiny / "items.jsonl")

    monkeypatch.setattr(data, "read_demo", read_small)
    monkeypatch.setattr(demo, "MODELS", {"popularity": {}, "ease": {}, "text-mean": {}})
    monkeypatch.setattr(demo, "HISTORY", ("i1", "i2"))
    monkeypatch.setattr(demo, "CLICKED", ("i7", "i9"))
    monkeypatch.setattr(demo, "a_list_that_changes", tell)


def tell(run: Path, data: Path, chosen: list[tuple[str, str]], k: int) -> None:
    """In the place of a real service, of which test_demo_service.py tells."""
    first, second = chosen
    typer.echo(f"serving {run.name} from {data} for {first[0]} and {second[0]}, {k} at a time")


@pytest.mark.usefixtures("small")
class TestDemo:
    def test_it_tells_the_whole_story(self, call, tmp_path: Path):
        said = call("demo", "--out", tmp_path / "demo")
        assert said.status == 0, said.err
        assert "for user u1" in said.out
        assert "for somebody new" in said.out
        assert "for a sentence" in said.out
        assert said.out.count("because you liked") >= 2
        assert max(map(len, said.out.partition("3. ")[2].partition("4. ")[0].splitlines())) <= 80
        assert re.search(r"serving text-mean-\w+ from \S+/demo/service for i7 and i9", said.out)
        assert f"penchant serve --data {tmp_path / 'demo' / 'service'}" in said.out
        page = (tmp_path / "demo" / "report.html").read_text("utf-8")
        assert all(name in page for name in ("popularity", "ease", "text-mean"))
        assert (tmp_path / "demo" / "comparison.svg").read_text("utf-8").startswith("<?xml")

    def test_a_second_time_finds_the_runs(self, call, tmp_path: Path):
        first = call("demo", "--out", tmp_path)
        again = call("demo", "--out", tmp_path)
        assert again.err.count("found in an earlier run") == 3
        assert figures(again.out) == figures(first.out)  # times and memory included

    def test_a_damaged_run_is_made_again(self, call, tmp_path: Path):
        first = call("demo", "--out", tmp_path)
        (weights,) = tmp_path.glob("runs/ease-*/model.safetensors")
        weights.write_bytes(b"\x00" * weights.stat().st_size)
        again = call("demo", "--out", tmp_path)
        assert again.status == 0
        assert "It is made again." in again.err
        assert quality(again.out) == quality(first.out)

    def test_without_the_packages_of_a_service_the_rest_is_told(
        self, call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def lack(*_: object) -> None:
            raise MissingDependency('pip install "penchant[serve]"')

        demo = importlib.import_module("penchant.cli.demo")
        monkeypatch.setattr(demo, "a_list_that_changes", lack)
        said = call("demo", "--out", tmp_path)
        assert said.status == 0
        assert 'left out: pip install "penchant[serve]"' in said.err
        assert "penchant serve" not in said.out

    def test_another_seed_is_another_run(self, call, tmp_path: Path):
        call("demo", "--out", tmp_path)
        assert "found in an earlier run" not in call("demo", "--out", tmp_path, "--seed", "1").err


def figures(page: str) -> list[str]:
    """The lines of the tables, without the speed, which is measured anew each time."""
    table = page.partition("2. ")[2].partition("3. ")[0]
    return [re.sub(r"\s+[\d,]+(\s+[\d,]+)$", r" \1", line) for line in table.splitlines()]


def quality(page: str) -> str:
    return page.partition("p (Holm)")[2].partition("trials")[0]
