"""Clicks and ratings on the command line: fit, evaluate, predict."""

from __future__ import annotations

import csv
import gzip
import json

import numpy as np
import pytest

import penchant

SMALL = ["dim=2", "text=2", "together=2", "sweeps=4", "samples=2"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Impressions of 40 users on 20 films, their column of labels under another name."""
    folder = tmp_path_factory.mktemp("clicks")
    rng = np.random.default_rng(0)
    titles = [f"film {n} of {('sea', 'war')[n % 2]}" for n in range(20)]
    lines = [json.dumps({"item_id": f"i{n}", "title": title}) for n, title in enumerate(titles)]
    (folder / "items.jsonl").write_text("\n".join(lines))
    for name, start in (("train", 0), ("test", 10)):
        rows = ["user_id,item_id,timestamp,label"]
        for user in range(40):
            for place, item in enumerate(rng.permutation(20)[:10]):
                like = int(rng.random() < (0.8 if item % 2 else 0.3))
                rows.append(
                    f"u{user + start},i{item},{1_000_000_000 + 100 * (start + place)},{like}"
                )
        (folder / f"{name}.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def run(files):
    """A ClickModel fitted on the training file by the command line."""
    from penchant.cli import main

    settings = [part for value in [*SMALL, "cut_sweeps=3"] for part in ("--set", value)]
    out = files / "run"
    argv = ["fit", "--events", files / "train.csv", "--items", files / "items.jsonl", "--out", out]
    argv += ["--column", "label=value", "--model", "click-model", *settings]
    assert main([str(part) for part in argv]) == 0
    return out


def data(files, name="test"):
    return [
        "--events",
        files / f"{name}.csv",
        "--items",
        files / "items.jsonl",
        "--column",
        "label=value",
    ]


def test_evaluate_prints_the_figures_that_python_gives(call, files, run):
    said = call("evaluate", "--run", run, *data(files), "--task", "click", "--json")
    assert said.status == 0, said.err
    found = json.loads(said.out)
    test = penchant.read(files / "test.csv", files / "items.jsonl", columns={"label": "value"})
    from penchant.lab import evaluate_events

    assert found == json.loads(json.dumps(evaluate_events(penchant.load(run), test).to_json()))
    assert set(found["metrics"]) == {"AUC", "grouped AUC", "log-loss"}
    low, high = found["metrics"]["AUC"]["ci95"]
    assert low < found["metrics"]["AUC"]["mean"] < high
    assert {"warm", "cold"} <= set(found["slices"])


def test_the_split_of_a_config_file_is_not_for_clicks(call, files, run):
    config = files / "penchant.toml"
    config.write_text('[fit]\nsplit = "leave-last-out"\nseed = 1\n')
    argv = ["evaluate", "--run", run, *data(files), "--task", "click", "--json"]
    said = call(*argv, "--config", config)
    assert said.status == 0, said.err
    assert json.loads(said.out) == json.loads(call(*argv, "--seed", 1).out)


def test_causal_is_another_state(call, files, run):
    said = call("evaluate", "--run", run, *data(files), "--task", "click", "--causal")
    assert said.status == 0, said.err
    assert "kept up to date, looking back only" in said.out


def test_ratings_are_judged_by_the_error(call, files, run, tmp_path):
    asked = ["--task", "rating", "--json"]
    said = call("evaluate", "--run", run, *data(files), *asked)
    assert said.status == 2
    assert "click-model foretells how likely a like is, and no rating" in said.err
    rated = [
        "--events",
        files / "train.csv",
        "--items",
        files / "items.jsonl",
        "--column",
        "label=value",
    ]
    few = ["--set", "dim=2", "--set", "sweeps=6", "--set", "samples=3"]
    assert call("fit", *rated, "--model", "rating-model", *few, "--out", tmp_path / "r").status == 0
    said = call("evaluate", "--run", tmp_path / "r", *data(files), *asked)
    assert set(json.loads(said.out)["metrics"]) == {"RMSE", "MAE"}


def test_predict_writes_a_probability_for_every_event(call, files, run, tmp_path):
    out = tmp_path / "scored.csv.gz"
    said = call("predict", "--run", run, *data(files), "--out", out, "--json")
    assert json.loads(said.out) == {"scored": str(out), "events": 400, "causal": False}
    with gzip.open(out, "rt") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["user_id", "item_id", "timestamp", "prediction"]
    test = penchant.read(files / "test.csv", files / "items.jsonl", columns={"label": "value"})
    expected = penchant.load(run).predict(test)
    assert np.allclose([float(row["prediction"]) for row in rows], expected, atol=1e-6)
    with (files / "test.csv").open() as file:
        asked = sorted((row["user_id"], row["item_id"]) for row in csv.DictReader(file))
    assert sorted((row["user_id"], row["item_id"]) for row in rows) == asked


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["evaluate", "--task", "clicks"], 2, "--task clicks: write rank, click, rating"),
        (["evaluate"], 2, "--split: missing"),
        (["evaluate", "--causal", "--split", "leave-last-out"], 2, "--causal is for"),
        (["evaluate", "--task", "click", "--split", "time:0.1"], 2, "judges every event"),
        (["evaluate", "--task", "click", "--seen"], 1, "was trained on 400"),
        (["predict", "--out", "x.csv"], 2, "--requests: missing"),
        (
            ["predict", "--out", "x.csv", "--requests", "r", "--causal"],
            2,
            "--causal goes with --ev",
        ),
        (
            ["predict", "--out", "x.csv", "--with", "--drop-unknown"],
            2,
            "--drop-unknown goes with --r",
        ),
        (["predict", "--out", "x.csv", "--no-items"], 2, "--items: missing"),
        (["predict", "--out", "x.csv", "--requests", "r.jsonl", "--with"], 2, "give one of them"),
    ],
)
def test_options_that_do_not_go_together(call, files, run, argv, status, message):
    more = data(files) if argv[0] == "evaluate" else []
    if "--seen" in argv:
        more = data(files, "train")
    if "--no-items" in argv:
        more = ["--events", files / "test.csv"]
    if "--with" in argv:
        more = data(files)
    argv = [part for part in argv if part not in ("--seen", "--no-items", "--with")]
    said = call(*argv, "--run", run, *more)
    assert said.status == status
    assert message in said.err
