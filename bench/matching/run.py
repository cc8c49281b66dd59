"""Tuning MiniLM on pairs of texts: penchant beside sentence-transformers, same pairs, same machine.

    python bench/matching/run.py                     # about twenty minutes on two quiet cores
    python bench/matching/run.py --pairs 2000 --tries 0 --rates 5e-5,1e-3      # a quick look

Each contender tries a few learning rates on the first part of the pairs, and trains on all of them
with the best. Writes result.json. What is equal and what is not: README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import penchant
from penchant.core import generator, top_k
from penchant.data import validation_split
from penchant.language import DEFAULT_MODEL, find_model
from penchant.metrics import ndcg
from penchant.tune.matching_pairs import next_item_pairs

HERE = Path(__file__).parent
DATA = Path(os.environ.get("PENCHANT_DATA", HERE.parents[1].parent / "shared" / "data"))
GAMES = DATA / "amazon-video-games-2018"
USERS, SEED = 10_000, 0  # with 2,000 the noise of NDCG@10 is as large as the gaps


@dataclass(frozen=True)
class Contender:
    """One row of the table: whose trainer, LoRA on how many top layers (0: full), rates to try."""

    name: str
    worker: str
    lora: int
    rates: tuple[float, ...]


FULL, LIGHT = (3e-5, 1e-4, 3e-4), (5e-4, 1e-3, 2e-3)
CONTENDERS = (
    Contender("sentence-transformers, full", "sentence_transformers", 0, FULL),
    Contender("penchant, full", "penchant", 0, FULL),
    Contender("penchant, LoRA on the top 3 layers", "penchant", 3, LIGHT),
)
LIGHTEST = CONTENDERS[-1]
BESIDE = Contender("sentence-transformers, LoRA on the top 3", "sentence_transformers", 3, LIGHT)


class Bench:
    """The pairs, written once for all, and the runs on them."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.args, self.folder = args, folder
        train, _ = penchant.read(args.events, args.items).split("leave-last-out")
        inner, self.holdout = validation_split(train, USERS, SEED)
        self.texts = train.catalogue.texts
        found = next_item_pairs(inner.interactions.events, self.texts)
        order = generator(SEED, "bench").permutation(len(found))[: args.pairs]
        found = found[order]
        self.pairs = [
            (found.texts[a], found.texts[b])
            for a, b in zip(found.anchor.tolist(), found.positive.tolist(), strict=True)
        ]
        self.about = {
            "pairs": len(self.pairs),
            "items": len(self.texts),
            "validation_users": len(self.holdout),
            "batch": args.batch,
            "length": args.length,
            "digest": train.digest,
        }

    def run(self, one: Contender, rate: float, pairs: int) -> dict:
        """Train once: seconds, and validation NDCG@10 of the vectors that came out."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            room = Path(name)
            (room / "pairs.json").write_text(json.dumps(self.pairs))
            (room / "texts.json").write_text(json.dumps(self.texts))
            job = {
                "folder": name,
                "language": str(find_model(DEFAULT_MODEL)),
                "lora": one.lora,
                "rate": rate,
                "pairs": pairs,
                "batch": self.args.batch,
                "length": self.args.length,
                "seed": SEED,
            }
            python = sys.executable
            if one.worker != "penchant":
                python = str(peer(self.args.environments))
            done = subprocess.run(
                [python, str(HERE / "workers" / f"{one.worker}_worker.py")],
                input=json.dumps(job) + "\n",
                text=True,
                capture_output=True,
                cwd=name,
                env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"},
                check=False,
            )
            if done.returncode:
                sys.exit(f"{one.worker}'s worker failed:\n{done.stderr[-2000:]}")
            answer = json.loads((room / "answer.json").read_text())
            answer |= {
                "rate": rate,
                "pairs": pairs,
                "ndcg": self.figure(np.load(room / "vectors.npy")),
            }
        print(f"{one.name}: {pairs} pairs at {rate:g}: {answer['seconds']:.1f} s ({answer['cpu_seconds']:.1f} of processor), "
              f"NDCG@10 {answer['ndcg']:.4f}", flush=True)  # fmt: skip
        return answer

    def figure(self, vectors: np.ndarray) -> float:
        """NDCG@10 of each held-out item among all, by the cosine with the user's last item."""
        total, part = 0.0, 256
        for start in range(0, len(self.holdout), part):
            asked = self.holdout[slice(start, start + part)]
            history = asked.requests.history
            scores = vectors[history.item[history.indptr[1:] - 1]] @ vectors.T  # (rows, items)
            scores[history.row, history.item] = -np.inf
            found, _ = top_k(scores, 10)
            hits = found == asked.truth.item[asked.truth.indptr[:-1], None]
            total += float(ndcg(hits, asked.truth.lengths).sum())
        return total / len(self.holdout)

    def contender(self, one: Contender) -> dict:
        """The best rate on a part, then all pairs with it."""
        rates = self.args.rates or one.rates
        if self.args.rates:  # one for full tuning, one for LoRA
            rates = (self.args.rates[1 if one.lora else 0],)
        tried = [self.run(one, rate, self.args.tries) for rate in rates] if self.args.tries else []
        best = max(tried, key=lambda row: row["ndcg"])["rate"] if tried else rates[0]
        return {**asdict(one), "tried": tried, **self.run(one, best, len(self.pairs))}


def peer(folder: Path) -> Path:
    """The interpreter of sentence-transformers' environment, made by setup.sh on the first call."""
    found = folder / "sentence-transformers" / "bin" / "python"
    if not found.exists():
        print(f"making the peer's environment in {folder} (minutes)", flush=True)
        subprocess.run(["sh", str(HERE / "setup.sh"), str(folder)], check=True)
    return found


def main() -> None:
    args = arguments()
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(args.threads)
    os.environ["HF_HUB_OFFLINE"] = "1"
    chosen = [*CONTENDERS, BESIDE] if args.beside else list(CONTENDERS)
    chosen = [one for one in chosen if args.only in one.name]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, Path(folder))
        untuned = bench.run(LIGHTEST, 0.0, 0)["ndcg"]
        rows = [bench.contender(one) for one in chosen]
        again = [
            bench.run(LIGHTEST, row["rate"], len(bench.pairs))["seconds"]
            for row in rows
            if row["name"] == LIGHTEST.name
        ]
        for row in rows:
            row["share_of_time"] = row["seconds"] / rows[0]["seconds"]
        result = {
            "machine": machine(args.threads),
            "data": bench.about,
            "untuned_ndcg": untuned,
            "contenders": rows,
            "again_seconds": again,
        }
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=Path, default=GAMES / "events.csv.gz")
    parser.add_argument("--items", type=Path, default=GAMES / "items.jsonl.gz")
    parser.add_argument("--environments", type=Path, default=HERE / ".venv-bench")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for every contender")
    parser.add_argument("--pairs", type=int, default=16_000, help="learned from, once each")
    parser.add_argument("--tries", type=int, default=3_200, help="pairs on which rates are tried")
    parser.add_argument("--batch", type=int, default=64, help="pairs in a batch")
    parser.add_argument(
        "--length", type=int, default=32, help="tokens of a text; 0: the model's 256"
    )
    parser.add_argument("--rates", type=_rates, help="FULL,LORA: these rates, instead of trying")
    parser.add_argument("--beside", action="store_true", help="sentence-transformers with LoRA too")
    parser.add_argument("--only", default="", help="contenders with this in their name")
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    for path in (args.events, args.items):
        if not path.exists():
            parser.error(f"{path} does not exist; name the data with --events and --items")
    return args


def _rates(text: str) -> tuple[float, ...]:
    full, lora = text.split(",")
    return float(full), float(lora)


def machine(threads: int) -> dict:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(": ")[2] if names else cpu
    return {"cpu": cpu, "cores": os.cpu_count(), "threads": threads, "load": os.getloadavg()[0]}


def table(result: dict) -> str:
    lines = [f"\n{'':<44}{'rate':>8}{'seconds':>9}{'of the time':>13}{'NDCG@10':>9}"]
    lines.append(f"{'untuned':<44}{'':>8}{'':>9}{'':>13}{result['untuned_ndcg']:9.4f}")
    lines += [
        f"{row['name']:<44}{row['rate']:8.0e}{row['seconds']:9.1f}{row['share_of_time']:13.2f}"
        f"{row['ndcg']:9.4f}"
        for row in result["contenders"]
    ]
    lines += [f"{LIGHTEST.name}, once more: {s:.1f} s" for s in result["again_seconds"]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
