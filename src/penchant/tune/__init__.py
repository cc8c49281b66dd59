"""Training: batches, objectives, the loop and what stands around it.

Importing this room imports no torch: a name brings its file when it is first used (PEP 562), so that
settings such as ``FGM`` can stand in the config of a model, and a run folder can be opened anywhere.
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

if TYPE_CHECKING:
    from .augment import (
        back_translation,
        delete_words,
        masked_predictions,
        one_of,
        swap_words,
        synonyms,
    )
    from .averaging import soup
    from .batches import windows
    from .corpus import Corpus, corpus_of, corpus_of_texts
    from .curves import curves_picture, draw_curves, read_curves, write_curves
    from .folder import RunFolder, run_folder
    from .history import History, Keeps, Lessons
    from .instructions import (
        NO,
        YES,
        Example,
        InstructionConfig,
        instruction_examples,
        like_threshold,
        longest_fit,
        next_item_prompt,
        rating_prompt,
        split_history,
        yes_no_prompt,
    )
    from .loop import train
    from .masking import Masking
    from .matching import MatchingConfig, tune_on_pairs, without_dropout
    from .matching_pairs import TextPairs, next_item_pairs
    from .objectives import (
        IGNORED,
        BinaryCrossEntropy,
        BPRLoss,
        Distillation,
        EmbeddingDistillation,
        HardNegatives,
        InBatchSoftmax,
        LambdaLoss,
        ListMLE,
        ListwiseSoftmax,
        MarginLoss,
        NegativeSampler,
        SampledSoftmax,
        SoftmaxCrossEntropy,
        SquaredError,
        TokenLikelihood,
        TwoTowerRating,
        UncertaintyWeights,
        WeightedSum,
        answer_labels,
        padded_labels,
        sampled_softmax,
        softmax,
    )
    from .optimisers import by_decay
    from .precision import autocast, chosen_precision
    from .pretraining import PretrainConfig, Pretrained, pretrain
    from .rank_schedule import adapting
    from .rate_finder import RateCurve, find_rate
    from .settings import EMA, FGM, PGD, BestK, LastK, LoopConfig

_FILES = {
    "rank_schedule": "adapting",
    "augment": "back_translation delete_words masked_predictions one_of swap_words synonyms",
    "averaging": "soup",
    "batches": "windows",
    "corpus": "Corpus corpus_of corpus_of_texts",
    "curves": "curves_picture draw_curves read_curves write_curves",
    "folder": "RunFolder run_folder",
    "history": "History Keeps Lessons",
    "instructions": (
        "NO YES Example InstructionConfig instruction_examples like_threshold "
        "longest_fit next_item_prompt rating_prompt split_history yes_no_prompt"
    ),
    "loop": "train",
    "objectives": (
        "IGNORED BPRLoss BinaryCrossEntropy Distillation EmbeddingDistillation "
        "HardNegatives InBatchSoftmax LambdaLoss ListMLE ListwiseSoftmax MarginLoss "
        "NegativeSampler SampledSoftmax SoftmaxCrossEntropy SquaredError TokenLikelihood "
        "TwoTowerRating UncertaintyWeights WeightedSum answer_labels padded_labels "
        "sampled_softmax softmax"
    ),
    "masking": "Masking",
    "matching": "MatchingConfig tune_on_pairs without_dropout",
    "matching_pairs": "TextPairs next_item_pairs",
    "optimisers": "by_decay",
    "precision": "autocast chosen_precision",
    "pretraining": "PretrainConfig Pretrained pretrain",
    "rate_finder": "RateCurve find_rate",
    "settings": "EMA FGM PGD BestK LastK LoopConfig",
}
_FILE = {name: file for file, names in _FILES.items() for name in names.split()}

__all__ = [
    "EMA",
    "FGM",
    "IGNORED",
    "NO",
    "PGD",
    "YES",
    "BPRLoss",
    "BestK",
    "BinaryCrossEntropy",
    "Corpus",
    "Distillation",
    "EmbeddingDistillation",
    "Example",
    "HardNegatives",
    "History",
    "InBatchSoftmax",
    "InstructionConfig",
    "Keeps",
    "LambdaLoss",
    "LastK",
    "Lessons",
    "ListMLE",
    "ListwiseSoftmax",
    "LoopConfig",
    "MarginLoss",
    "Masking",
    "MatchingConfig",
    "NegativeSampler",
    "PretrainConfig",
    "Pretrained",
    "RateCurve",
    "RunFolder",
    "SampledSoftmax",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "TextPairs",
    "TokenLikelihood",
    "TwoTowerRating",
    "UncertaintyWeights",
    "WeightedSum",
    "adapting",
    "answer_labels",
    "autocast",
    "back_translation",
    "by_decay",
    "chosen_precision",
    "corpus_of",
    "corpus_of_texts",
    "curves_picture",
    "delete_words",
    "draw_curves",
    "find_rate",
    "instruction_examples",
    "like_threshold",
    "longest_fit",
    "masked_predictions",
    "next_item_pairs",
    "next_item_prompt",
    "one_of",
    "padded_labels",
    "pretrain",
    "rating_prompt",
    "read_curves",
    "run_folder",
    "sampled_softmax",
    "softmax",
    "soup",
    "split_history",
    "swap_words",
    "synonyms",
    "train",
    "tune_on_pairs",
    "windows",
    "without_dropout",
    "write_curves",
    "yes_no_prompt",
]


__getattr__, __dir__ = lazily(__name__, _FILE)
