"""Several processes learn what one would."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from penchant.core import Sequences, Unsupported
from penchant.tune.devices import Alone, devices
from penchant.tune.sharing import share_of

SCRIPT = Path(__file__).with_name("shared_training.py")
SETTINGS = {"accumulate": 2, "average": "EMA", "adversarial": "FGM", "schedule": "linear"}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("accelerate") is None, reason="without accelerate")
def test_two_processes_end_with_the_weights_of_one(tmp_path):
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu"]
    launch += ["--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
    launch += ["--dynamo_backend", "no", "--main_process_port", free_port()]
    # accelerate starts processes on a CPU by itself through MPI only; this takes torch's own way
    done = subprocess.run(
        [*launch, SCRIPT, tmp_path, json.dumps(SETTINGS | {"keep": True})],
        env=os.environ | {"ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    spec = importlib.util.spec_from_file_location("shared_training", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    weights, history = module.learn(**SETTINGS)
    for rank in range(2):
        found = load_file(tmp_path / f"weights-{rank}.safetensors")
        for name, value in weights.items():
            torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6)
        losses, validations = json.loads((tmp_path / f"history-{rank}.json").read_text())
        assert losses == pytest.approx(history.step_losses, rel=1e-5)
        assert validations == pytest.approx(history.validations, rel=1e-5)
    kept = tmp_path / "run" / "1-training" / "checkpoints"
    facts = json.loads((sorted(kept.iterdir())[-1] / "facts.json").read_text())
    assert facts["of"]["processes"] == len(facts["facts"]["random"]) == 2


def rows(length):
    return Sequences.of_items(np.ones(length, int), np.arange(length))


@pytest.mark.parametrize(
    "batch",
    [
        np.arange(5),
        torch.arange(5),
        list(range(5)),
        (np.arange(5), list(range(5))),
        {"a": np.arange(5)},
    ],
    ids=lambda batch: type(batch).__name__,
)
def test_the_shares_of_a_batch_are_the_batch(batch):
    def flat(part):
        while isinstance(part, tuple | dict):
            part = part[0] if isinstance(part, tuple) else part["a"]
        return [int(row) for row in part]

    shares = [share_of(batch, rank, 2) for rank in range(2)]
    assert [flat(part) for part, _ in shares] == [[0, 2, 4], [1, 3]]
    assert all(real for _, real in shares)


def test_histories_are_shared_by_rows():
    part, real = share_of(rows(5), 1, 2)
    assert real
    assert part.item.tolist() == [1, 3]


def test_a_process_without_rows_gets_one_that_does_not_count():
    part, real = share_of(np.arange(1), 1, 2)
    assert not real
    assert len(part) == 1


@pytest.mark.parametrize("batch", [7, object(), iter([1, 2])], ids=["number", "object", "iterator"])
def test_a_batch_without_rows_is_refused(batch):
    with pytest.raises(Unsupported, match="has no rows"):
        share_of(batch, 0, 2)


def test_one_process_needs_no_accelerate(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("ACCELERATE_MIXED_PRECISION", raising=False)
    assert isinstance(devices(), Alone)
    marker = object()
    assert share_of(marker, 0, 1) == (marker, True)
