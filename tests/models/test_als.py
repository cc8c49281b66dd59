"""ALS: the fold-in against the normal equations, and what training must not depend on."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from penchant.models import Als, AlsConfig
from penchant.models.als import FoldIn
from penchant.models.matrix import row_matrix


@pytest.mark.parametrize("alpha", [0.5, 1.0, 20.0])
def test_a_user_is_solved_for_from_the_history_alone(world, alpha):
    data = world.random()
    histories = world.histories(data)
    y = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    users = FoldIn(y, alpha, 0.7)(row_matrix(data.interactions.events, 40))
    preferred = world.dense(histories, 40)
    for row in range(len(histories)):
        # Hu, Koren, Volinsky 2008, eq. 4, with the full diagonal of confidences
        c = np.diag(np.where(preferred[row] > 0, alpha, 1.0))
        x = np.linalg.solve(y.T @ c @ y + 0.7 * np.eye(6), y.T @ c @ preferred[row])
        assert np.allclose(users[row], x, atol=1e-4)


def test_folding_in_gives_what_the_library_gives_for_the_same_user(world):
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    data = world.random()
    x = row_matrix(data.interactions.events, 40)
    with threadpool_limits(1, "blas"):
        peer = AlternatingLeastSquares(factors=6, alpha=3.0, regularization=2.0, random_state=0)
        peer.fit(csr_matrix(x), show_progress=False)
        wanted = peer.recalculate_user(np.arange(60), csr_matrix(x))
    assert np.allclose(FoldIn(peer.item_factors, 3.0, 2.0)(x), wanted, atol=1e-4)


def test_folding_in_fewer_users_at_a_time_changes_nothing(world, monkeypatch):
    x = row_matrix(world.random().interactions.events, 40)
    y = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    whole = FoldIn(y, 2.0, 0.7)(x)
    monkeypatch.setattr("penchant.models.als.SYSTEMS", 7 * 6**2)
    assert np.array_equal(FoldIn(y, 2.0, 0.7)(x), whole)


def test_training_predicts_the_training_events(world):
    data = world.random()
    histories = world.histories(data)
    config = AlsConfig(factors=16, regularization=0.1)
    scores = Als.fit(config, data).score(world.requests(data, histories))
    chosen = world.dense(histories, 40) > 0
    assert scores[chosen].mean() > 5 * abs(scores[~chosen].mean())


def test_another_seed_gives_other_vectors(world):
    data = world.random()
    first, second = (Als.fit(AlsConfig(factors=8), data, seed).y for seed in (0, 1))
    assert not np.allclose(first, second)


def test_the_number_of_threads_does_not_change_the_vectors(world):
    """Why ``Als`` may use all cores and still be the same under a seed."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    x = csr_matrix(row_matrix(world.random().interactions.events, 40))
    found = []
    for threads in (1, 2, 7):
        with threadpool_limits(1, "blas"):
            peer = AlternatingLeastSquares(factors=8, random_state=0, num_threads=threads)
            peer.fit(x, show_progress=False)
        found.append(peer.item_factors)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_training_warns_of_nothing_where_blas_has_several_threads():
    """``implicit`` warns once a process, so this needs one of its own."""
    code = (
        "import numpy as np; from types import SimpleNamespace as N\n"
        "from penchant.core import IdMap, Interactions, Sequences, quiet\n"
        "from penchant.models import Als, AlsConfig\n"
        "events = Sequences.of_items(np.array([2, 2]), np.array([0, 1, 1, 2]))\n"
        "ids = IdMap('abc'); data = N(interactions=Interactions(IdMap('uv'), ids, events))\n"
        "print(Als.fit(AlsConfig(factors=2), data).y.shape)"
    )
    free = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    env = free | {"OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=env, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("(3, 2)", "")
