"""Experiments started, stopped and remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penchant.core import LogError, UsageError
from penchant.live.experiments import EXPERIMENTS, Arm, Book, Experiment, place_of


def of(name: str = "first", **changes: object) -> Experiment:
    arms = (Arm("control", "als-1", 0.5), Arm("new", "als-2", 0.5))
    return Experiment(**{"name": name, "kind": "ab", "arms": arms, **changes})  # type: ignore[arg-type]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "service", clock=lambda: 1000.0)


def test_an_experiment_is_the_same_when_it_is_read_back(book: Book):
    begun = book.start(of(events=("buy", "click"), window=60.0, after=(7, 9)))
    assert book.running() == begun == Book(book.path.parent).find()
    assert begun.started_at == 1000.0
    assert len(begun.salt) == 16


def test_one_runs_at_a_time_and_no_name_comes_twice(book: Book):
    book.start(of())
    with pytest.raises(UsageError, match="Stop it first"):
        book.start(of("second"))
    ended = book.stop("first", "enough")
    assert (ended.stopped_at, ended.why, book.running()) == (1000.0, "enough", None)
    with pytest.raises(UsageError, match="another name"):
        book.start(of())
    with pytest.raises(UsageError, match="already"):
        book.stop("first")
    book.start(of("second"))
    assert [one.name for one in book.every()] == ["first", "second"]
    assert book.find().name == "second"
    with pytest.raises(UsageError, match="There are: first, second"):
        book.find("third")


def test_a_change_shows_in_the_stamp(book: Book):
    stamps = {book.stamp()}
    book.start(of())
    stamps.add(book.stamp())
    book.stop("first")
    stamps.add(book.stamp())
    assert len(stamps) == 3


def test_a_damaged_file_has_a_second_copy(book: Book):
    begun = book.start(of())
    content = json.loads(book.path.read_text("utf-8"))
    content["experiments"][0]["salt"] = "another"
    book.path.write_text(json.dumps(content), "utf-8")
    assert book.running() == begun
    (book.path.parent / EXPERIMENTS.replace(".json", ".backup.json")).write_text("{")
    with pytest.raises(LogError, match="both damaged"):
        book.running()


def test_nothing_was_started_yet(book: Book):
    assert (book.every(), book.running(), book.stamp()) == ((), None, (0, 0))
    with pytest.raises(UsageError, match="No experiment"):
        book.find()


def test_the_split_is_sticky_and_as_large_as_it_says():
    one = of(salt="s", arms=(Arm("a", "1", 0.2), Arm("b", "2", 0.1), Arm("c", "3", 0.3)))
    codes = [one.arm_of(f"user-{i}") for i in range(20_000)]
    assert codes == [one.arm_of(f"user-{i}") for i in range(20_000)]
    shares = [codes.count(code) / 20_000 for code in (0, 1, 2, None)]
    assert shares == pytest.approx([0.2, 0.1, 0.3, 0.4], abs=0.01)
    other = of(salt="t", arms=one.arms)
    others = [other.arm_of(f"user-{i}") for i in range(20_000)]
    both = sum(a == b == 2 for a, b in zip(codes, others, strict=True))
    assert both / 20_000 == pytest.approx(0.09, abs=0.01), "another salt splits independently"


def test_a_place_can_be_computed_anywhere():
    """With coreutils: printf 'autumn\\x1fu1' | b2sum -l 64."""
    assert place_of("autumn", "u1") == (int("50f27b97ca6d9c2d", 16) >> 11) / 2**53


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "a b"}, "no name"),
        ({"name": "x" * 32}, "up to 31"),
        ({"kind": "abc"}, "no kind"),
        ({"arms": (Arm("a", "1", 1.0),)}, "2 to 8 arms"),
        ({"arms": (Arm("a", "1", 0.5), Arm("a", "2", 0.5))}, "different names"),
        ({"arms": (Arm("a", "1", 0.5), Arm("b", "2", 0.6))}, "at most 1"),
        ({"arms": (Arm("a", "1", 0.5), Arm("b", "2", 0.0))}, "above 0"),
        (
            {"kind": "shadow", "arms": (Arm("a", "1", 0.5), Arm("b", "1", 0.5))},
            "with itself, or more",
        ),
        ({"events": ()}, "counts as success"),
        ({"window": 0.0}, "window"),
        ({"measure": "clicks"}, "measure"),
        ({"alpha": 1.0}, "alpha"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_an_experiment_is_refused(change: dict[str, object], told: str):
    with pytest.raises(UsageError, match=told):
        of(**change)
