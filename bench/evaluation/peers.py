"""The peers' side: RecTools and ranx over the same blocks. Runs in the peers' own environment."""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pandas as pd
import ranx
from blocks import blocks
from rectools import Columns
from rectools.metrics import NDCG, HitRate, calc_metrics
from rectools.models.utils import recommend_from_scores

K = 10


def rectools_rank(scores: np.ndarray) -> np.ndarray:
    """RecTools' own ranking, user by user as its models call it."""
    return np.array([recommend_from_scores(row, K)[0] for row in scores])


def numpy_rank(scores: np.ndarray) -> np.ndarray:
    """What a user of ranx writes in front of it: the best 10 by argpartition, then sorted."""
    part = np.argpartition(scores, -K, axis=1)[:, -K:]
    order = np.argsort(-np.take_along_axis(scores, part, axis=1), axis=1)
    return np.take_along_axis(part, order, axis=1)


def rectools_score(codes: np.ndarray, answer: np.ndarray) -> dict[str, float]:
    users = np.arange(len(codes))
    reco = pd.DataFrame(
        {
            Columns.User: np.repeat(users, K),
            Columns.Item: codes.ravel(),
            Columns.Rank: np.tile(np.arange(1, K + 1), len(codes)),
        }
    )
    truth = pd.DataFrame({Columns.User: users, Columns.Item: answer})
    metrics = {"HR@10": HitRate(K), "NDCG@10": NDCG(K, divide_by_achievable=True)}
    return {name: float(x) for name, x in calc_metrics(metrics, reco, truth).items()}


def ranx_score(codes: np.ndarray, answer: np.ndarray) -> dict[str, float]:
    places = np.arange(K, 0, -1).astype(float)
    run = ranx.Run.from_dict(
        {
            str(user): dict(zip(map(str, row), places, strict=True))
            for user, row in enumerate(codes.tolist())
        }
    )
    truth = ranx.Qrels.from_dict({str(u): {str(i): 1} for u, i in enumerate(answer.tolist())})
    got = ranx.evaluate(truth, run, ["hit_rate@10", "ndcg@10"])
    return {"HR@10": float(got["hit_rate@10"]), "NDCG@10": float(got["ndcg@10"])}


def timed(call: Callable, *args: object) -> tuple:
    start = time.perf_counter()
    out = call(*args)
    return out, time.perf_counter() - start


def one_pass(data: dict[str, np.ndarray], rank: Callable, score: Callable) -> dict:
    lists, ranking = [], 0.0
    for _, scores in blocks(data):
        codes, seconds = timed(rank, scores)
        lists.append(codes)
        ranking += seconds
    codes = np.concatenate(lists)
    score(codes, data["answer"])  # Numba compiles on the first call: not counted
    values, scoring = timed(score, codes, data["answer"])
    return {"rank_s": ranking, "score_s": scoring, "values": values}


def main() -> None:
    data = dict(np.load(sys.argv[1]))
    out = {
        "RecTools": one_pass(data, rectools_rank, rectools_score),
        "ranx": one_pass(data, numpy_rank, ranx_score),
    }
    for name in out:
        out[name]["version"] = version(name)
    json.dump(out, sys.stdout)


main()
