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

# What is done to a list before it is shown; a run keeps it. These are the defaults.
# [policy]
# seen_others = "never"          # items that somebody had to do with: "never" again, "allow", or after days
# seen = {}                      # the same by kind of event: {purchase = "never", click = 7}
# rules = []                     # include, exclude, boost, cap: see docs/guide/policy.md
# availability = "available"     # the column that says what can be had
# created = "created_at"         # the column with the date of an item
# fallback = ["popular", "newest", "any"]   # where a list that would be short is filled from
# candidates = 200               # of the model's best items, how many are looked at
# separators = {}                # of columns with several words: {genres = "|"}
# Not done by default:
#! freshness = {half_life_days = 30.0}       # newer items first
#! diversity = {way = "mmr", weight = 0.3}   # a list that is not all alike; or way = "dpp"
#! calibration = {column = "genres", weight = 0.5}   # shares of a column as in the history

# What `penchant serve --config penchant.toml` does. These are the defaults.
# [serve]
# operations_port = 0            # /livez, /readyz and /metrics on 127.0.0.1, however busy it is; 0 for none
# log_requests = false           # a line for each request, without personal data
# drain_seconds = 5.0            # after SIGTERM, while requests are still answered
# keep_models = 10               # that the registry keeps
# popular_seconds = 60.0         # until what is popular is counted anew
#! log_url = "postgresql://user@host/db"     # the event log; left out: in the data folder
# [serve.edge]
# allow_hosts = []               # names of the service beside localhost and addresses: ["shop.example"]
# rate = 1000.0                  # requests a second of one key; a key can have its own
# burst = 2000.0                 # requests at once after a pause
# [serve.edge.bodies]
# largest = 1_048_576            # bytes of one body
# seconds = 20.0                 # for a body to arrive in
# [serve.edge.wire]
# connections = 800              # of one process
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
