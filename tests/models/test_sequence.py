"""SASRec and TextSequence: what a network of the next item owes to its readers."""

import dataclasses

import numpy as np
import pytest
import torch

from penchant.core import ModelNotFound, Sequences, TrainingFailed, UsageError
from penchant.models import SASRec, SASRecConfig, TextSequence, TextSequenceConfig, sequence
from penchant.models.next_item import rectangle

SMALL = {
    "dim": 16,
    "heads": 2,
    "layers": 1,
    "dropout": 0.0,
    "learning_rate": 0.01,
    "batch_tokens": 64,
}


def cycle(world, users=80, items=12, seed=0):
    """Everybody walks round the same circle of items, so that the next one is certain."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, items, users)
    histories = [[(s + n) % items for n in range(rng.integers(3, 7))] for s in starts]
    return world.dataset(histories, [f"word{n}" for n in range(items)])


def best_new(scores, histories):
    """The best item of each row that its history does not hold, as a list would show it."""
    for row, history in zip(scores, histories, strict=True):
        row[history] = -np.inf
    return scores.argmax(axis=1).tolist()


ASKED = [[3, 4], [10, 11], [0]]


@pytest.mark.parametrize("negatives", [0, 8])
def test_sasrec_learns_what_comes_next(world, negatives):
    data = cycle(world)
    model = SASRec.fit(SASRecConfig(**SMALL, epochs=40, negatives=negatives), data)
    assert best_new(model.score(world.requests(data, ASKED)), ASKED) == [5, 0, 1]


def test_text_sequence_learns_what_comes_next(world, toy_language):
    data = cycle(world)
    model = TextSequence.fit(TextSequenceConfig(**SMALL, epochs=40), data)
    assert best_new(model.score(world.requests(data, ASKED)), ASKED) == [5, 0, 1]


def test_order_matters(world):
    data = cycle(world)
    model = SASRec.fit(SASRecConfig(**SMALL, epochs=20), data)
    forward, backward = model.score(world.requests(data, [[3, 4], [4, 3]]))
    assert not np.allclose(forward, backward)


def test_a_cold_item_with_the_text_of_a_warm_one_takes_its_place(world, toy_language):
    histories = [[0, 1, 2], [1, 2, 0], [2, 0, 1]] * 20
    data = world.dataset(histories, ["red", "blue", "green", "blue", "grey"])
    model = TextSequence.fit(TextSequenceConfig(**SMALL, epochs=30, id_dropout=0.5), data)
    scores = model.score(world.requests(data, [[2, 0]]))[0]
    assert scores[1] > max(scores[0], scores[2])
    assert scores[3] > scores[4]  # nobody met either; one reads like the item that comes next


def test_a_new_item_stands_on_its_text_alone_and_moves_nobody(world, toy_language):
    texts = ["red", "blue", "green", "blue night"]
    histories = [[0, 1, 2], [1, 2, 0], [2, 0, 1]] * 10
    config = TextSequenceConfig(**SMALL, epochs=3)
    before = TextSequence.fit(config, world.dataset(histories, texts[:3]))
    after = before.with_catalogue(world.catalogue(texts))
    asked = [[2, 0]]
    old = before.score(world.requests(world.dataset(histories, texts[:3]), asked))
    new = after.score(world.requests(world.dataset(histories, texts), asked))
    np.testing.assert_allclose(new[:, :3], old, atol=1e-6)
    table = after.network.table
    text_alone = table.project((table.text[3] - table.centre) @ table.whiten)
    torch.testing.assert_close(after.network.items()[3], text_alone.detach())


def test_words_are_answered_by_the_text_and_with_a_history_by_both(world, toy_language):
    data = cycle(world)
    model = TextSequence.fit(TextSequenceConfig(**SMALL, epochs=40), data)
    words, both, told = model.score(
        world.requests(data, [[], [3, 4], [3, 4]], queries=("word9", "word9", None))
    )
    assert words.argmax() == 9
    assert both.argmax() == 9
    assert (both > both[5]).sum() < (words > words[5]).sum()  # the history lifts what comes next
    assert best_new(told[None], [[3, 4]]) == [5]


def test_another_encoder_of_the_same_name_is_not_taken_for_the_old_one(
    world, toy_language, monkeypatch
):
    data = cycle(world)
    config = TextSequenceConfig(**SMALL, epochs=1)
    state = TextSequence.fit(config, data).state()
    words = world.requests(data, [[]], queries=("word3",))
    again = TextSequence.restore(config, state, data.catalogue, data.interactions)
    assert again.score(words).argmax() == 3
    again = TextSequence.restore(config, state, data.catalogue, data.interactions)
    encoder = again.reader.encoder
    monkeypatch.setattr(type(encoder), "digest", "other")
    again = TextSequence.restore(config, state, data.catalogue, data.interactions)
    with pytest.raises(ModelNotFound, match="is not the one this model was trained with"):
        again.score(words)


def test_reading_for_the_last_event_alone_says_what_reading_for_all_does(world):
    data = cycle(world)
    model = SASRec.fit(SASRecConfig(**SMALL | {"layers": 2}, epochs=1), data)
    network, items = model.network, model.network.items()
    for lengths in ([4, 4, 4], [1, 6, 3, 2], [1]):  # alike, ragged, and one event
        codes = np.arange(sum(lengths), dtype=np.int32) % 12
        rows = Sequences.of_items(np.array(lengths), codes)
        with torch.inference_mode():
            whole = network.read(items[rectangle(rows, rows.item)], rows)
        asked = whole[torch.arange(len(lengths)), torch.tensor(lengths) - 1]
        np.testing.assert_allclose(network.users(rows, items), asked, rtol=0, atol=1e-6)


def test_older_events_than_the_limit_are_not_read(world):
    data = cycle(world)
    model = SASRec.fit(SASRecConfig(**SMALL, epochs=2, history=3), data)
    long, short = model.score(world.requests(data, [[7, 1, 9, 3, 4], [9, 3, 4]]))
    np.testing.assert_allclose(long, short, atol=1e-6)


def test_kinds_and_gaps_of_events_are_read(world, toy_language):
    data = cycle(world)
    network = TextSequence.fit(TextSequenceConfig(**SMALL, epochs=1), data).network
    assert network.features.kind is None
    assert network.features.gap is None
    histories = [[0, 1, 2], [1, 2, 0]] * 10
    timed = world.dataset(histories, ["red", "blue", "green"], times=[0, 60, 90] * 20)
    model = TextSequence.fit(TextSequenceConfig(**SMALL, epochs=5, gaps=True), timed)
    soon, late = (
        model.network.score(
            Sequences.of_items(np.array([2]), np.array([0, 1]), np.array([0.0, gap]))
        )
        for gap in (60.0, 1e7)
    )
    assert not np.allclose(soon, late)


def test_the_kind_of_an_event_is_learned_from(world, toy_language):
    """Item 0 is followed by 1 after a click and by 2 after a purchase; the item alone says nothing."""
    rows = 120
    bought = np.arange(rows) % 2
    histories = [[3, 0, 1 + after] for after in bought]
    data = world.dataset(histories, ["red", "blue", "green", "grey"])
    kind = np.zeros(3 * rows, np.int16)
    kind[1::3] = bought
    events = dataclasses.replace(data.interactions.events, kind=kind)
    kinds = dataclasses.replace(data.interactions, events=events, kinds=("click", "purchase"))
    data = dataclasses.replace(data, interactions=kinds)
    config = TextSequenceConfig(**SMALL, epochs=20, validation_users=20)
    model = TextSequence.fit(config, data)
    asked = world.requests(data, [[3, 0], [3, 0]])
    history = dataclasses.replace(asked.history, kind=np.array([0, 0, 0, 1], np.int16))
    clicked, purchased = model.score(dataclasses.replace(asked, history=history))
    assert clicked[1] > clicked[2]
    assert purchased[2] > purchased[1]


@pytest.mark.parametrize(("refit", "share", "runs"), [
    (None, 1.0, 2), (None, 0.1, 1), (True, 0.1, 2), (False, 1.0, 1)
])  # fmt: skip
def test_it_trains_again_on_all_events_where_many_were_held_out(
    world, monkeypatch, refit, share, runs
):
    data, trained = cycle(world), []
    real = sequence.train

    def train(network, lessons, loss_of, config, validate, what):
        history = real(network, lessons, loss_of, config, validate, what)
        trained.append((lessons.examples, len(history.losses), history.best_epoch))
        return history

    monkeypatch.setattr(sequence, "train", train)
    users = round(share * len(data.interactions.users))
    SASRec.fit(SASRecConfig(**SMALL, epochs=3, refit=refit, validation_users=users), data)
    assert len(trained) == runs
    targets = len(data.interactions) - len(data.interactions.users)
    assert trained[0][0] == targets - users  # the held-out events are no targets
    if runs == 2:
        assert trained[1][0] == targets
        assert trained[1][1] == trained[0][2]  # as many epochs as validation chose


@pytest.mark.parametrize(("items", "negatives", "size"), [
    (3_000, None, 0), (3_001, None, 2048), (5, 64, 64), (5_000, 0, 0)
])  # fmt: skip
def test_large_catalogues_are_trained_on_samples_unless_told_otherwise(items, negatives, size):
    counts = np.append(np.ones(items, np.int64), 0)  # an item without events is not counted
    rng = np.random.default_rng(0)
    sampler = sequence.Objective(torch.nn.Identity(), counts, negatives, 1.0, rng)._sampler
    assert (len(sampler.draw(rng)[0]) if sampler else 0) == size


def test_the_same_seed_gives_the_same_weights_and_leaves_global_chance_alone(world):
    data = cycle(world)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (
        SASRec.fit(SASRecConfig(**SMALL, epochs=3), data, seed).state() for seed in (1, 1, 2)
    )
    assert torch.equal(torch.rand(1), expected)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["table.ids.weight"], other["table.ids.weight"])


def test_nobody_with_two_events_is_said_at_once(world):
    with pytest.raises(TrainingFailed, match="no user has two events"):
        SASRec.fit(SASRecConfig(**SMALL), world.dataset([[0], [1]], ["a", "b"]))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"heads": 3}, r"SASRecConfig.heads must divide dim, got 3 and 128"),
        ({"dropout": 1.0}, r"SASRecConfig.dropout must be at least 0 and at most 0.95, got 1.0"),
        ({"learning_rate": 0.0}, r"SASRecConfig.learning_rate must be more than 0"),
        ({"history": 1}, r"SASRecConfig.history must be at least 2, got 1"),
        ({"batch_tokens": 0}, r"SASRecConfig.batch_tokens must be at least 1, got 0"),
        ({"negatives": -1}, r"SASRecConfig.negatives must be at least 0, got -1"),
        ({"patience": -1}, r"SASRecConfig.patience must be at least 0, got -1"),
        ({"weight_decay": -0.1}, r"SASRecConfig.weight_decay must be at least 0, got -0.1"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        SASRecConfig(**setting)
