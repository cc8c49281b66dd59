"""The two ways that tune or ask a language model, on models of two layers."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import Unsupported
from penchant.language.tuning import LoRA, TopLayers
from penchant.models.few_shot import (
    ContrastiveConfig,
    FewShotConfig,
    FewShotModel,
    PromptConfig,
    few_shot,
)
from penchant.models.few_shot.prompt import answers_of, opened
from penchant.testing import write_tiny_model


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    home = tmp_path_factory.mktemp("models")
    return {name: str(write_tiny_model(home / name, name)) for name in ("bert", "llama")}


@pytest.fixture
def forced(monkeypatch):
    """The first way asked for is kept, so that it can be looked at."""
    monkeypatch.setattr(
        "penchant.models.few_shot.choose._chosen",
        lambda logits, ground: next(way for way in logits if way != "share"),
    )


def config_of(models, **parts):
    return FewShotConfig(models["bert"], **parts)


@pytest.mark.parametrize("way", ["contrastive", "prompt", "tuned prompt"])
def test_a_tuned_model_answers_the_same_after_saving(draw, models, forced, tmp_path, way):
    config = config_of(
        models,
        contrastive=ContrastiveConfig(models["bert"], TopLayers(layers=1), steps=3, batch=4),
        prompt=PromptConfig(
            models["llama"], tuning=LoRA(rank=2) if way == "tuned prompt" else None, epochs=1
        ),
    )
    model = few_shot(draw(12, 1), ways=[way.split()[-1]], config=config)
    assert model.chosen == way.split()[-1]
    test = draw(10, 2)
    model.save(tmp_path / "m")
    np.testing.assert_allclose(
        FewShotModel.load(tmp_path / "m").predict(test), model.predict(test), atol=1e-6
    )


def test_pairs_draw_equal_labels_together(draw, models):
    from penchant.language import load_backbone
    from penchant.language.tuning import apply_tuning
    from penchant.models.few_shot.contrastive import _features, _tune

    examples = draw(12, 1)
    labels = np.array([one.label for one in examples], np.float64)
    config = ContrastiveConfig(models["bert"], TopLayers(layers=2), steps=40, learning_rate=3e-3)
    backbone = load_backbone(config.language)
    apply_tuning(backbone, config.tuning, 0)

    def gap():
        vectors = _features(backbone, config, examples)[:, 1:]
        cosine = vectors @ vectors.T
        same = labels[:, None] == labels[None, :]
        off = ~np.eye(len(labels), dtype=bool)
        return cosine[same & off].mean() - cosine[~same].mean()

    before = gap()
    _tune(backbone, config, examples, labels, 0)
    assert gap() > before + 0.1


@pytest.mark.parametrize("name", ["bert", "llama"])
def test_the_verbaliser_is_the_log_odds_of_the_two_words(draw, models, name):
    config = PromptConfig(models[name])
    model, examples = opened(config), draw(3, 1)
    answers = answers_of(model, config, examples)
    assert answers.shape == (3,)
    np.testing.assert_allclose(answers[:1], answers_of(model, config, examples[:1]), atol=1e-4)


def test_a_masked_model_is_asked_but_not_tuned(models):
    with pytest.raises(Unsupported, match="name a decoder"):
        opened(PromptConfig(models["bert"], tuning=LoRA(rank=2)))
