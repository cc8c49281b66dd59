"""Fewer bits: texts read, and items compared, in bfloat16 and int8 beside float32.

    python bench/retrieval/precision.py --data FOLDER        # a data set that penchant knows; the demo's if left out

Texts are read by the default encoder, one thread: as it is, under bfloat16 autocast, with its weights
in bfloat16, with the linear layers in int8 (torch's dynamic quantization). What that does to lists is
measured on text-mean over them: overlap of the ten best, and NDCG@10 on leave-last-out with a paired
95 % interval of the difference. Items are compared by one product of one question with all vectors: as
the exact index does it, with the vectors in bfloat16, and by faiss with 8 bits a number. Seconds are of
this thread's processor, the best of several rounds.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from penchant.core import top_k
from penchant.data import Dataset, open_folder, read_demo
from penchant.engine import Recommender
from penchant.language import TransformerEncoder, load_backbone
from penchant.models import TextMean, TextMeanConfig, popularity_prior

HERE = Path(__file__).parent
K = 10


def encoders() -> dict[str, Callable[[tuple[str, ...]], NDArray[np.float32]]]:
    """Ways to read texts: texts -> vectors (texts, dim)."""
    backbone = load_backbone()
    plain = TransformerEncoder(backbone)

    def autocast(texts: tuple[str, ...]) -> NDArray[np.float32]:
        with torch.autocast("cpu", torch.bfloat16):
            return plain.encode(texts)

    half = copy.deepcopy(backbone)
    half.model.to(torch.bfloat16)
    pool = half.pool
    half.pool = lambda states, mask: pool(states.float(), mask)  # type: ignore[method-assign]
    small = copy.deepcopy(backbone)
    linear = {torch.nn.Linear}
    small.model = torch.ao.quantization.quantize_dynamic(small.model, linear, torch.qint8)
    return {
        "float32": plain.encode,
        "bfloat16 autocast": autocast,
        "bfloat16 weights": TransformerEncoder(half).encode,
        "int8 linear layers": TransformerEncoder(small).encode,
    }


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-12)).astype(np.float32)


def seconds(call: Callable[[], Any], rounds: int) -> float:
    """Of this thread's processor, the best of some rounds after one that does not count."""
    taken = []
    for _ in range(rounds + 1):
        start = time.thread_time()
        call()
        taken.append(time.thread_time() - start)
    return min(taken[1:])


def lists(vectors: NDArray[np.float32], train: Dataset, test: Any, users: int) -> Any:
    """The ten best of text-mean for held-out requests, (requests, 10), and NDCG@10 of each."""
    prior = popularity_prior(train.interactions)
    model = TextMean(TextMeanConfig(), vectors, prior)
    fitted = Recommender(model, train.catalogue, train.interactions)
    rows = np.arange(min(users, len(test.requests)))
    found = np.vstack([codes for _, codes, _ in fitted.rank(test.requests[rows], K)])
    truth = test.truth[rows].item  # leave-last-out has one a row
    gain = 1 / np.log2(2 + np.arange(K))
    return found, ((found == truth[:, None]) * gain).sum(axis=1)


def overlap(found: NDArray[np.integer], right: NDArray[np.integer]) -> float:
    shared = [len(np.intersect1d(a[a >= 0], b[b >= 0])) for a, b in zip(found, right, strict=True)]
    return float(np.sum(shared) / (right >= 0).sum())


def reading(data: Dataset, texts: int, users: int) -> tuple[dict[str, Any], NDArray[np.float32]]:
    """Speed and lists of each way to read; and the vectors in float32."""
    train, test = data.split("leave-last-out")
    written = tuple(text or " " for text in data.catalogue.texts)
    sample = written[:: max(1, len(written) // texts)][:texts]
    table: dict[str, Any] = {}
    plain: Any = None
    for name, encode in encoders().items():
        taken = seconds(lambda encode=encode: encode(sample), 2)
        vectors = unit(encode(written))
        found, ndcg = lists(vectors, train, test, users)
        if plain is None:
            plain = vectors, found, ndcg, taken
        draws = np.random.default_rng(0).integers(0, len(ndcg), (1000, len(ndcg)))
        means = (ndcg - plain[2])[draws].mean(axis=1)
        table[name] = {
            "texts_per_cpu_s": len(sample) / taken,
            "times_as_fast": plain[3] / taken,
            "cosine_with_float32": float((vectors * plain[0]).sum(axis=1).mean()),
            "overlap@10": overlap(found, plain[1]),
            "NDCG@10": float(ndcg.mean()),
            "NDCG@10_difference_ci95": np.quantile(means, [0.025, 0.975]).tolist(),
        }
        print(name, json.dumps(table[name]), flush=True)
    return {"texts": len(sample), "requests": len(ndcg), "ways": table}, plain[0]


def comparing(vectors: NDArray[np.float32], questions: int) -> dict[str, Any]:
    """Milliseconds a question, and the lists, of each way to compare all items."""
    one, other = np.random.default_rng(1).integers(0, len(vectors), (2, questions))
    asked = unit(vectors[one] + vectors[other])
    halved = torch.from_numpy(vectors).to(torch.bfloat16)
    quarter = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    quarter.train(vectors)
    quarter.add(vectors)
    faiss.omp_set_num_threads(1)

    def by_half(question: NDArray[np.float32]) -> NDArray[np.int32]:
        scores = halved @ torch.from_numpy(question[0]).to(torch.bfloat16)
        return top_k(scores.float().numpy()[None], K)[0]

    def again(question: NDArray[np.float32]) -> NDArray[np.int64]:
        few = quarter.search(question, 4 * K)[1][0]
        return few[top_k(question @ vectors[few].T, K)[0]]

    ways: dict[str, Callable[[NDArray[np.float32]], Any]] = {
        "float32": lambda question: top_k(question @ vectors.T, K)[0],
        "bfloat16": by_half,
        "int8 (faiss)": lambda question: quarter.search(question, K)[1],
        "int8, the best 40 again": again,
    }
    table: dict[str, Any] = {}
    right = None
    for name, ask in ways.items():
        rows = [asked[row : row + 1] for row in range(questions)]
        found = np.vstack([ask(row) for row in rows])
        taken = seconds(lambda ask=ask, rows=rows: [ask(row) for row in rows], 3) / questions
        right = found if right is None else right
        table[name] = {"cpu_ms": 1e3 * taken, "overlap@10": overlap(found, right)}
        print(name, json.dumps(table[name]), flush=True)
    return {"items": len(vectors), "dim": vectors.shape[1], "ways": table}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder of a data set in its own format")
    parser.add_argument("--texts", type=int, default=512, help="that reading is timed on")
    parser.add_argument("--users", type=int, default=4000, help="that lists are made for")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--out", type=Path, default=HERE / "precision.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = open_folder(args.data) if args.data else read_demo()
    read, vectors = reading(data, args.texts, args.users)
    many = np.random.default_rng(2).standard_normal((100_000, 128), dtype=np.float32)
    result = {
        "data": args.data.name if args.data else "demo",
        "items": len(data.catalogue),
        "reading": read,
        "comparing": [comparing(vectors, args.questions), comparing(unit(many), args.questions)],
    }
    args.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
