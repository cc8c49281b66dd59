"""The help, and the page that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from penchant.cli.app import COMMANDS, app, spoken
from penchant.cli.manual import manual

NAMES = [spoken(command) for command in COMMANDS]
PAGE = Path(__file__).parents[2] / "docs" / "guide" / "command-line.md"


def test_the_page_is_what_the_help_says():
    assert PAGE.read_text("utf-8") == manual(), "run: make docs"


def test_every_command_has_its_part():
    names = [command.name or spoken(command.callback) for command in app.registered_commands]
    assert sorted(names) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_teaches_by_example(call, name: str):
    said = call(name, "--help")
    assert said.status == 0
    assert "Example" in said.out
    assert f"penchant {name}" in said.out


@pytest.mark.parametrize("name", NAMES)
def test_the_help_fits_80_columns(call, name: str, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, call(name, "--help").out.splitlines())) <= 80


def test_the_summary_of_a_command_is_not_cut_off(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    listed = call("--help").out.partition("Commands:")[2]
    assert listed.count("\n") >= len(NAMES)
    assert "..." not in listed
