"""``penchant simulate``, and fitting without suspects."""

from __future__ import annotations

import json

FEW = ["--people", "20", "--rounds", "2", "--set", "k=3", "--set", "dim=4", "--set", "history=2"]


def test_it_shows_the_rounds_and_says_what_it_is(call, data, tmp_path):
    picture = tmp_path / "loop.png"
    said = call("simulate", *data, *FEW, "--policies", "random,oracle", "--picture", picture)
    assert said.status == 0, said.err
    assert said.out.startswith("SIMULATION")
    assert "oracle" in said.out
    assert picture.stat().st_size > 1000


def test_the_document_says_so_too(call, data):
    said = call("simulate", *data, *FEW, "--policies", "popularity", "--json")
    told = json.loads(said.out)
    assert told["simulation"] is True
    assert told["config"]["users"] == 20
    assert len(told["rounds"]["popularity"]["gini"]) == 2


def test_a_run_is_a_policy(call, data, run):
    said = call("simulate", *data, *FEW, "--policies", f"{run},random", "--retrain", "0")
    assert said.status == 0, said.err


def test_the_settings_are_listed(call):
    said = call("simulate", "--settings")
    assert "boredom = 0.5" in said.out


def test_a_wrong_setting_says_which(call, data):
    said = call("simulate", *data, "--set", "bordom=1")
    assert said.status == 2
    assert "boredom" in said.err
    said = call("simulate", *data, *FEW, "--set", "rounds=3")
    assert said.status == 2
    assert "rounds" in said.err


def test_a_fit_can_leave_suspects_out(call, data, tmp_path):
    said = call(
        "fit", *data, "--model", "popularity", "--out", tmp_path / "run", "--without-suspects"
    )
    assert said.status == 0, said.err
    assert "trust: " in said.err


def test_the_table_trust_is_checked(call, data, tmp_path):
    config = tmp_path / "penchant.toml"
    config.write_text("[trust]\nalfa = 0.1\n")
    argv = ["fit", *data, "--config", config, "--model", "popularity", "--out", tmp_path / "run"]
    said = call(*argv, "--without-suspects")
    assert said.status == 2
    assert "alpha" in said.err
