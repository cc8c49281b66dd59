"""Write docs/results.md from the JSON files beside this script: `python bench/quality/table.py`."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "results.md"

HEAD = """# Results

Written by `python bench/quality/table.py` from `bench/quality/*.json`. Every item is ranked, items of the
history are excluded, HR@10 and NDCG@10 are means over users and, for trained models, over the seeds; the
interval is 95 %, by resampling users. Settings were chosen on a validation part of the training events; those that are
not defaults stand in `bench/quality/settings.toml`. Fit seconds are those of the machine at hand, one thread
and often shared: read them as an order of magnitude.
"""


def main() -> None:
    files = sorted(HERE.glob("*.json"))
    PAGE.write_text("\n".join([HEAD, *(section(json.loads(file.read_text())) for file in files)]))


def section(result: dict) -> str:
    data = result["data"]
    lines = [
        f"## {data['name']}, {result['split']}",
        "",
        f"{data['users']:,} users, {data['items']:,} items, {data['events']:,} events; "
        f"{result['requests']:,} requests. `{result['command']}`",
        "",
        "| model | HR@10 | NDCG@10 | 95 % interval | each seed | coverage@10 | fit, s |",
        "|---|---|---|---|---|---|---|",
    ]
    models = sorted(result["models"].items(), key=lambda pair: -pair[1]["NDCG@10"]["mean"])
    for name, model in models:
        ndcg = model["NDCG@10"]
        low, high = ndcg["ci95"]
        seeds = ", ".join(f"{value:.4f}" for value in ndcg["seeds"])
        seconds = sum(model["fit_seconds"]) / len(model["fit_seconds"])
        lines.append(
            f"| {name} | {model['HR@10']['mean']:.4f} | {ndcg['mean']:.4f} | {low:.4f} to {high:.4f} "
            f"| {seeds} | {model['coverage@10']:.2f} | {seconds:.0f} |"
        )
    lines += ["", "NDCG@10, paired user by user:", ""]
    for pair, gap in result["gaps"].items():
        low, high = gap["ci95"]
        lines.append(f"- {pair}: {gap['gap']:+.4f} [{low:+.4f}, {high:+.4f}]")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
