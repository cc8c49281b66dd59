"""``penchant init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.core import UsageError

from .output import note
from .places import check_file

TEMPLATE = """\
# penchant.toml: what `penchant fit --config penchant.toml` does.
# Paths count from the folder of this file. An option on the command line wins over a line here.

[data]
events = "events.csv"          # user_id, item_id, and timestamp (or position); event and value too
items = "items.jsonl"          # item_id and any columns of text: title, description, tags, ...
# users = "users.csv"          # user_id and any columns
# feedback = "rating >= 4"     # which events count; or several: ["click", "purchase * 3"]
# template = "{title}. {genres}"   # how an item's text is put together; left out: every text column
# k_core = 5                   # keep users and items with at least as many events
# columns = {userId = "user_id", movieId = "item_id"}   # theirs = ours
# encoding = "latin-1"         # of text files that are not UTF-8
# drop_unknown = true          # leave out events of items that the catalogue lacks

[fit]
model = "text-sequence"        # or popularity recent-popularity item-knn ease als bpr sasrec text-mean star
# split = "leave-last-out"     # train on the training part of this split only, to evaluate honestly
seed = 0
out = "runs/first"             # the folder that the fitted run is written to

# Settings of the model; those left out keep their defaults. `penchant fit --model NAME --settings`
# lists them.
[model]
# language = "all-MiniLM-L6-v2"  # a packaged model, a folder, or a Hugging Face id
"""


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("penchant.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a commented penchant.toml to start from.

    Example:
      penchant init
      penchant fit --config penchant.toml
    """
    from penchant.store import atomic_write

    if path.is_dir():
        path = path / "penchant.toml"
    check_file(path)
    if path.exists() and not force:
        raise UsageError(f"{path} exists. Give --force to replace it, or name another file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, TEMPLATE.encode())
    note(f"wrote {path}. Set the paths in it, then: penchant fit --config {path}")
