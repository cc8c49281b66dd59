"""Fakes behave as what they stand for."""

from __future__ import annotations

import numpy as np

from penchant.core import Encoder, Model
from penchant.testing import FakeConfig, FakeEncoder, FakeModel, tiny_dataset


def test_the_fake_encoder_is_an_encoder():
    encoder: Encoder = FakeEncoder()
    vectors = encoder.encode(("space war", "war space", "love", ""))
    assert vectors.shape == (4, encoder.dim) == (4, 16)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[0], vectors[2])
    assert not vectors[3].any()


def test_the_fake_encoder_remembers_what_it_was_asked():
    encoder = FakeEncoder()
    encoder.encode(("a", "b"))
    encoder.encode(("c",))
    assert encoder.calls == [("a", "b"), ("c",)]


def test_the_fake_model_is_a_model():
    model = FakeModel.fit(FakeConfig(), tiny_dataset())
    assert isinstance(model, Model)


def test_the_fake_encoder_is_the_same_on_every_machine():
    vector = FakeEncoder().encode(("robots",))[0]
    assert np.allclose(vector[:3], [-0.5401809, 1.1142373, 0.8069572], atol=1e-6)
