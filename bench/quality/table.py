"""Write docs/results.md from the JSON files beside this script: `python bench/quality/table.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from learning_tables import drift, experiments, forgetting, gate
from other_tables import clicks, few_shot, ratings, tuning
from service_tables import durability, service

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "results.md"

HEAD = """# Results

Written by `python bench/quality/table.py` from the JSON files in `bench/`. Every item is ranked, items of the
history are excluded, HR@10 and NDCG@10 are means over users and, for trained models, over the seeds; the
interval is 95 %, by resampling users. Settings were chosen on a validation part of the training events; those that are
not defaults stand in `bench/quality/settings.toml`. Fit seconds are those of the machine at hand, one thread
and often shared: read them as an order of magnitude.
"""


def main() -> None:
    files = sorted(HERE.glob("*.json"))
    tables = [section(json.loads(file.read_text())) for file in files]
    others = [tuning(), clicks(), ratings(), few_shot()]
    speed = [training(), evaluation(), memory(), service(), durability()]
    learning = [gate(), forgetting(), drift(), experiments()]
    PAGE.write_text("\n".join([HEAD, *tables, *others, *speed, *learning, referee()]))


def training() -> str:
    found = read("training")
    lines = [
        "## Speed of training",
        "",
        "Seconds an epoch of SASRec on Beauty (128 factors, 2 blocks, 50 events), "
        f"{found['machine']['threads']} threads, one run; what is equal and what cannot be: "
        "`bench/training/README.md`. `python bench/training/run.py`",
        "",
        "| | s an epoch | times penchant |",
        "|---|---|---|",
        f"| penchant: sampled softmax, 2,048 negatives | {found['penchant']['seconds_an_epoch']:.1f} | 1 |",
    ]
    lines += [
        f"| {one['peer']}: {one['name']} | {one['seconds_an_epoch']:.0f} | {one['times_penchant']:.1f} |"
        for one in found["peers"]
    ]
    return "\n".join([*lines, *to_target(found.get("to_target")), ""])


def to_target(found: dict | None) -> list[str]:
    if found is None:
        return []
    lines = [
        "",
        f"Seconds of training until validation NDCG@10 reached {found['target_ndcg']:.4f}, 90 % of penchant's best "
        "(`--to-target --limit 900`). Other work of low priority shared the machine with the peers in this part, so "
        "their seconds are too many: read the epochs, times the seconds above.",
        "",
        "| | reached | s | epochs | best NDCG@10 |",
        "|---|---|---|---|---|",
        f"| penchant | yes | {found['penchant']['seconds']:.0f} | | |",
    ]
    for one in found["peers"]:
        reached = "yes" if one["reached"] else "no"
        lines.append(
            f"| {one['peer']}: {one['name']} | {reached} | {one['seconds']:.0f} | {one['epochs']:.1f} "
            f"| {one['best_ndcg']:.4f} |"
        )
    return lines


def evaluation() -> str:
    found = read("evaluation")
    peers = ", ".join(
        f"{name} {found[name]['times_penchant']['rank and score']:.1f} times as long"
        for name in ("RecTools", "ranx")
    )
    return (
        "## Speed of evaluation\n\n"
        f"Ranking and scoring {found['users']:,} users of Beauty from the same scores: "
        f"penchant {found['penchant']['total']:.2f} s; {peers}; the same figures. "
        "`python bench/evaluation/run.py`\n"
    )


def memory() -> str:
    found = read("memory")
    peaks = ", ".join(f"{name} {peak / 1e9:.1f} GB" for name, peak in found["peak_bytes"].items())
    return (
        "## Memory\n\n"
        f"`compare` on Video Games 2018 ({found['users']:,} users, {found['items']:,} items), peak of "
        f"the whole process: {peaks}. All scores at once would take "
        f"{found['all_scores_would_take_bytes'] / 1e9:.1f} GB more. `{found['command']}`\n"
    )


def referee() -> str:
    found = read("referee")
    worst = max(row["difference"] for row in found)
    return (
        "## An independent referee\n\n"
        f"HR@10 and NDCG@10 of `penchant predict`, scored by code that shares nothing with penchant, "
        f"beside `penchant evaluate`, on {len(found)} splits: largest difference {worst:.0e}. "
        "`python bench/referee/run.py`\n"
    )


def read(name: str) -> Any:
    return json.loads((HERE.parent / name / "result.json").read_text())


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
