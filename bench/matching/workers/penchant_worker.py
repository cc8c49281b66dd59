"""penchant's tuning on the pairs."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from penchant.language import load_backbone
from penchant.language.encoder import TransformerEncoder
from penchant.language.tuning import Full, LoRA
from penchant.tune.matching import MatchingConfig, tune_on_pairs
from penchant.tune.matching_pairs import TextPairs


def main() -> None:
    job = json.loads(sys.stdin.readline())
    folder = Path(job["folder"])
    backbone = load_backbone(job["language"], "cpu", length=job["length"] or None)
    pairs = json.loads((folder / "pairs.json").read_text())[: job["pairs"]]
    way = LoRA(rank=8, layers=job["lora"]) if job["lora"] else Full()
    started, burnt = time.perf_counter(), time.process_time()
    if pairs:
        tune_on_pairs(
            backbone,
            TextPairs.of([pair[0] for pair in pairs], [pair[1] for pair in pairs]),
            way,
            MatchingConfig(batch=job["batch"], learning_rate=job["rate"]),
            job["seed"],
        )
    seconds, burnt = time.perf_counter() - started, time.process_time() - burnt
    texts = json.loads((folder / "texts.json").read_text())
    vectors = TransformerEncoder(backbone).encode(tuple(texts))
    np.save(folder / "vectors.npy", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    names = ("penchant", "transformers", "torch")
    answer = {
        "seconds": seconds,
        "cpu_seconds": burnt,
        "versions": {name: version(name) for name in names},
    }
    (folder / "answer.json").write_text(json.dumps(answer))


main()
