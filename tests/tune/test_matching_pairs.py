"""Pairs of texts from events, their batches, and tuning on them."""

import math
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from penchant.core import Sequences, TrainingFailed, UsageError
from penchant.language import load_backbone
from penchant.language.layers import LayerCache
from penchant.language.tuning import AdaLoRA, LoRA, apply_tuning, tuned_state
from penchant.testing.tiny_models import write_tiny_model
from penchant.tune import keeper, run_folder
from penchant.tune.matching import Matching, MatchingConfig, tune_on_pairs
from penchant.tune.matching_pairs import TextPairs, next_item_pairs


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = write_tiny_model(tmp_path_factory.mktemp("language") / "bert", "bert")
    return lambda: load_backbone(folder, device="cpu")


def chain(users: int = 12) -> TextPairs:
    """Everybody walks on from one text to the next."""
    texts = [3 * letter for letter in "abcdef"]
    items = np.array([(user + n) % 6 for user in range(users) for n in range(3)])
    return next_item_pairs(Sequences.of_items(np.full(users, 3), items), texts)


def test_each_event_goes_with_the_one_before_it_in_its_own_history():
    events = Sequences.of_items(np.array([3, 1, 2]), np.array([0, 1, 2, 3, 2, 0]))
    pairs = next_item_pairs(events, ["a", "b", "c", "d"])
    told = [
        (pairs.texts[a], pairs.texts[b]) for a, b in zip(pairs.anchor, pairs.positive, strict=True)
    ]
    assert told == [("a", "b"), ("b", "c"), ("c", "a")]
    assert pairs.group.tolist() == [0, 0, 2]
    newest = next_item_pairs(events, ["a", "b", "c", "d"], most=1)
    assert [newest.texts[a] for a in newest.anchor] == ["b", "c"]


def test_a_text_and_itself_or_nothing_is_no_pair():
    events = Sequences.of_items(np.array([4]), np.array([0, 1, 2, 3]))
    pairs = next_item_pairs(events, ["same", "same", "", "other"])
    assert len(pairs) == 0


def test_each_distinct_text_stands_once():
    pairs = TextPairs.of(["a", "a", "b"], ["b", "c", "a"])
    assert pairs.texts == ("a", "b", "c")
    assert pairs.anchor.tolist() == [0, 0, 1]
    with pytest.raises(UsageError, match="2 anchors, 1 positives"):
        TextPairs.of(["a", "b"], ["c"])


def test_log_q_is_the_log_of_the_share_of_pairs():
    pairs = TextPairs.of(["a", "b", "c"], ["x", "x", "y"])
    known = dict(zip(pairs.texts, pairs.log_q().tolist(), strict=True))
    assert known["x"] == pytest.approx(math.log(2 / 3))
    assert known["y"] == pytest.approx(math.log(1 / 3))


def test_batches_hold_every_pair_once_and_runs_stay_together():
    pairs = chain(8)  # 16 pairs, two a user
    batches = list(pairs.batches(4, np.random.default_rng(0), run=2))
    seen = [
        pair
        for batch in batches
        for pair in zip(batch.group.tolist(), batch.anchor.tolist(), strict=True)
    ]
    assert sorted(seen) == sorted(zip(pairs.group.tolist(), pairs.anchor.tolist(), strict=True))
    for batch in batches:
        assert batch.group[::2].tolist() == batch.group[1::2].tolist()
    assert [len(b) for b in chain(3).batches(5, np.random.default_rng(0))] == [5]  # no lone pair


def test_the_loss_is_the_in_batch_softmax_of_cosines(opened):
    backbone, pairs = opened(), TextPairs.of(["aaa", "bbb", "ccc"], ["ddd", "eee", "ddd"])
    cache = LayerCache(backbone, pairs.texts, 0)
    apply_tuning(backbone, LoRA(rank=2))
    config = MatchingConfig(temperature=0.1)
    loss = Matching(backbone, cache, config).eval()(pairs).item()
    with torch.no_grad():
        unit = torch.cat([backbone.vectors([row]) for row in cache.tokens]).double().numpy()
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    number = {text: n for n, text in enumerate(pairs.texts)}
    similar = {(a, b): unit[number[a]] @ unit[number[b]] / 0.1 for a in number for b in number}
    by_hand = 0.0
    for anchor, positive, negatives in (
        ("aaa", "ddd", ["eee"]), ("bbb", "eee", ["ddd", "ddd"]), ("ccc", "ddd", ["eee"]),
    ):  # fmt: skip
        logits = [similar[anchor, n] for n in (positive, *negatives)]
        by_hand += math.log(sum(map(math.exp, logits))) - logits[0]
    assert loss == pytest.approx(by_hand / 3, abs=1e-4)


def test_tuning_brings_texts_to_what_belongs_to_them(opened):
    backbone, pairs = opened(), chain()
    config = MatchingConfig(batch=12, epochs=15, learning_rate=0.01)
    history = tune_on_pairs(backbone, pairs, LoRA(rank=4), config)
    assert history.losses[-1] < 0.6 * history.losses[0]


@pytest.mark.parametrize("log_q", [False, True])
def test_the_numbers_are_the_same_with_the_cache_and_without_it(opened, log_q):
    config = MatchingConfig(batch=6, epochs=2, learning_rate=0.01, log_q=log_q, symmetric=True)
    losses, vectors = [], []
    for cached in (True, False):
        backbone = opened()
        history = tune_on_pairs(backbone, chain(6), LoRA(rank=2, layers=1), config, cached=cached)
        losses.append(history.step_losses)
        with torch.no_grad():
            vectors.append(backbone.vectors(backbone.tokens(["aaa", "fff"])))
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    torch.testing.assert_close(vectors[0], vectors[1], atol=1e-4, rtol=1e-4)


def test_in_bfloat16_the_losses_are_nearly_the_same_and_the_weights_stay_float32(opened):
    losses = []
    for precision in ("float32", "bfloat16"):
        backbone = opened()
        config = MatchingConfig(batch=6, learning_rate=0.01, precision=precision)
        losses.append(tune_on_pairs(backbone, chain(6), LoRA(rank=2), config).step_losses)
        assert {part.dtype for part in backbone.parameters()} == {torch.float32}
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.05)


def test_ranks_move_while_it_is_tuned_with_adalora(opened):
    backbone = opened()
    way = AdaLoRA(rank=1, start_rank=3, warmup=0.1, cooldown=0.2, interval=1)
    tune_on_pairs(backbone, chain(), way, MatchingConfig(batch=4, epochs=3, learning_rate=0.01))
    ranks = [int((p != 0).sum()) for name, p in backbone.named_parameters() if "lora_E" in name]
    assert ranks
    assert sum(ranks) < 3 * len(ranks)


def test_too_few_pairs_are_said_at_once(opened):
    with pytest.raises(TrainingFailed, match="1 pairs of different texts"):
        tune_on_pairs(opened(), TextPairs.of(["a"], ["b"]), LoRA())


def test_adalora_that_was_stopped_goes_on_with_the_same_ranks(opened, tmp_path, monkeypatch):
    way = AdaLoRA(rank=1, start_rank=3, warmup=0.1, cooldown=0.2, interval=2)
    config = MatchingConfig(batch=4, epochs=3, learning_rate=0.01)

    def weights(folder=None):
        backbone = opened()
        with run_folder(folder, every_steps=1) if folder else nullcontext():
            tune_on_pairs(backbone, chain(), way, config)
        return tuned_state(backbone)

    whole, write = weights(), keeper.write_checkpoint

    def write_and_stop(folder, step, *rest):
        write(folder, step, *rest)
        if step == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(keeper, "write_checkpoint", write_and_stop)
    with pytest.raises(KeyboardInterrupt):
        weights(tmp_path)
    monkeypatch.undo()
    resumed = weights(tmp_path)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
