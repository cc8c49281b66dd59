"""Updates: new events learned, old ones kept, and the model that serves left alone."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.core import Sequences, TrainingFailed, UsageError, generator, quiet
from penchant.models import (
    SASRec,
    SASRecConfig,
    TextSequence,
    Updatable,
    UpdateConfig,
    next_item_loss,
    update,
    updated_model,
)
from penchant.models.next_item_loss import Told
from penchant.models.sequence import lessons_of
from penchant.tune import run_folder, train

SMALL = {"dim": 16, "layers": 1, "dropout": 0.0, "learning_rate": 0.01, "batch_tokens": 64}
QUICK = {"epochs": 3, "learning_rate": 0.01, "batch_tokens": 64, "elastic": 0.0}
OLD, NEW = 12, 12
"""Items of the old circle, and of the new one."""

WORDS = [f"word{n}" for n in range(OLD)] + [f"late{n}" for n in range(NEW)]


def rounds(first, items, users, seed):
    """Users who walk round one circle of items, so that the next item is certain."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, items, users)
    return [[first + (s + n) % items for n in range(rng.integers(3, 7))] for s in starts]


def later(world, users=40):
    """The old circle's 80 users, and behind them the new one's; which events are new."""
    histories = rounds(0, OLD, 80, 0) + rounds(OLD, NEW, users, 1)
    data = world.dataset(histories, WORDS)
    return data, data.interactions.events.row >= 80


def serving(world, model_class=SASRec, **settings):
    """Fitted on the old circle alone."""
    data = world.dataset(rounds(0, OLD, 80, 0), WORDS[:OLD])
    config = model_class.Config(**SMALL | {"epochs": 12} | settings)
    with quiet():
        return model_class.fit(config, data)


def right(model, world, data, first, items):
    """How often the next item of the circle is the best new one."""
    asked = [[first + n, first + (n + 1) % items] for n in range(items)]
    scores = model.score(world.requests(data, asked))
    for row, history in zip(scores, asked, strict=True):
        row[history] = -np.inf
    wanted = [first + (n + 2) % items for n in range(items)]
    return float((scores.argmax(axis=1) == wanted).mean())


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[n], other[n]) for n in one)


def copied(state):
    return {name: np.array(part) for name, part in state.items()}


@pytest.fixture
def old(world, toy_language):
    return serving(world)


@pytest.mark.parametrize("model_class", [SASRec, TextSequence])
def test_an_update_learns_the_new_and_replay_keeps_the_old(world, toy_language, model_class):
    model, (data, new) = serving(world, model_class), later(world)
    assert isinstance(model, Updatable)
    assert right(model, world, world.dataset([[]], WORDS[:OLD]), 0, OLD) == 1.0
    figures = {}
    for share in (0.0, 0.5):
        config = UpdateConfig(**QUICK | {"epochs": 30, "replay": share})
        after = model.updated(config, data, new)
        figures[share] = [right(after, world, data, f, n) for f, n in ((0, OLD), (OLD, NEW))]
    assert figures[0.5][1] > 0.9  # circles of items that there were not
    assert figures[0.5][0] == 1.0
    assert figures[0.0][0] <= figures[0.5][0]


def test_what_holds_to_the_old_can_do_without_old_events(world, toy_language):
    """Distillation and the elastic penalty, without replay, against nothing at all."""
    model, (data, new) = serving(world), later(world)
    hard = {"epochs": 60, "learning_rate": 0.03, "batch_tokens": 64, "replay": 0.0, "elastic": 0.0}
    ways = {"none": {}, "elastic": {"elastic": 1e4}, "distil": {"distil": 10.0}}
    loss = {}
    for way, settings in ways.items():
        after = model.updated(UpdateConfig(**hard | settings), data, new)
        inputs = world.requests(data, [[n, (n + 1) % OLD] for n in range(OLD)])
        scores = torch.from_numpy(after.score(inputs))[:, :OLD]
        loss[way] = float(functional.cross_entropy(scores, (torch.arange(OLD) + 2) % OLD))
    assert loss["elastic"] < loss["none"]
    assert loss["distil"] < loss["none"]


@pytest.mark.parametrize("model_class", [SASRec, TextSequence])
def test_at_a_learning_rate_of_0_nothing_that_is_learned_changes(world, toy_language, model_class):
    model, (data, new) = serving(world, model_class), later(world)
    config = UpdateConfig(learning_rate=0.0, elastic=1.0, distil=1.0)
    after = model.updated(config, data, new)
    before, now = model.state(), after.state()
    for name, part in before.items():
        if name.startswith(("encoder.", "features.", "table.project")):
            assert np.array_equal(part, now[name])
    assert np.array_equal(now["table.ids.weight"][:OLD], before["table.ids.weight"])
    asked = world.requests(data, [[3, 4], [10, 11, 0]])
    told = model.score(world.requests(world.dataset([[]], WORDS[:OLD]), [[3, 4], [10, 11, 0]]))
    np.testing.assert_allclose(after.score(asked)[:, :OLD], told, atol=1e-5)


def test_the_given_model_and_data_stay_as_they_are(world, old):
    data, new = later(world)
    before, digest = copied(old.state()), data.digest
    scores = old.score(world.requests(world.dataset([[]], WORDS[:OLD]), [[3, 4]]))
    after = old.updated(UpdateConfig(**QUICK | {"elastic": 1.0, "distil": 1.0}), data, new)
    assert same(before, copied(old.state()))
    assert data.digest == digest
    again = old.score(world.requests(world.dataset([[]], WORDS[:OLD]), [[3, 4]]))
    assert np.array_equal(scores, again)
    assert after.network.encoder is not old.network.encoder
    assert all(p.requires_grad for p in after.network.parameters())


def test_the_same_seed_gives_the_same_model_and_leaves_global_chance_alone(world, old):
    data, new = later(world)
    config = UpdateConfig(
        **QUICK | {"elastic": 1.0, "distil": 1.0, "replay_from": "reservoir", "reservoir": 30}
    )
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (old.updated(config, data, new, seed).state() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert same(first, second)
    assert not same(first, other)


def test_replay_alone_is_training_continued(world, old):
    """The same batches, loss and steps as of a training that goes on over the old events."""
    data, _ = later(world, users=0)
    config = UpdateConfig(**QUICK | {"epochs": 4, "replay": 1.0})
    none = np.zeros(len(data.interactions), bool)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = old.network.learning(old.network.table.learning(OLD + NEW), kinds=1)
        rng = generator(3, "update")
        torch.manual_seed(3)
        objective = next_item_loss.Objective(network, data.interactions.counts(), None, 1.0, rng)
        loop = old.config.loop.loop(4, 0, 0.01, 0.0, warmup_steps=update.WARMUP)
        with quiet():
            train(network, lessons_of(data.interactions.events, 64, rng), objective, loop)
    after = old.updated(config, data, none, seed=3)
    expected = {name: part.numpy() for name, part in network.state_dict().items()}
    assert same(after.state(), expected)


def test_without_new_events_and_with_less_than_all_replayed_nothing_is_learned(world, old):
    data, new = later(world, users=0)
    after = old.updated(UpdateConfig(**QUICK), data, np.zeros_like(new))
    assert np.array_equal(after.state()["table.ids.weight"][:OLD], old.state()["table.ids.weight"])


def test_only_new_events_are_learned_from_and_older_ones_of_their_user_are_read(world, monkeypatch):
    data = world.dataset([[0, 1, 2, 3], [4, 5]], WORDS)
    new = np.array([0, 0, 1, 1, 0, 0], bool)
    config = SASRecConfig(**SMALL)
    found = update.material(data.interactions, new, config, UpdateConfig(), seed=0)
    assert found.new.item.tolist() == [0, 1, 2, 3]
    assert found.new.weight.tolist() == [0, 0, 1, 1]
    assert found.old.rows.item.tolist() == [0, 1, 4, 5]
    assert found.known.tolist() == [n in (0, 1, 4, 5) for n in range(OLD + NEW)]
    share = found.drawn / found.drawn.sum()
    assert share[:6] == pytest.approx([1 / 8, 1 / 8, 1 / 4, 1 / 4, 1 / 8, 1 / 8], abs=1e-3)
    model = serving(world)
    start = model.network.learning(model.network.table.learning(OLD + NEW), kinds=1)
    asked, seen = [], []
    monkeypatch.setattr(
        next_item_loss, "softmax", lambda s, _, t: (asked.append(t.tolist()), s.sum())[1]
    )
    rows = found.new
    objective = next_item_loss.Objective(
        start, found.drawn, 0, 1.0, generator(0), lambda told: (seen.append(told), 0.0)[1]
    )
    _, examples = objective(rows)
    assert examples == 2
    assert asked == [[2, 3]]
    assert seen[0].there.tolist() == [[False, True, True]]


def test_the_distillation_term_against_torch(world, old):
    """Full softmax: KL to the old model's softmax over the items that it knew."""
    teacher = old.network.learning(old.network.table.learning(OLD + NEW), kinds=1).eval()
    student = copy.deepcopy(teacher)
    with torch.no_grad():
        for p in student.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    known = torch.arange(OLD + NEW) < OLD
    rows = Sequences.of_items(np.array([3, 2]), np.array([0, 1, 2, 5, 13]))
    there = torch.tensor([[True, True, True], [True, False, False]])
    items, old_items = student.table(), teacher.table()
    codes = torch.tensor([[0, 1, 2], [5, 13, 0]])
    states = student.read(items[codes], rows)[there]
    told = Told(rows, there, states, torch.arange(OLD + NEW), items)
    got = update.Serving(teacher, known, weight=3.0, temperature=2.0)(told)
    with torch.no_grad():
        answer = teacher.read(old_items[codes], rows)[there] @ old_items[:OLD].T
    logits = states @ items[:OLD].T
    expected = functional.kl_div(
        functional.log_softmax(logits / 2, dim=1),
        functional.softmax(answer / 2, dim=1),
        reduction="batchmean",
    )
    assert got.item() == pytest.approx(3 * 4 * expected.item(), rel=1e-5)
    # of a sample with repeats every known item counts once
    drawn = torch.tensor([3, 3, 20, 7, 3])
    told = Told(rows, there, states, drawn, items[drawn])
    got = update.Serving(teacher, known, 1.0, 1.0)(told)
    expected = functional.kl_div(
        functional.log_softmax(logits[:, [3, 7]], dim=1),
        functional.softmax(answer[:, [3, 7]], dim=1),
        reduction="batchmean",
    )
    assert got.item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-7)


def test_distillation_with_nothing_known_among_the_candidates_is_nothing(world, old):
    rows = Sequences.of_items(np.array([2]), np.array([0, 1]))
    states = torch.ones(1, 16, requires_grad=True)
    told = Told(rows, torch.tensor([[True, False]]), states, torch.tensor([3]), torch.ones(1, 16))
    term = update.Serving(old.network, torch.zeros(OLD, dtype=torch.bool), 1.0, 1.0)
    assert term(told).item() == 0.0


def test_a_new_item_is_recommended_by_its_events_where_its_text_says_nothing(world, toy_language):
    """Two new items of one text; only their events tell them apart."""
    model = serving(world, TextSequence)
    words = [*WORDS[:OLD], "same", "same"]
    histories = rounds(0, OLD, 80, 0) + [[0, 12], [6, 13]] * 30
    data = world.dataset(histories, words)
    new = data.interactions.events.row >= 80
    cold = model.with_catalogue(data.catalogue).score(world.requests(data, [[0], [6]]))
    assert cold[0, 12] == pytest.approx(cold[0, 13], abs=1e-6)
    after = model.updated(UpdateConfig(**QUICK | {"epochs": 30}), data, new)
    scores = after.score(world.requests(data, [[0], [6]]))
    assert scores[0, 12] > scores[0, 13] + 1
    assert scores[1, 13] > scores[1, 12] + 1
    assert after.state()["counts"].tolist() == data.interactions.counts().tolist()


def test_an_item_without_events_stands_on_its_text_alone_still(world, toy_language):
    data, new = later(world)
    more = world.dataset(world.histories(data), [*WORDS, "late3"])  # an item more, nobody met it
    after = serving(world, TextSequence).updated(UpdateConfig(**QUICK), more, new)
    table = after.network.table
    only_text = table.project(table.even[[24]]).detach().numpy()
    np.testing.assert_allclose(after.item_vectors()[[24]], only_text, atol=1e-6)


def test_kinds_of_event_that_are_new_get_a_vector(world, toy_language):
    model, (data, new) = serving(world, TextSequence), later(world)
    events = data.interactions.events
    kind = np.where(new, 1, 0).astype(np.int16)
    people = dataclasses.replace(
        data.interactions, events=dataclasses.replace(events, kind=kind), kinds=("event", "buy")
    )
    data = dataclasses.replace(data, interactions=people)
    after = model.updated(UpdateConfig(**QUICK), data, new)
    assert after.network.features.kind.weight.shape == (2, 16)
    state = copied(after.state())
    again = TextSequence.restore(after.config, state, data.catalogue, data.interactions)
    asked = world.requests(data, [[3, 4], [14, 15]])
    assert np.array_equal(after.score(asked), again.score(asked))


def test_vectors_of_items_alone_leave_the_reader_of_histories_as_it_is(world, old):
    data, new = later(world)
    after = old.updated(UpdateConfig(**QUICK | {"learn": "items"}), data, new)
    before, now = old.state(), after.state()
    assert all(np.array_equal(before[n], now[n]) for n in before if n.startswith("encoder."))
    assert not np.array_equal(before["table.ids.weight"], now["table.ids.weight"][:OLD])


def test_numbers_that_are_none_end_the_update_and_nothing_else(world, old):
    data, new = later(world)
    poisoned = copy.deepcopy(old)
    with torch.no_grad():
        poisoned.network.table.ids.weight[3] = float("nan")
    before = copied(poisoned.state())
    with pytest.raises(TrainingFailed, match="the loss became nan"):
        poisoned.updated(UpdateConfig(**QUICK), data, new)
    assert all(np.array_equal(before[n], poisoned.state()[n], equal_nan=True) for n in before)


def test_an_update_that_was_interrupted_goes_on_to_the_weights_it_would_have_had(
    world, old, tmp_path, monkeypatch
):
    data, new = later(world)
    settings = {"epochs": 3, "elastic": 1.0, "distil": 1.0}
    config = UpdateConfig(**QUICK | settings)
    expected = old.updated(config, data, new).state()
    real, calls = next_item_loss.Objective.__call__, 0

    def interrupted(self, batch):
        nonlocal calls
        calls += 1
        if calls == 25:
            raise KeyboardInterrupt
        return real(self, batch)

    monkeypatch.setattr(next_item_loss.Objective, "__call__", interrupted)
    with run_folder(tmp_path, every_steps=2), pytest.raises(KeyboardInterrupt):
        old.updated(config, data, new)
    assert list(tmp_path.glob("*/checkpoints/step-*"))
    with run_folder(tmp_path, every_steps=2):
        assert same(old.updated(config, data, new).state(), expected)


def test_an_update_ends_when_its_time_is_up(world, old, monkeypatch):
    data, new = later(world)
    steps = []
    monkeypatch.setattr(update, "train", lambda *a, **k: steps.append(train(*a, **k)))
    old.updated(UpdateConfig(**QUICK | {"epochs": 50, "seconds": 1e-6}), data, new)
    old.updated(UpdateConfig(**QUICK | {"epochs": 2, "seconds": 1e6}), data, new)
    assert len(steps[0].step_losses) == 1
    assert len(steps[0].losses) == 1
    assert len(steps[1].losses) == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"replay": 1.1}, r"UpdateConfig.replay must be at least 0 and at most 1, got 1.1"),
        ({"learning_rate": -1.0}, r"UpdateConfig.learning_rate must be at least 0"),
        ({"seconds": 0.0}, r"UpdateConfig.seconds must be more than 0, got 0.0"),
        ({"elastic": float("nan")}, r"UpdateConfig.elastic must be at least 0, got nan"),
        ({"epochs": 0}, r"UpdateConfig.epochs must be at least 1, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        UpdateConfig(**setting)


def test_flags_that_are_not_one_an_event_are_refused(world, old):
    data, new = later(world)
    with pytest.raises(UsageError, match=r"one flag \(bool\) for each"):
        updated_model(old, UpdateConfig(), data, new[:-1])
