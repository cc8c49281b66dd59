"""What each way of tuning costs on the packaged language model: a table and cost.json.

    python bench/tuning/cost.py                    # every way, a process each; minutes
    python bench/tuning/cost.py --ways lora,full --steps 5

A step is forward, backward and AdamW on 64 texts of 32 tokens, on one thread. Seconds are of the
processor, so that a busy machine tells the same; "cached" is the same step where the untouched lower
blocks were computed once. Memory is the process's peak, with torch and the model in it. Trained
parameters and size on disk are exact.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TEXTS, TOKENS = 64, 32

ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "full": ("full", {}),
    "top-layers, 3": ("top-layers", {}),
    "lora": ("lora", {}),
    "lora, top 3": ("lora", {"layers": 3}),
    "lora, query-value": ("lora", {"targets": "query-value"}),
    "lora, query-value, top 3": ("lora", {"targets": "query-value", "layers": 3}),
    "adalora": ("adalora", {}),
    "adalora, top 3": ("adalora", {"layers": 3}),
    "adapters": ("adapters", {}),
    "adapters, top 3": ("adapters", {"layers": 3}),
    "prefix": ("prefix", {}),
    "prefix, top 3": ("prefix", {"layers": 3}),
    "prompt": ("prompt", {}),
    "bitfit": ("bitfit", {}),
    "bitfit, top 3": ("bitfit", {"layers": 3}),
    "ia3": ("ia3", {}),
    "ia3, top 3": ("ia3", {"layers": 3}),
}

HEAD = """\
| way | trained | share | seconds a step | cached | peak MiB | MiB on disk |
|---|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    args = arguments()
    if args.row:
        print(json.dumps(measure(*ROWS[args.row], args.steps)))
        return
    print(HEAD)
    rows: dict[str, Any] = {}
    about = {"texts": TEXTS, "tokens": TOKENS, "steps": args.steps, "threads": 1}
    about |= {"torch": version("torch"), "peft": version("peft"), "machine": platform.machine()}
    for name, (way, _) in ROWS.items():
        if args.ways is None or way in args.ways.split(","):
            command = [sys.executable, __file__, "--row", name, "--steps", str(args.steps)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows[name] = json.loads(done.stdout)
            print(line(name, rows[name]), flush=True)
            if args.ways is None:  # a killed run leaves the rows it has
                text = json.dumps({"about": about, "rows": rows}, indent=1)
                (HERE / "cost.json").write_text(text + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", help="only these, with commas; cost.json is then left as it is")
    parser.add_argument("--steps", type=int, default=9, help="steps whose median is taken")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(name: str, settings: dict[str, Any], steps: int) -> dict[str, Any]:
    """One way, in this process."""
    import torch

    from penchant.language import load_backbone
    from penchant.language.tuning import apply_tuning, save_adapter, way_by_name

    torch.set_num_threads(1)
    torch.manual_seed(0)
    backbone, way = load_backbone(device="cpu").train(), way_by_name(name, **settings)
    total = sum(weight.numel() for weight in backbone.parameters())
    apply_tuning(backbone, way)
    trained = sum(weight.numel() for weight in backbone.parameters() if weight.requires_grad)
    ids = torch.randint(2000, 20000, (TEXTS, TOKENS)).tolist()
    found = {"settings": dataclasses.asdict(way), "trained": trained, "share": trained / total}
    found["seconds"] = seconds(backbone, lambda: backbone.vectors(ids), steps)
    # kilobytes on Linux, bytes on a Mac
    unit = 1 if sys.platform == "darwin" else 1024
    found["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    found["cached_seconds"] = cached_seconds(backbone, way, steps)
    with tempfile.TemporaryDirectory() as folder:
        save_adapter(Path(folder) / "adapter", backbone)
        files = (Path(folder) / "adapter").iterdir()
        found["bytes_on_disk"] = sum(path.stat().st_size for path in files)
    return found


def seconds(backbone: Any, vectors: Callable[[], Any], steps: int) -> float:
    """Median processor seconds of a step; two steps before are not counted."""
    import torch

    from penchant.language.tuning import after_step, before_training, penalty

    learned = [weight for weight in backbone.parameters() if weight.requires_grad]
    before_training(backbone, steps + 2)
    optimiser, taken = torch.optim.AdamW(learned, lr=1e-4, fused=True), []
    target = torch.randn(TEXTS, backbone.dim)
    for step in range(1, steps + 3):
        began = time.process_time()
        loss = (vectors() - target).square().mean() + penalty(backbone)
        loss.backward()
        optimiser.step()
        after_step(backbone, step)
        optimiser.zero_grad(set_to_none=True)
        taken.append(time.process_time() - began)
    return statistics.median(taken[2:])


def cached_seconds(backbone: Any, way: Any, steps: int) -> float | None:
    """The same step above blocks that were computed once; None where none is untouched."""
    import numpy as np

    from penchant.language.layers import LayerCache
    from penchant.language.tuning import frozen_below

    below = frozen_below(way, len(backbone.blocks))
    if not below:
        return None
    words = ["film", "book", "game", "song", "food", "city", "tree", "shoe", "lamp", "ring"]
    texts = [
        " ".join(words[(row + place * (1 + row // 10)) % 10] for place in range(TOKENS - 2))
        for row in range(TEXTS)
    ]
    cache = LayerCache(backbone.eval(), texts, below)
    rows = np.arange(TEXTS)
    return seconds(backbone.train(), lambda: cache.vectors(backbone, rows), steps)


def line(name: str, row: dict[str, Any]) -> str:
    cached = f"{row['cached_seconds']:.3f}" if row["cached_seconds"] else "-"
    return (
        f"| {name} | {row['trained']:,} | {100 * row['share']:.2f} % | {row['seconds']:.3f} | {cached} "
        f"| {row['peak_bytes'] / 2**20:,.0f} | {row['bytes_on_disk'] / 2**20:.2f} |"
    )


if __name__ == "__main__":
    main()
