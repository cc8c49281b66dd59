"""A small training that several processes share: ``accelerate launch shared_training.py OUT SETTINGS``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from penchant.core import generator, quiet
from penchant.tune import EMA, FGM, Lessons, LoopConfig, run_folder, train
from penchant.tune.devices import devices

KINDS = {"EMA": EMA(0.9), "FGM": FGM()}


class Tower(nn.Module):
    """Called part by part, never as a whole, as penchant's networks are."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(30, 6)
        self.head = nn.Linear(6, 6)
        self.asked_rarely = nn.Linear(6, 6)


def learn(folder=None, **given):
    """Train on next items with shared negatives; the weights, and the history."""
    given = {name: KINDS.get(value, value) for name, value in given.items()}
    config = LoopConfig(**{"epochs": 3, "patience": 3, "learning_rate": 0.02} | given)
    torch.manual_seed(0)
    network, rng = Tower(), generator(0, "batches")

    def batches():
        # a last batch of one row: fewer rows than processes
        yield from np.split(rng.permutation(30), [8, 16, 29])

    def loss_of(rows):
        negatives = torch.from_numpy(rng.integers(30, size=12))  # the same in all processes
        here = torch.from_numpy(rows)
        states = network.head(network.table(here))
        if 7 in rows:  # in one process and not in the other
            states = states + network.asked_rarely(states) * (here == 7)[:, None]
        items = network.table(torch.cat([(here + 1) % 30, negatives]))
        logits = torch.cat(
            [(states * items[: len(here)]).sum(1, keepdim=True), states @ items[len(here) :].T], 1
        )
        zero = torch.zeros(len(here), dtype=torch.int64)
        return nn.functional.cross_entropy(logits, zero), len(here)

    def validate():
        with torch.no_grad():
            return -float(network.head(network.table.weight).square().mean())

    lessons = Lessons(batches, 30, rngs=(rng,))
    with quiet():
        if folder is None:
            history = train(network, lessons, loss_of, config, validate)
        else:
            with run_folder(folder, every_steps=2):
                history = train(network, lessons, loss_of, config, validate)
    return {name: value.detach().clone() for name, value in network.state_dict().items()}, history


if __name__ == "__main__":
    out, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    folder = out / "run" if settings.pop("keep", False) else None
    weights, history = learn(folder, **settings)
    rank = devices().rank
    save_file(weights, out / f"weights-{rank}.safetensors")
    (out / f"history-{rank}.json").write_text(
        json.dumps([history.step_losses, history.validations])
    )
