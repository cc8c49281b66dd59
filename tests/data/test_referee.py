"""The splits are those of an independent referee, event by event."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import polars as pl
import pytest

from penchant import data


@pytest.fixture
def referee(shared):
    path = shared("ml-latest-small").parents[1] / "referee" / "referee.py"
    if not path.is_file():
        pytest.skip(f"no referee at {path}")
    spec = importlib.util.spec_from_file_location("referee", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(shared, tmp_path):
    """Events and items of a data set, as files in our layout."""

    def files(name):
        folder = shared(name)
        if name != "ml-latest-small":
            return folder / "events.csv.gz", folder / "items.jsonl.gz"
        ours = {"userId": "user_id", "movieId": "item_id", "rating": "value"}
        ratings = pl.read_csv(folder / "ratings.csv", infer_schema=False).rename(ours)
        ratings.write_csv(tmp_path / "events.csv")
        films = pl.read_csv(folder / "movies.csv", infer_schema=False)
        films.rename({"movieId": "item_id"}).write_ndjson(tmp_path / "items.jsonl")
        return tmp_path / "events.csv", tmp_path / "items.jsonl"

    return files


ALWAYS = ("leave-last-out", "cold-items:0.1")
CASES = {
    "amazon-beauty-2014": ALWAYS,
    "amazon-video-games-2018": ALWAYS,
    "ml-latest-small": (*ALWAYS, "time:0.1", "time:0.37"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_cuts_what_the_referee_cuts(name, referee, sources):
    events, items = sources(name)
    rows, order = referee.read_events(str(events))
    dataset = data.read(events, items)
    for protocol in CASES[name]:
        train, test = dataset.split(protocol)
        agree(train.interactions, test, referee.cut(rows, order, protocol))


def agree(train, test, theirs):
    """Training events, questions, histories, answers and candidates are the same."""
    their_train, their_requests, their_truth, their_candidates = theirs
    ids, history, truth = train.items.ids, test.requests.history, test.truth
    events = zip(
        train.users.names(train.events.row), train.events.item, train.events.time, strict=True
    )
    learned = [(user, ids[item], time) for user, item, time in events]
    assert len(learned) == len(their_train)
    assert set(learned) == {(r["user_id"], r["item_id"], r["_t"]) for r in their_train}
    asked = {
        request: (
            where,
            train.items.names(history.items_of(row)),
            train.items.names(truth.items_of(row)),
        )
        for row, (request, where) in enumerate(zip(test.request_ids, test.slices, strict=True))
    }
    assert asked == {
        r["request_id"]: (r["slice"], r["history"], their_truth[r["request_id"]])
        for r in their_requests
    }
    if their_candidates is None:
        assert test.candidates is None
    else:
        assert sorted(train.items.names(test.candidates)) == their_candidates


def test_a_training_file_of_the_referee_reads_as_our_training_part(referee, sources, tmp_path):
    events, items = sources("ml-latest-small")
    argv = ["--events", events, "--items", items, "--protocol", "leave-last-out", "--out", tmp_path]
    command = [sys.executable, referee.__file__, "split", *map(str, argv)]
    subprocess.run(command, check=True, capture_output=True)

    theirs = data.read(tmp_path / "train.csv.gz", tmp_path / "items.jsonl.gz")
    ours, _ = data.read(events, items).split("leave-last-out")

    assert theirs.interactions.digest == ours.interactions.digest
    assert theirs.digest == ours.digest
