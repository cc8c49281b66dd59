"""Rules of the house, checked."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

import penchant

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "penchant"
FILES = sorted(SRC.rglob("*.py"))
ROOMS = sorted(path.parent.name for path in SRC.glob("*/__init__.py"))
MAX_LINES = 300
LONG_ON_PURPOSE: dict[str, int] = {}
HEAVY = ("torch", "transformers", "polars", "scipy", "implicit", "optuna", "matplotlib", "typer")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_holds_one_idea(path: Path):
    limit = LONG_ON_PURPOSE.get(path.relative_to(SRC).as_posix(), MAX_LINES)
    assert len(path.read_text("utf-8").splitlines()) <= limit


def doctests() -> list[str]:
    return [
        ".".join(path.relative_to(SRC.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in FILES
        if ">>> " in path.read_text("utf-8")
    ]


@pytest.mark.parametrize("module", doctests())
def test_examples_with_prompts_give_what_they_say(module: str):
    import doctest

    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def test_importing_penchant_is_light():
    code = f"import sys, penchant; print(*(m for m in {HEAVY} if m in sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


@pytest.mark.parametrize("room", ["core", "metrics", "store"])
def test_the_lowest_floors_import_without_tables_or_tensors(room: str):
    code = f"import sys, penchant.{room}; print(*(m for m in {HEAVY} if m in sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_its_public_names_sorted(room: str):
    names = importlib.import_module(f"penchant.{room}").__all__
    assert len(set(names)) == len(names)
    assert list(names) == sorted(
        names, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_offers_is_documented(room: str):
    module = importlib.import_module(f"penchant.{room}")
    assert module.__doc__
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert (thing.__doc__ or "").strip(), (
                f"penchant.{room}.{name} says nothing about itself"
            )


def test_the_public_names_are_these():
    missing = [name for name in penchant.__all__ if not hasattr(penchant, name)]
    assert missing == []
    assert set(dir(penchant)) >= set(penchant.__all__)


def test_rooms_are_entered_by_their_door():
    """``from penchant.data import x``, never ``from penchant.data.csvs import x`` from outside.

    A folder inside a room, such as ``language.tuning``, is a door of its own.
    """
    wrong = []
    for path in FILES:
        own = path.relative_to(SRC).parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                parts = node.module.split(".")
                inside = len(parts) > 2 and not SRC.joinpath(*parts[1:], "__init__.py").is_file()
                if parts[0] == "penchant" and inside and parts[1] != own:
                    wrong.append(f"{name_of(path)}:{node.lineno} imports {node.module}")
    assert wrong == []


def test_every_dependency_gives_its_reason():
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    listed = [line for line in lines if re.match(r'\s+"[A-Za-z][\w.-]*[<>=]', line)]
    assert listed
    assert [line for line in listed if "#" not in line] == []


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in wanted}
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    assert names - pinned == {"penchant"}, "itself alone, for an extra that holds other extras"


def test_the_changelog_knows_this_version():
    assert f"## [{penchant.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_changelog_and_the_readmes_speak_of_the_same_models():
    from penchant.models import ALL

    for page in ("README.md", "README.zh-CN.md", "docs/guide/models.md"):
        text = (ROOT / page).read_text("utf-8")
        assert [model.name for model in ALL if f"`{model.name}`" not in text] == [], page


def test_links_in_the_pages_lead_somewhere():
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
            elsewhere = target.startswith(("http:", "https:", "mailto:"))
            if not elsewhere and not (page.parent / target).exists():
                broken.append(f"{name_of(page)} -> {target}")
    assert broken == []


def test_nothing_names_a_machine():
    pattern = re.compile(r"/(work|root|home|tmp)/\w")
    pages = [*FILES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile"]
    named = [name_of(p) for p in pages if pattern.search(p.read_text("utf-8"))]
    assert named == []


def test_make_offers_what_the_contributing_page_says():
    make = (ROOT / "Makefile").read_text("utf-8")
    for target in ("setup", "demo", "test", "check", "bench", "docs"):
        assert re.search(rf"^{target}:", make, re.MULTILINE), target
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
