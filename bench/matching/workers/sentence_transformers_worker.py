"""sentence-transformers' trainer on the pairs. Runs in its own environment."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers import SentenceTransformerTrainer as Trainer
from sentence_transformers import SentenceTransformerTrainingArguments as Arguments

try:  # its newer and its older place
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
except ImportError:
    from sentence_transformers.losses import MultipleNegativesRankingLoss


def main() -> None:
    job = json.loads(sys.stdin.readline())
    folder = Path(job["folder"])
    model = SentenceTransformer(job["language"], device="cpu")
    if job["length"]:
        model.max_seq_length = job["length"]
    if job["lora"]:
        add_lora(model, job["lora"])
    pairs = json.loads((folder / "pairs.json").read_text())[: job["pairs"]]
    started, burnt = time.perf_counter(), time.process_time()
    Trainer(
        model=model,
        args=Arguments(
            output_dir=str(folder / "output"),
            num_train_epochs=1,
            per_device_train_batch_size=job["batch"],
            learning_rate=job["rate"],
            warmup_steps=int(0.1 * len(pairs) / job["batch"]),
            seed=job["seed"],
            use_cpu=True,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_dict(
            {"anchor": [pair[0] for pair in pairs], "positive": [pair[1] for pair in pairs]}
        ),
        loss=MultipleNegativesRankingLoss(model),
    ).train()
    seconds, burnt = time.perf_counter() - started, time.process_time() - burnt
    texts = json.loads((folder / "texts.json").read_text())
    vectors = model.encode(texts, batch_size=128, normalize_embeddings=True)
    np.save(folder / "vectors.npy", np.asarray(vectors, np.float32))
    names = ("sentence-transformers", "transformers", "torch")
    answer = {
        "seconds": seconds,
        "cpu_seconds": burnt,
        "versions": {name: version(name) for name in names},
    }
    (folder / "answer.json").write_text(json.dumps(answer))


def add_lora(model: SentenceTransformer, layers: int) -> None:
    """LoRA of rank 8 on every linear layer of the top blocks, through PEFT."""
    from peft import LoraConfig

    blocks = model[0].auto_model.config.num_hidden_layers
    model.add_adapter(
        LoraConfig(
            r=8,
            lora_alpha=16,
            target_modules=["query", "key", "value", "dense"],
            layers_to_transform=list(range(blocks - layers, blocks)),
            layers_pattern="layer",
        )
    )


main()
