"""The settings of the ways of tuning."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from penchant.core import UsageError
from penchant.language import tuning
from penchant.language.tuning import (
    IA3,
    WAYS,
    AdaLoRA,
    Adapters,
    BitFit,
    Full,
    LoRA,
    PrefixTuning,
    PromptTuning,
    TopLayers,
    frozen_below,
    way_by_name,
)


@pytest.mark.parametrize("name", WAYS)
def test_a_way_comes_back_from_its_name_and_settings(name):
    way = way_by_name(name)
    assert way.name == name
    assert way_by_name(name, **dataclasses.asdict(way)) == way


def test_there_are_nine():
    assert " ".join(WAYS) == "full top-layers lora adalora adapters prefix prompt bitfit ia3"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LoRA(rank=0), r"LoRA.rank must be a whole number of at least 1, got 0"),
        (lambda: LoRA(rank=True), r"LoRA.rank must be a whole number"),
        (lambda: LoRA(alpha=0.0), r"LoRA.alpha must be more than 0, got 0.0"),
        (lambda: LoRA(alpha=float("nan")), r"LoRA.alpha must be more than 0, got nan"),
        (lambda: LoRA(dropout=1.0), r"LoRA.dropout must be at least 0 and at most 0.9, got 1.0"),
        (lambda: LoRA(layers=0), r"LoRA.layers must be a whole number of at least 1, got 0"),
        (lambda: LoRA(targets="some"), r"must be one of query-value, attention, all, got 'some'"),
        (lambda: AdaLoRA(start_rank=4), r"start_rank must be at least rank \(8\), got 4"),
        (lambda: AdaLoRA(warmup=0.5, cooldown=0.5), r"AdaLoRA.cooldown .* at most 0.4, got 0.5"),
        (lambda: TopLayers(layers=None), r"TopLayers.layers must be a whole number"),
        (lambda: Adapters(size=0), r"Adapters.size"),
        (lambda: PrefixTuning(tokens=0), r"PrefixTuning.tokens"),
        (lambda: PromptTuning(tokens=1.5), r"PromptTuning.tokens .* got 1.5"),
        (lambda: IA3(layers=-1), r"IA3.layers"),
        (lambda: BitFit(layers="3"), r"BitFit.layers .* got '3'"),
        (lambda: way_by_name("lorra"), r"no way of tuning 'lorra'; did you mean 'lora'\?"),
        (lambda: way_by_name("lora", rnak=3), r"LoRA has no setting 'rnak'; did you mean 'rank'"),
        (lambda: way_by_name("full", rank=3), r"Full has no setting 'rank'. Known: none"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(make, message):
    with pytest.raises(UsageError, match=message):
        make()


@pytest.mark.parametrize(
    ("way", "below"),
    [
        (Full(), 0),
        (TopLayers(layers=2), 4),
        (LoRA(), 0),
        (LoRA(layers=3), 3),
        (AdaLoRA(layers=1), 5),
        (Adapters(layers=6), 0),
        (PrefixTuning(layers=2), 4),
        (PromptTuning(), 0),
        (BitFit(), 0),
        (BitFit(layers=9), 0),
        (IA3(layers=5), 1),
    ],
)
def test_the_blocks_below_the_lowest_change_are_frozen(way, below):
    assert frozen_below(way, 6) == below


def test_every_public_name_is_there():
    assert all(getattr(tuning, name) is not None for name in tuning.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lorra'"):
        _ = tuning.lorra


def test_importing_the_ways_imports_neither_torch_nor_peft():
    code = (
        "import sys, penchant.language.tuning as t; t.LoRA(rank=2);"
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
