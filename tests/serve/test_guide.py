"""What docs/guide/serving.md shows is run, from top to bottom: commands, requests, Python; and its answers hold."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from penchant.serve import ServeConfig

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "serving.md"
ADDRESS = "http://127.0.0.1:8080"


def blocks(*languages: str) -> list[tuple[str, str]]:
    """Language and content of the code blocks, in order."""
    pattern = rf"^```({'|'.join(languages)})\n(.*?)^```"
    return re.findall(pattern, PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


class Reader:
    """Somebody who types what the page shows.

    Args:
        serving: starts a service.
    """

    def __init__(self, serving: Callable[..., Any]) -> None:
        self.serving = serving
        self.url, self.key, self.answer = "", "", ""
        self.names: dict[str, object] = {}

    def commands(self, block: str) -> None:
        for line in block.splitlines():
            if line.startswith("penchant serve"):
                self.url = self.serving(*shlex.split(line)[2:]).url
            elif found := re.fullmatch(r"KEY=\$\((penchant .*)\)", line):
                self.key = run(*shlex.split(found[1])).strip()
                while httpx.get(f"{self.url}/v1/items").is_success:
                    time.sleep(0.05)  # "within a second"
            elif line.startswith("penchant"):
                run(*shlex.split(line))
            elif line.startswith("curl"):
                self.answer = self.curl(line)
            else:
                raise AssertionError(f"nobody knows how to type {line!r}")

    def json(self, block: str) -> None:
        wanted, found = json.loads(block), json.loads(self.answer)
        assert agrees(wanted, found), f"{wanted}\n\nbut was\n\n{found}"

    def py(self, block: str) -> None:
        code = block.replace(ADDRESS, self.url)
        exec(compile(code, "serving.md", "exec"), self.names)  # noqa: S102

    def curl(self, line: str) -> str:
        words = shlex.split(line.replace("$KEY", self.key).replace(ADDRESS, self.url))
        if "--json" in words:  # which came with curl 7.82
            at = words.index("--json")
            words[at : at + 1] = ["-H", "content-type: application/json", "-d"]
        done = subprocess.run([*words, "-s"], capture_output=True, text=True, check=True)
        return done.stdout


def run(*words: str) -> str:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def agrees(wanted: Any, found: Any) -> bool:
    """Whether a value is what the page shows, where ``...`` stands for anything."""
    if isinstance(wanted, str) and "..." in wanted:
        parts = map(re.escape, wanted.split("..."))
        return wanted == "..." or re.fullmatch(".*".join(parts), str(found)) is not None
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(agrees(wanted[n], found[n]) for n in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(agrees, wanted, found))
    return bool(wanted == found)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page is typed with curl")
def test_the_page_does_what_it_says(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serving: Callable
):
    for name in ("events.csv", "items.jsonl"):
        shutil.copy(tiny / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    reader = Reader(serving)
    asked = 0
    for language, content in blocks("bash", "json", "py"):
        {"bash": reader.commands, "json": reader.json, "py": reader.py}[language](content)
        asked += language == "json"
    assert asked >= 10


def test_the_first_lines_of_the_page_are_those_of_the_service(
    run: Path, tmp_path: Path, serving: Callable
):
    shown = re.search(r"^```\n(model .*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)[
        1
    ]
    said = "".join(serving("--run", run, "--data", tmp_path / "service").said)
    for text, port in ((shown, "8080"), (said, r"\d+")):
        assert re.fullmatch(
            rf"model    [\w-]+\nkeys     none .*\nconsole  http://127.0.0.1:{port}/console\n"
            rf"try      curl http://127.0.0.1:{port}/v1/recommend .*\n"
            rf"serving  http://127.0.0.1:{port}   Ctrl-C stops it\n",
            text,
        )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="it says a line for curl")
def test_the_line_that_a_service_says_to_try_works(run: Path, tmp_path: Path, serving: Callable):
    said = "".join(serving("--run", run, "--data", tmp_path / "service").said)
    (line,) = re.findall(r"^try\s+(curl .*)$", said, re.MULTILINE)
    done = subprocess.run([*shlex.split(line), "-s"], capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout)["items"]) == 10


def test_the_settings_of_the_page_are_settings(tmp_path: Path):
    from penchant.cli.serve_settings import serve_config

    ((_, content),) = blocks("toml")
    (tmp_path / "penchant.toml").write_text(content)
    config = serve_config(tmp_path / "penchant.toml")
    assert config.policy is not None
    # the values shown for [serve] are the usual ones
    assert config.asking == ServeConfig().asking
    assert config.live == ServeConfig().live
    assert (config.drain_seconds, config.item_seconds) == (5.0, 1.0)
