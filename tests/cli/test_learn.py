"""``penchant learn``: what is wrong is said before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from penchant.cli import main
from penchant.cli.serve_settings import learn_config, serve_config
from penchant.core import UsageError


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "penchant.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learn = 3", "'learn' is a table"),
        ("[learn]\nevry = 3", "did you mean 'every'"),
        ("[learn]\nheld = 2.0", "held must lie between 0 and 1"),
        ("[trust]\nrepeats = 0", "repeats must be at least 1"),
    ],
)
def test_a_file_that_is_wrong_is_told(tmp_path: Path, text: str, message: str):
    with pytest.raises(UsageError, match=r"penchant\.toml") as told:
        learn_config(written(tmp_path, text))
    assert message in str(told.value)


def test_a_number_where_a_table_belongs_is_told_for_a_service_too(tmp_path: Path):
    with pytest.raises(UsageError, match="'serve' is a table"):
        serve_config(written(tmp_path, "serve = 3"))


def test_the_table_trust_counts_and_made_up_profiles_are_looked_for_by_choice(tmp_path: Path):
    assert not learn_config(None).trust.injected
    found = learn_config(written(tmp_path, "[trust]\nthin = 0")).trust
    assert (found.thin, found.injected) == (0, False)
    assert learn_config(written(tmp_path, "[trust]\ninjected = true")).trust.injected


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["learn", "--data", "nowhere"], "no models there"),
        (["learn", "--data", "x", "--update", "--retune"], "name one of them"),
        (["learn", "--data", "x", "--out", "run"], "only with --trial"),
        (["learn", "--data", "x", "--every", "soon"], "--every soon: write a number"),
    ],
)
def test_wrong_calls_are_refused_in_one_line(argv, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    assert message in capsys.readouterr().err
