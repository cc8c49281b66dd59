"""Pure numbers with intervals: how good a ranking, a rating or a click prediction is.

Everything here is a function of NumPy arrays; randomness is an argument.
"""

from .change import ChangeDetector, bands, stake
from .classification import auc, grouped_auc, log_loss
from .interleaving import Preference, preference
from .interval import interval
from .lists import coverage, exposure, gini, intra_list_diversity, novelty
from .off_policy import Estimate, doubly_robust, ips, snips
from .paired import Paired, holm, paired
from .propensities import Logged
from .proportions import sample_ratio, win_share
from .psi import LARGE, SMALL, bin_of, psi, psi_expected, psi_terms, quantile_cuts
from .ranking import average_precision, hit_rate, hits, mrr, ndcg, precision, recall
from .rating import mae, rmse
from .sequential import Sample, Sequential, confidence_sequence, difference, mixing, one_mean

__all__ = [
    "LARGE",
    "SMALL",
    "ChangeDetector",
    "Estimate",
    "Logged",
    "Paired",
    "Preference",
    "Sample",
    "Sequential",
    "auc",
    "average_precision",
    "bands",
    "bin_of",
    "confidence_sequence",
    "coverage",
    "difference",
    "doubly_robust",
    "exposure",
    "gini",
    "grouped_auc",
    "hit_rate",
    "hits",
    "holm",
    "interval",
    "intra_list_diversity",
    "ips",
    "log_loss",
    "mae",
    "mixing",
    "mrr",
    "ndcg",
    "novelty",
    "one_mean",
    "paired",
    "precision",
    "preference",
    "psi",
    "psi_expected",
    "psi_terms",
    "quantile_cuts",
    "recall",
    "rmse",
    "sample_ratio",
    "snips",
    "stake",
    "win_share",
]
