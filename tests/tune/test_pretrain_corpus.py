"""Which texts are learned from, and which are held out."""

from __future__ import annotations

import pytest

from penchant.core import UsageError
from penchant.testing import tiny_dataset
from penchant.tune import corpus_of, corpus_of_texts


def test_every_distinct_text_is_in_one_part():
    texts = [f"text {number}" for number in range(50)]
    found = corpus_of_texts([*texts, *texts, "", "  ", " text 3 "], share=0.2)
    assert sorted(found.learn + found.choose + found.judge) == sorted(texts)
    assert len(found.choose) == len(found.judge) == 5


def test_the_seed_decides_what_is_held_out():
    texts = [f"text {number}" for number in range(50)]
    assert corpus_of_texts(texts, 1) == corpus_of_texts(texts, 1)
    assert corpus_of_texts(texts, 1).judge != corpus_of_texts(texts, 2).judge
    assert len(corpus_of_texts(texts, share=0.9, most=10).judge) == 5


def test_people_tell_what_they_chose_one_after_the_other():
    data = tiny_dataset()
    bare = corpus_of(data, users=0)
    found = corpus_of(data, titles=3)
    told = found.learn[len(bare.learn) :]
    titles, events = data.catalogue.titles, data.interactions.events
    rows = [". ".join(titles[i] for i in events.items_of(row)) for row in range(len(events))]
    assert told
    for text in told:
        assert text.count(". ") in (1, 2)
        shown = text.removesuffix(".").split(". ")
        # in the order of one row, where what is held out was passed over
        assert any(
            sorted(shown, key=row.find) == shown and all(t in row for t in shown) for row in rows
        )
    assert (found.choose, found.judge) == (bare.choose, bare.judge)


def test_nothing_of_what_is_held_out_is_in_peoples_texts():
    data = tiny_dataset()
    found = corpus_of(data, share=0.4)
    held = {*found.choose, *found.judge}
    titles = [
        t
        for t, text in zip(data.catalogue.titles, data.catalogue.texts, strict=True)
        if text in held
    ]
    assert len(titles) >= 4
    assert not any(title in text for title in titles for text in found.learn)


def test_people_are_drawn_where_there_are_many():
    bare, some = corpus_of(tiny_dataset(), users=0), corpus_of(tiny_dataset(), users=5)
    assert len(some.learn) == len(bare.learn) + 5
    assert some == corpus_of(tiny_dataset(), users=5)


def test_too_few_texts_are_refused():
    with pytest.raises(UsageError, match="3 distinct texts"):
        corpus_of_texts(["a", "b", "c", "c"])
    with pytest.raises(UsageError, match="share"):
        corpus_of_texts([str(n) for n in range(20)], share=1)
