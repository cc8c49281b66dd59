"""What training minimises, a file a kind; each a small configuration that is called with tensors.

An objective holds no data and knows no model: it takes scores or vectors and gives a scalar with a
gradient. The three with parameters of their own (``TwoTowerRating``, ``EmbeddingDistillation``,
``UncertaintyWeights``) are torch modules, to be trained along.
"""

from .click import BinaryCrossEntropy, SoftmaxCrossEntropy
from .distillation import Distillation, EmbeddingDistillation
from .generation import IGNORED, TokenLikelihood, answer_labels, padded_labels
from .lambda_loss import LambdaLoss
from .listwise import ListMLE, ListwiseSoftmax
from .matching import InBatchSoftmax, SampledSoftmax
from .mining import HardNegatives
from .next_item import NegativeSampler, sampled_softmax, softmax
from .pairwise import BPRLoss, MarginLoss
from .rating import SquaredError, TwoTowerRating
from .together import UncertaintyWeights, WeightedSum

__all__ = [
    "IGNORED",
    "BPRLoss",
    "BinaryCrossEntropy",
    "Distillation",
    "EmbeddingDistillation",
    "HardNegatives",
    "InBatchSoftmax",
    "LambdaLoss",
    "ListMLE",
    "ListwiseSoftmax",
    "MarginLoss",
    "NegativeSampler",
    "SampledSoftmax",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "TokenLikelihood",
    "TwoTowerRating",
    "UncertaintyWeights",
    "WeightedSum",
    "answer_labels",
    "padded_labels",
    "sampled_softmax",
    "softmax",
]
