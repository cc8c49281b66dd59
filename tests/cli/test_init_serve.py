"""The sections for a service in the file that ``penchant init`` writes."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from penchant.cli.init import TEMPLATE
from penchant.cli.serve_settings import serve_config
from penchant.rank import PolicyConfig
from penchant.serve.config import ServeConfig

SECTIONS = TEMPLATE[TEMPLATE.index("# What is done to a list") :]


def uncommented(marks: str) -> str:
    """The sections with the lines of these marks taken in: ``#`` defaults, ``#!`` others."""
    lines = []
    for line in SECTIONS.splitlines():
        mark, _, rest = line.partition(" ")
        if mark in marks.split() and re.match(r"\[|\w+ = ", rest):
            lines.append(rest)
    return "\n".join(lines) + "\n"


def test_they_change_nothing_as_they_are(tmp_path: Path):
    path = tmp_path / "penchant.toml"
    path.write_text(TEMPLATE, "utf-8")
    assert serve_config(path) == ServeConfig()


def test_uncommented_they_are_the_defaults(tmp_path: Path):
    path = tmp_path / "penchant.toml"
    path.write_text(uncommented("#"), "utf-8")
    found = serve_config(path)
    assert found.policy == PolicyConfig()
    assert found == ServeConfig(policy=PolicyConfig())
    said = tomllib.loads(path.read_text("utf-8"))
    assert len(said["policy"]) >= 8
    assert set(said["serve"]["edge"]) >= {"allow_hosts", "rate", "bodies", "wire"}


def test_with_all_of_it_the_file_is_read_too(tmp_path: Path):
    path = tmp_path / "penchant.toml"
    # a table's own lines come before its sub-tables, as in the file
    path.write_text(uncommented("# #!"), "utf-8")
    found = serve_config(path)
    assert found.log_url is not None
    assert found.policy is not None
    assert found.policy.calibration is not None
    assert found.policy.diversity is not None


@pytest.mark.parametrize("line", uncommented("# #!").splitlines())
def test_each_line_says_what_it_is_for(line: str):
    if not line.startswith("["):
        assert "  # " in line


def test_a_line_that_is_no_default_any_more_would_be_seen():
    told = tomllib.loads(uncommented("#"))
    defaults: dict[str, Any] = asdict(ServeConfig())
    for name, value in told["serve"].items():
        if not isinstance(value, dict):
            assert defaults[name] == value
