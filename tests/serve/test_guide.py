"""What docs/guide/serving.md shows is run: its commands, its requests, its Python."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.cli import main
from penchant.serve import ServeConfig

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "serving.md"
ADDRESS = "http://127.0.0.1:8080"


def blocks(language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def lines(start: str) -> list[list[str]]:
    found = [line for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line) for line in found if line.startswith(start)]


@pytest.mark.slow
def test_the_page_does_what_it_says(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serving: Callable
):
    for name in ("events.csv", "items.jsonl"):
        shutil.copy(tiny / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for command in lines("penchant fit"):
        assert main(command[1:]) == 0
    (serve,) = lines("penchant serve")
    url = serving(*serve[2:]).url
    if shutil.which("curl"):
        answers = [ask(command, url) for command in lines("curl")]
        assert '"durability":"fsync"' in answers[1]
        assert answers[0] != answers[2]
        assert "because you liked" in answers[2]
    names: dict[str, object] = {}
    for number, code in enumerate(blocks("py"), 1):
        code = code.replace(ADDRESS, url)
        exec(compile(code, f"serving.md, block {number}", "exec"), names)  # noqa: S102


def ask(command: list[str], url: str) -> str:
    # --json came with curl 7.82
    plain = " ".join(command).replace(ADDRESS, url)
    body = plain.partition(" --json ")[2]
    address = command[1].replace(ADDRESS, url)
    told = ["curl", "-s", address, "-H", "content-type: application/json", "-d", body]
    return subprocess.run(told, capture_output=True, text=True, check=True).stdout


def test_the_settings_of_the_page_are_settings(tmp_path: Path):
    from penchant.cli.serve_settings import serve_config

    (tmp_path / "penchant.toml").write_text(blocks("toml")[0])
    config = serve_config(tmp_path / "penchant.toml")
    assert config.policy is not None
    # the values shown for [serve] are the usual ones
    assert config.asking == ServeConfig().asking
    assert config.live == ServeConfig().live
    assert (config.drain_seconds, config.item_seconds) == (5.0, 1.0)
