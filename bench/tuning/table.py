"""The tables of bench/tuning as Markdown: `python bench/tuning/table.py`."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    print("\n".join(section(json.loads(path.read_text())) for path in results()))


def results() -> list[Path]:
    """One file a data set and split; cost.json is of another shape."""
    return [path for path in sorted(HERE.glob("*.json")) if path.name.count(".") >= 2]


def section(result: dict) -> str:
    """A data set and split: every way, best first."""
    data = result["data"]
    lines = [
        f"## {data['name']}, {result['split']}: ways of tuning",
        "",
        f"{data['users']:,} users, {data['items']:,} items, {data['events']:,} events; "
        f"{result['requests']:,} requests. `{result['command']}`",
        "",
        "| way | NDCG@10 | 95 % interval | each seed | minus frozen, by user | tuned parameters "
        "| epochs kept | tuning, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    ways = sorted(result["ways"].items(), key=lambda pair: -pair[1]["NDCG@10"]["mean"])
    for name, way in ways:
        ndcg = way["NDCG@10"]
        low, high = ndcg["ci95"]
        gap = way.get("gap")
        behind = (
            ""
            if gap is None
            else f"{gap['NDCG@10']:+.4f} [{gap['ci95'][0]:+.4f}, {gap['ci95'][1]:+.4f}]"
        )
        lines.append(
            f"| {name} | {ndcg['mean']:.4f} | {low:.4f} to {high:.4f} "
            f"| {', '.join(f'{value:.4f}' for value in ndcg['each'])} | {behind} "
            f"| {way['tuned_parameters']:,} | {', '.join(map(str, way['epochs']))} "
            f"| {way['tuning_seconds']:.0f} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
