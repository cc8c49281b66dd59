"""Items that are put become recommendable in the background, whatever else goes wrong."""

from __future__ import annotations

import threading

import pytest

from penchant.core import Overloaded, UsageError
from penchant.live import CatalogueConfig, ItemState, LiveCatalogue
from penchant.testing import FakeEncoder


class Reader:
    """Stands in for a language model: upper-cases titles, and refuses those with "bad" in them."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, rows) -> list[str]:
        self.calls.append([row["item_id"] for row in rows])
        if any("bad" in str(row.get("title")) for row in rows):
            raise ValueError("no such word")
        return [str(row.get("title")).upper() for row in rows]


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def catalogue(log, live, reader):
    catalogue = LiveCatalogue(log.item, reader, CatalogueConfig(batch=4, queue=6, waiting=2))
    live.follower.watch(catalogue.follow)
    return catalogue


@pytest.fixture
def put(log, live):
    def put(**titles: str) -> None:
        log.put_items([{"item_id": item, "title": title} for item, title in titles.items()])
        live.catch_up()

    return put


def made(catalogue) -> dict[str, str]:
    """Everything handed over, by item; what comes later counts."""
    return {
        str(row["item_id"]): text
        for prepared in catalogue.ready()
        for row, text in zip(prepared.rows, prepared.result, strict=True)
    }


def test_an_item_waits_is_read_and_is_handed_over_once(catalogue, put):
    put(i1="rain")
    assert catalogue.state("i1") == ItemState("pending")
    assert catalogue.ready() == ()
    assert catalogue.work() == 1
    assert catalogue.state("i1") == ItemState("ready")
    assert made(catalogue) == {"i1": "RAIN"}
    assert catalogue.ready() == ()
    assert catalogue.state("i1") == ItemState("ready")
    assert catalogue.state("i9") is None


def test_many_items_are_read_in_batches_in_the_order_in_which_they_came(catalogue, put, reader):
    put(**{f"i{n}": "t" for n in range(6)})
    assert [catalogue.work(), catalogue.work(), catalogue.work()] == [4, 2, 0]
    assert reader.calls == [["i0", "i1", "i2", "i3"], ["i4", "i5"]]
    assert catalogue.counts() == {"pending": 0, "ready": 6, "failed": 0}


def test_a_changed_text_is_read_again_and_only_the_last_one(catalogue, put, reader):
    put(i1="one")
    put(i1="two")
    catalogue.work()
    assert made(catalogue) == {"i1": "TWO"}
    assert len(reader.calls) == 1
    put(i1="three")
    assert catalogue.state("i1") == ItemState("pending")
    catalogue.work()
    assert made(catalogue) == {"i1": "THREE"}


def test_an_item_put_while_it_is_read_is_read_once_more(put, log, live):
    def meanwhile(rows):
        if rows[0]["title"] == "one":
            put(i1="two")
        return [row["title"] for row in rows]

    catalogue = LiveCatalogue(log.item, meanwhile)
    live.follower.watch(catalogue.follow)
    put(i1="one")
    catalogue.work()
    assert catalogue.state("i1") == ItemState("pending")
    catalogue.work()
    assert made(catalogue) == {"i1": "two"}


def test_one_bad_item_fails_alone_and_with_a_reason(catalogue, put, reader):
    put(i1="one", i2="bad", i3="three", i4="four")
    catalogue.work()
    assert made(catalogue) == {"i1": "ONE", "i3": "THREE", "i4": "FOUR"}
    assert catalogue.state("i2") == ItemState("failed", "ValueError: no such word")
    assert catalogue.failures() == {"i2": "ValueError: no such word"}
    assert catalogue.counts() == {"pending": 0, "ready": 3, "failed": 1}
    calls = len(reader.calls)
    assert catalogue.work() == 0
    assert len(reader.calls) == calls, "a failed item is not tried for ever"


def test_a_failed_item_is_tried_again_when_it_is_put_again_or_told_to(catalogue, put):
    put(i1="bad", i2="bad")
    catalogue.work()
    put(i1="good")
    assert catalogue.state("i1") == ItemState("pending")
    catalogue.work()
    assert catalogue.state("i1") == ItemState("ready")
    assert catalogue.retry() == 1
    assert catalogue.state("i2") == ItemState("pending")


def test_an_item_whose_fields_cannot_be_had_fails_and_the_others_do_not(reader, put, log):
    def fields(item_id: str):
        if item_id == "i1":
            raise OSError("gone")
        return {"title": "t"}

    catalogue = LiveCatalogue(fields, reader)
    catalogue.put({"i1": 1, "i2": 2})
    catalogue.work()
    assert catalogue.state("i1") == ItemState("failed", "OSError: gone")
    assert made(catalogue) == {"i2": "T"}


def test_more_items_than_may_wait_are_refused_before_the_log_takes_them(catalogue, put):
    catalogue.admit(100), "an empty queue takes a batch of any size"
    put(**{f"i{n}": "t" for n in range(5)})
    catalogue.admit(1)
    with pytest.raises(Overloaded, match="5 items wait") as refused:
        catalogue.admit(2)
    assert refused.value.retry_after > 0
    put(i8="t", i9="t")  # by another process: in the log already, so taken
    assert catalogue.counts()["pending"] == 7
    catalogue.work()
    catalogue.admit(3)


def test_what_was_withdrawn_is_away_until_something_prepared_says_so(catalogue, log, live):
    assert catalogue.away == ()
    log.put_items([{"item_id": "i1", "title": "one"}, {"item_id": "i2", "available": False}])
    live.catch_up()
    assert catalogue.away == ("i2",)
    assert catalogue.away is catalogue.away, "asked before every list"
    catalogue.work()
    assert catalogue.away == ()
    log.put_items([{"item_id": "i2", "available": False, "title": "bad"}])
    live.catch_up()
    catalogue.work()
    assert catalogue.state("i2") == ItemState("failed", "ValueError: no such word")
    assert catalogue.away == ("i2",), "the model was not told"
    log.put_items([{"item_id": "i2", "title": "two"}])
    live.catch_up()
    assert catalogue.away == ()


def test_what_was_withdrawn_before_a_start_is_away_too(log, live, reader):
    log.put_items([{"item_id": "i1", "available": False}, {"item_id": "i2"}])
    live.catch_up()
    catalogue = LiveCatalogue(log.item, reader)
    catalogue.put(live.items(), live.withdrawn())
    assert catalogue.away == ("i1",)


class Uncounted(dict):
    """A dictionary that nobody may go through."""

    def __iter__(self):
        raise AssertionError("it may be a million items")

    keys = items = values = __iter__


def test_counting_goes_through_no_items(catalogue, put):
    put(**{f"i{n}": "t" for n in range(6)})
    catalogue.work()
    put(i0="again", i5="again", i6="bad")
    catalogue._ready = Uncounted(catalogue._ready)  # what was read grows for ever
    assert catalogue.counts() == {"pending": 4, "ready": 3, "failed": 0}
    catalogue.work()
    assert catalogue.counts() == {"pending": 0, "ready": 6, "failed": 1}


def test_items_put_before_a_start_wait_again(log, live, put, reader):
    put(i1="one")
    catalogue = LiveCatalogue(log.item, reader)
    live.follower.watch(catalogue.follow)
    catalogue.put(live.items())
    catalogue.put(live.items())
    assert catalogue.counts()["pending"] == 1
    catalogue.work()
    assert made(catalogue) == {"i1": "ONE"}


def test_the_thread_rests_until_what_it_made_is_handed_over(log, put, live):
    """Two batches may wait; the third is made when they are gone."""
    made_now = threading.Semaphore(0)
    calls = []

    def slow(rows):
        calls.append(len(rows))
        made_now.release()
        return list(rows)

    catalogue = LiveCatalogue(log.item, slow, CatalogueConfig(batch=1, waiting=2))
    live.follower.watch(catalogue.follow)
    put(i1="a", i2="b", i3="c", i4="d")
    catalogue.start()
    try:
        for _ in range(2):
            assert made_now.acquire(timeout=10)
        assert not made_now.acquire(timeout=0.1)
        handed = len(catalogue.ready())
        assert made_now.acquire(timeout=10)
        assert handed in (1, 2), "the second may have been made and not yet laid out"
    finally:
        catalogue.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "catalogue"]


def test_a_language_model_behind_it(log, live, put):
    encoder = FakeEncoder()
    catalogue = LiveCatalogue(
        log.item, lambda rows: encoder.encode(tuple(str(row["title"]) for row in rows))
    )
    live.follower.watch(catalogue.follow)
    put(i1="slow film", i2="film slow")
    catalogue.work()
    (prepared,) = catalogue.ready()
    assert prepared.result.shape == (2, 16)
    assert (prepared.result[0] == prepared.result[1]).all()


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"queue": 0}, {"waiting": 0}])
def test_sizes_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        CatalogueConfig(**wrong)
