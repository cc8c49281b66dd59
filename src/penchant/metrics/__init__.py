"""Pure numbers with intervals: how good a ranking, a rating or a click prediction is.

Everything here is a function of NumPy arrays; randomness is an argument.
"""

from .classification import auc, grouped_auc, log_loss
from .interval import interval
from .lists import coverage, exposure, gini, intra_list_diversity, novelty
from .paired import Paired, holm, paired
from .ranking import average_precision, hit_rate, hits, mrr, ndcg, precision, recall
from .rating import mae, rmse

__all__ = [
    "Paired",
    "auc",
    "average_precision",
    "coverage",
    "exposure",
    "gini",
    "grouped_auc",
    "hit_rate",
    "hits",
    "holm",
    "interval",
    "intra_list_diversity",
    "log_loss",
    "mae",
    "mrr",
    "ndcg",
    "novelty",
    "paired",
    "precision",
    "recall",
    "rmse",
]
