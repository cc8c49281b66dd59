"""Every family of language models, as a tiny one with random weights, passes the same checks."""

from __future__ import annotations

import pytest

from penchant.testing import (
    BACKBONE_CHECKS,
    LANGUAGE_MODEL_CHECKS,
    TINY_KINDS,
    BackboneCase,
    LanguageModelCase,
)
from penchant.testing.tiny_models import LAYERS

KINDS = {"encoder": "masked", "decoder": "causal", "encoder-decoder": "seq2seq"}
WITH_HEAD = [name for name in TINY_KINDS if name != "minilm"]


@pytest.mark.parametrize("check", BACKBONE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", TINY_KINDS)
def test_a_backbone_of_any_family(name, check, tiny_models, tmp_path):
    check(BackboneCase(tiny_models[name], TINY_KINDS[name].family, LAYERS, tmp_path))


@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", WITH_HEAD)
def test_a_language_model_of_any_family(name, check, tiny_models):
    check(LanguageModelCase(tiny_models[name], KINDS[TINY_KINDS[name].family]))
