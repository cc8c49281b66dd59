"""What ``penchant`` offers: a name added or lost must be meant."""

from __future__ import annotations

import subprocess
import sys

import penchant

PUBLIC = [
    "ALS",
    "AdaLoRA",
    "Adapters",
    "BPR",
    "BitFit",
    "BundleError",
    "ClickModel",
    "Client",
    "DamagedBundle",
    "DataError",
    "Dataset",
    "EASE",
    "Estimator",
    "FewShotModel",
    "Full",
    "IA3",
    "ItemKNN",
    "LoRA",
    "MissingDependency",
    "ModelNotFound",
    "NewerBundle",
    "PairRanker",
    "PenchantError",
    "Popularity",
    "PrefixTuning",
    "Problem",
    "PromptRanker",
    "PromptTuning",
    "Random",
    "RatingModel",
    "RecentPopularity",
    "Recommender",
    "SASRec",
    "STAR",
    "SeenEvents",
    "TextMean",
    "TextSequence",
    "TopLayers",
    "TrainingFailed",
    "TwoTower",
    "Unsupported",
    "UsageError",
    "by_name",
    "compare",
    "evaluate",
    "evaluate_events",
    "few_shot",
    "load",
    "pretrain",
    "quiet",
    "read",
    "read_demo",
    "read_examples",
]


def test_the_public_names_are_these():
    assert sorted(penchant.__all__) == sorted(PUBLIC)
    assert {*PUBLIC, "__version__"} <= set(dir(penchant))


def test_every_public_name_is_there():
    for name in PUBLIC:
        assert getattr(penchant, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(penchant, "EEASE")


def test_the_package_alone_is_light():
    code = "import sys, penchant; print({'torch', 'transformers', 'polars', 'numpy'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_type_checkers_see_the_same_names():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(penchant.__file__).read_text("utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {
        alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == set(PUBLIC)
