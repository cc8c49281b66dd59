"""A transformer that turns texts into vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from .backbone import Backbone
from .batches import batches_by_length
from .tuning import tuned_digest, tuning_of

TOKENS_A_BATCH = 8192
"""Tokens of one forward pass, padding included: 40 MB of activations in MiniLM."""


class TransformerEncoder:
    """A transformer that stays as it is, with its tokenizer and its own way of pooling.

    Attributes:
        dim: length of a vector.
        digest: SHA-256 (hex) over weights, tokenizer, pooling and length, and over what is tuned as
            it was when the encoder was made.
        length: tokens after which a text is cut.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone.eval()
        self.length = backbone.length
        own = backbone.vectors_digest
        self.digest = own if tuning_of(backbone) is None else tuned_digest(backbone, own)
        self.dim = backbone.dim

    @classmethod
    def load(cls, folder: Path, digest: str, device: str | None = None) -> Self:
        """Open the model in a folder; see ``Backbone.open`` for what can go wrong."""
        return cls(Backbone.open(folder, digest, device))

    @torch.inference_mode()
    def encode(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Vectors (texts, dim) float32; a text's vector does not depend on the texts beside it."""
        out = np.zeros((len(texts), self.dim), np.float32)
        if not texts:
            return out
        tokens = self.backbone.tokens(texts)
        lengths = np.fromiter((len(row) for row in tokens), np.int64, len(tokens))
        for rows in batches_by_length(lengths, TOKENS_A_BATCH):
            out[rows] = self.backbone.vectors([tokens[row] for row in rows]).cpu().numpy()
        return out
