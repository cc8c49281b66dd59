"""A small training with every kind of state, run by a test or as a process that is killed.

``python small_training.py FOLDER SETTINGS KILL_AT``
"""

from __future__ import annotations

import json
import os
import signal
import sys

import numpy as np
import torch
from torch import nn

from penchant.core import generator, quiet
from penchant.tune import EMA, FGM, BestK, LastK, Lessons, LoopConfig, run_folder, train

KINDS = {"EMA": EMA(0.9), "LastK": LastK(2), "BestK": BestK(2), "FGM": FGM()}


class Wheel:
    """Something beside the network that changes in training."""

    def __init__(self):
        self.turns = torch.zeros(2, dtype=torch.float64)

    def state_dict(self):
        return {"turns": self.turns, "note": ("a", 1)}

    def load_state_dict(self, state):
        self.turns = state["turns"]


def learn(folder=None, kill_at=0, every_steps=3, about=None, **given):
    """Train on squares; the weights after it, and its history.

    Kills its own process with SIGKILL in the middle of the step ``kill_at``.
    """
    given = {name: KINDS.get(value, value) for name, value in given.items()}
    config = LoopConfig(
        **{"epochs": 4, "patience": 4, "learning_rate": 0.02, "warmup_steps": 3} | given
    )
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Embedding(20, 6), nn.Flatten(), nn.Linear(12, 8), nn.Dropout(0.3), nn.BatchNorm1d(8)
    )
    network.append(nn.Linear(8, 1))
    network[2].bias.requires_grad_(False)
    rng, wheel = generator(0, "batches"), Wheel()
    calls = 0

    def batches():
        for rows in np.split(rng.permutation(40), 5):
            yield rows % 20

    def loss_of(rows):
        nonlocal calls
        calls += 1
        if calls == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        wheel.turns += 1
        noise = rng.normal(size=(len(rows), 1)) + float(wheel.turns[0]) / 100
        pairs = torch.from_numpy(np.stack([rows, 19 - rows], axis=1))
        target = torch.from_numpy(rows[:, None] / 10 + noise).float()
        return ((network(pairs) - target) ** 2).mean(), len(rows)

    def validate():
        pairs = torch.tensor([[n, 19 - n] for n in range(20)])
        with torch.no_grad():
            return -float(((network(pairs)[:, 0] - torch.arange(20) / 10) ** 2).mean())

    lessons = Lessons(batches, 40, rngs=(rng,), also={"wheel": wheel})
    with quiet():
        if folder is None:
            history = train(network, lessons, loss_of, config, validate, "squares")
        else:
            with run_folder(folder, every_steps=every_steps, about=about or {}):
                history = train(network, lessons, loss_of, config, validate, "squares")
    return {name: value.clone() for name, value in network.state_dict().items()}, history, calls


if __name__ == "__main__":
    learn(sys.argv[1], int(sys.argv[3]), **json.loads(sys.argv[2]))
