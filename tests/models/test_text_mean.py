"""Mean of texts, with a toy language whose words have fixed vectors."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import ModelNotFound
from penchant.models import Star, StarConfig, TextMean, TextMeanConfig

TEXTS = ["red sea", "blue sea", "night war", "slow love", ""]


@pytest.fixture
def data(world, toy_language):
    return world.dataset([[0, 1], [2, 1], [1]], TEXTS)


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_the_score_is_the_cosine_to_the_faded_mean_of_the_history(world, data):
    model = TextMean.fit(TextMeanConfig(decay=0.5), data)
    v = unit(model.vectors[:4].astype(np.float64))
    profile = unit(0.25 * v[3] + 0.5 * v[0] + v[2])
    scores = model.score(world.requests(data, [[3, 0, 2]]))
    assert np.allclose(scores[0, :4], v @ profile, atol=1e-6)


def test_words_find_the_item_that_says_them(world, data):
    model = TextMean.fit(TextMeanConfig(), data)
    scores = model.score(world.requests(data, [[], []], queries=("war night", "love slow")))
    assert scores.argmax(axis=1).tolist() == [2, 3]
    assert scores.max(axis=1) == pytest.approx([1.0, 1.0], abs=1e-6)


def test_words_and_history_are_added(world, data):
    model = TextMean.fit(TextMeanConfig(), data)
    v = model.vectors.astype(np.float64)
    scores = model.score(world.requests(data, [[0]], queries=("night war",)))
    assert np.allclose(scores[0, :4], v[:4] @ unit(v[0] + v[2]), atol=1e-6)


def test_an_item_without_text_comes_last(world, data):
    model = TextMean.fit(TextMeanConfig(), data)
    scores = model.score(world.requests(data, [[0], [2, 3]]))
    assert (scores[:, 4:] <= scores[:, :4].min(axis=1, keepdims=True)).all()


def test_a_history_without_text_is_answered_by_popularity(world, data):
    scores = TextMean.fit(TextMeanConfig(), data).score(world.requests(data, [[4]]))
    assert scores[0].argmax() == 1


def test_a_new_item_is_found_by_its_text_at_once(world, data):
    model = TextMean.fit(TextMeanConfig(), data)
    larger = model.with_catalogue(world.catalogue([*TEXTS, "warm night"]))
    scores = larger.score(world.requests(data, [[]], queries=("warm night",)))
    assert scores[0].argmax() == 5


def test_a_restored_model_loads_the_language_only_when_there_is_something_to_read(
    world, data, toy_language
):
    model = TextMean.fit(TextMeanConfig(language="toy"), data)
    again = TextMean.restore(model.config, model.state(), data.catalogue, data.interactions)
    toy_language.clear()
    again.score(world.requests(data, [[0]], queries=(None,)))
    assert toy_language == []
    again.score(world.requests(data, [[]], queries=("sea",)))
    again.score(world.requests(data, [[]], queries=("war",)))
    assert toy_language == ["toy"]


@pytest.mark.parametrize(
    ("model_class", "config"), [(TextMean, TextMeanConfig), (Star, StarConfig)]
)
def test_words_are_not_read_by_another_encoder_than_that_of_training(
    world, data, monkeypatch, model_class, config
):
    model = model_class.fit(config(), data)
    state = model.state()
    assert bytes(state["encoder"]).decode() == model.reader.encoder.digest
    monkeypatch.setattr(type(model.reader.encoder), "digest", "other")
    again = model_class.restore(model.config, state, data.catalogue, data.interactions)
    history = world.requests(data, [[0]])
    assert np.array_equal(again.score(history), model.score(history))
    with pytest.raises(ModelNotFound, match="is not the one this model was trained with"):
        again.score(world.requests(data, [[]], queries=("sea",)))


def test_a_language_model_is_opened_once_however_many_threads_ask(toy_language):
    import threading

    from penchant.models.texts import Reader

    reader, found = Reader("toy"), []
    threads = [
        threading.Thread(target=lambda: found.append(reader.vectors(["red sea"], cache=False)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert toy_language == ["toy"]


def test_items_whose_texts_were_read_before_need_no_language_model(data, toy_language):
    import polars as pl

    from penchant.core import Catalogue

    model = TextMean.fit(TextMeanConfig(language="toy"), data)
    state, known = model.state(), data.catalogue
    words = ("a red sea that nobody saw", "")
    more = Catalogue(
        known.items.extended(["n1", "n2"]),
        (*known.texts, *words),
        (*known.titles, *words),
        pl.concat([known.table, pl.DataFrame({"item_id": ["n1", "n2"]})], how="diagonal"),
        known.template,
    )

    def restored() -> TextMean:
        return TextMean.restore(model.config, state, known, data.interactions)

    first = restored().with_catalogue(more).text_vectors()
    toy_language.clear()
    assert np.array_equal(restored().with_catalogue(more).text_vectors(), first)
    assert toy_language == []
