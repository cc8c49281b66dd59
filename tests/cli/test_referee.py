"""An independent program cuts the same splits and finds the same figures, through the command line."""

from __future__ import annotations

import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "shared" / "referee" / "referee.py"


@pytest.fixture(scope="module")
def referee() -> ModuleType:
    if not SCRIPT.is_file():
        pytest.skip("no shared/referee/referee.py beside the checkout")
    spec = importlib.util.spec_from_file_location("referee", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged_by_both(
    call, referee: ModuleType, files: tuple[Path, Path], protocol: str, model: str, out: Path
) -> tuple[dict[str, float], dict[str, float], int]:
    """The same lists, judged by the referee and by ``penchant evaluate``; and how many requests."""
    split = out / "split"
    data = ["--events", str(files[0]), "--items", str(files[1])]
    argv = [
        sys.executable,
        str(SCRIPT),
        "split",
        *data,
        "--protocol",
        protocol,
        "--out",
        str(split),
    ]
    subprocess.run(argv, check=True, capture_output=True)
    train = ["--events", split / "train.csv.gz", "--items", split / "items.jsonl.gz"]
    said = call("fit", *train, "--model", model, "--out", out / "run")
    assert said.status == 0, said.err
    only = split / "candidates.json"
    allowed = set(json.loads(only.read_text("utf-8"))) if only.exists() else None
    ask = ["--requests", split / "requests.jsonl.gz", "--out", out / "ranked.jsonl"]
    ask += ["--candidates", only] if allowed is not None else []
    said = call("predict", "--run", out / "run", *ask)
    assert said.status == 0, said.err
    with referee.opened(split / "truth.json.gz") as file:
        truth = json.load(file)
    with referee.opened(split / "requests.jsonl.gz") as file:
        histories = {row["request_id"]: set(row["history"]) for row in map(json.loads, file)}
    scores, _, missing = referee.per_request(
        str(out / "ranked.jsonl"), truth, histories, allowed, 10
    )
    assert missing == 0
    values = np.array(list(scores.values()))
    theirs = {"HR@10": float(values[:, 0].mean()), "NDCG@10": float(values[:, 1].mean())}
    said = call("evaluate", "--run", out / "run", *data, "--split", protocol, "--json")
    assert said.status == 0, said.err
    found = json.loads(said.out)
    ours = {name: found["metrics"][name]["mean"] for name in theirs}
    assert found["requests"] == len(truth)
    return theirs, ours, len(truth)


@pytest.mark.parametrize("protocol", ["leave-last-out", "time:0.1", "cold-items:0.2"])
@pytest.mark.parametrize("model", ["item-knn", "text-mean"])
def test_the_figures_are_the_referees(
    protocol: str, model: str, call, referee: ModuleType, tiny: Path, tmp_path: Path
):
    events, items = tiny / "events.csv", tiny / "items.jsonl"
    theirs, ours, requests = judged_by_both(
        call, referee, (events, items), protocol, model, tmp_path
    )
    assert requests > 5
    assert theirs == pytest.approx(ours, abs=1e-9)
    assert protocol != "leave-last-out" or ours["HR@10"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["leave-last-out", "time:0.1", "cold-items:0.1"])
def test_the_figures_are_the_referees_on_a_real_data_set(
    protocol: str, call, referee: ModuleType, shared, tmp_path: Path
):
    folder = shared("ml-latest-small")
    events, items = tmp_path / "events.csv", tmp_path / "items.jsonl"
    ratings = (
        (folder / "ratings.csv").read_text("utf-8").replace("userId,movieId", "user_id,item_id", 1)
    )
    events.write_text(ratings, "utf-8")
    with (folder / "movies.csv").open(encoding="utf-8", newline="") as file:
        films = [{"item_id": row["movieId"], "title": row["title"]} for row in csv.DictReader(file)]
    items.write_text("".join(json.dumps(film) + "\n" for film in films), "utf-8")
    theirs, ours, requests = judged_by_both(
        call, referee, (events, items), protocol, "item-knn", tmp_path
    )
    assert requests > 50
    assert theirs == pytest.approx(ours, abs=1e-9)
