"""Fine-tune pre-trained language models into recommender systems, and run them.

>>> import penchant
>>> penchant.EASE(l2=100).config
EaseConfig(l2=100.0)

Every public name stands here. Names are looked up when they are first used (PEP 562), so that
``import penchant`` itself takes milliseconds and brings neither torch nor transformers.
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

if TYPE_CHECKING:
    from .core import (
        BundleError,
        DamagedBundle,
        DataError,
        MissingDependency,
        ModelNotFound,
        NewerBundle,
        PenchantError,
        Problem,
        SeenEvents,
        TrainingFailed,
        Unsupported,
        UsageError,
        quiet,
    )
    from .data import (
        Dataset,
        read,
        read_demo,
    )
    from .engine import (
        ALS,
        BPR,
        EASE,
        STAR,
        ClickModel,
        Estimator,
        ItemKNN,
        PairRanker,
        Popularity,
        PromptRanker,
        Random,
        RatingModel,
        RecentPopularity,
        Recommender,
        SASRec,
        TextMean,
        TextSequence,
        TwoTower,
        by_name,
        load,
    )
    from .lab.compare import compare  # mypy takes `.lab.compare` for the module of that name
    from .lab.evaluate import evaluate
    from .lab.events import evaluate_events
    from .language.tuning import (
        IA3,
        AdaLoRA,
        Adapters,
        BitFit,
        Full,
        LoRA,
        PrefixTuning,
        PromptTuning,
        TopLayers,
    )
    from .models.few_shot import (
        FewShotModel,
        few_shot,
        read_examples,
    )
    from .serve import (
        Client,
    )
    from .tune import (
        pretrain,
    )

__version__ = "0.1.0"

_ROOMS = {
    "core": (
        "BundleError DamagedBundle DataError MissingDependency ModelNotFound NewerBundle "
        "PenchantError Problem SeenEvents TrainingFailed Unsupported UsageError quiet"
    ),
    "data": "Dataset read read_demo",
    "engine": (
        "ALS BPR EASE STAR ClickModel Estimator ItemKNN PairRanker Popularity PromptRanker "
        "Random RatingModel RecentPopularity Recommender SASRec TextMean TextSequence "
        "TwoTower by_name load"
    ),
    "lab": "compare evaluate evaluate_events",
    "language.tuning": "IA3 AdaLoRA Adapters BitFit Full LoRA PrefixTuning PromptTuning TopLayers",
    "models.few_shot": "FewShotModel few_shot read_examples",
    "serve": "Client",
    "tune": "pretrain",
}
_ROOM = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "ALS",
    "BPR",
    "EASE",
    "IA3",
    "STAR",
    "AdaLoRA",
    "Adapters",
    "BitFit",
    "BundleError",
    "ClickModel",
    "Client",
    "DamagedBundle",
    "DataError",
    "Dataset",
    "Estimator",
    "FewShotModel",
    "Full",
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


__getattr__, __dir__ = lazily(__name__, _ROOM)
