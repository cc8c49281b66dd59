"""The splits are those of an independent referee, event by event."""

from __future__ import annotations

import importlib.util
from collections import Counter

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


CASES = [
    ("amazon-beauty-2014", "leave-last-out"),
    ("amazon-beauty-2014", "cold-items:0.1"),
    ("amazon-video-games-2018", "leave-last-out"),
    ("amazon-video-games-2018", "cold-items:0.1"),
    ("ml-latest-small", "leave-last-out"),
    ("ml-latest-small", "cold-items:0.1"),
    ("ml-latest-small", "time:0.1"),
    ("ml-latest-small", "time:0.37"),
]


@pytest.mark.parametrize(("name", "protocol"), CASES)
def test_cuts_what_the_referee_cuts(name, protocol, referee, sources):
    events, items = sources(name)
    rows, order = referee.read_events(str(events))
    their_train, their_requests, their_truth, their_candidates = referee.cut(rows, order, protocol)

    train, test = data.read(events, items).split(protocol)

    e, users, ids = train.interactions.events, train.interactions.users, train.interactions.items
    ours = Counter(zip(users.names(e.row), ids.names(e.item), e.time.tolist(), strict=True))
    assert ours == Counter((r["user_id"], r["item_id"], r["_t"]) for r in their_train)

    history, truth = test.requests.history, test.truth
    assert set(test.request_ids) == {r["request_id"] for r in their_requests}
    assert dict(zip(test.request_ids, test.slices, strict=True)) == {
        r["request_id"]: r["slice"] for r in their_requests
    }
    place = {name: row for row, name in enumerate(test.request_ids)}
    for request in their_requests:
        row = place[request["request_id"]]
        assert ids.names(history.items_of(row)) == request["history"]
        assert ids.names(truth.items_of(row)) == their_truth[request["request_id"]]
    if their_candidates is None:
        assert test.candidates is None
    else:
        assert sorted(ids.names(test.candidates)) == their_candidates


def test_a_training_file_of_the_referee_reads_as_our_training_part(
    referee, sources, tmp_path, monkeypatch
):
    events, items = sources("amazon-beauty-2014")
    argv = ["--events", str(events), "--items", str(items), "--protocol", "leave-last-out"]
    monkeypatch.setattr("sys.argv", ["referee.py", "split", *argv, "--out", str(tmp_path)])
    referee.main()

    theirs = data.read(tmp_path / "train.csv.gz", tmp_path / "items.jsonl.gz")
    ours, _ = data.read(events, items).split("leave-last-out")

    assert theirs.interactions.digest == ours.interactions.digest
    assert theirs.digest == ours.digest
