"""The examples of the READMEs and of the guide run as they stand there, on a small data set."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from penchant.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def with_code(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


@pytest.fixture
def here(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the events.csv and items.jsonl that the pages speak of."""
    for name in ("events.csv", "items.jsonl"):
        shutil.copy(tiny / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", with_code("python"), ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, here: Path):
    names: dict[str, object] = {}
    for number, code in enumerate(blocks(page, "python"), 1):
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)  # noqa: S102


def commands(page: Path) -> list[list[str]]:
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("penchant ")]


@pytest.mark.slow
def test_the_commands_of_the_readme_run(here: Path, capsys: pytest.CaptureFixture[str]):
    ran = commands(ROOT / "README.md")
    assert len(ran) >= 5
    for argv in ran:
        assert main(argv) == 0, capsys.readouterr().err


def test_both_readmes_show_the_same_code():
    def code(page: str) -> list[str]:
        both = blocks(ROOT / page, "python") + blocks(ROOT / page, "bash")
        return [re.sub(r"\s+# .*", "", line) for block in both for line in block.splitlines()]

    assert code("README.md") == code("README.zh-CN.md")


def test_both_readmes_have_the_same_table():
    def marks(page: str) -> list[list[str]]:
        rows = re.findall(r"^\|.*\|$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
        return [re.findall("[●◐○]", row) for row in rows]

    assert marks("README.md") == marks("README.zh-CN.md")
