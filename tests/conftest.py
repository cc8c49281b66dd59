"""What every test may count on: no network, a cache of its own, the same seeds."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

# Before NumPy and torch are imported, which read it once: the tests run in a process a core, and
# several processes with a thread a core each wait for each other, spinning (10 times as slow).
os.environ["OMP_NUM_THREADS"] = os.environ["POLARS_MAX_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported, likewise
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)  # a busy machine is no failure
settings.load_profile("house")

ROOT = Path(__file__).parents[1]
WORDS = ["slow", "warm", "film", "rainy", "evening", "space", "war", "love", "dog", "city", "train"]
GENRES = ["Drama", "Comedy", "Horror", "Action"]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing reads or fills the cache of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PENCHANT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _same_seeds() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - for libraries that still draw from the global state
    import sys

    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def shared_data(name: str) -> Path:
    """The folder of a public data set that may not lie in the repository.

    Looked for in ``$PENCHANT_DATA``, else in ``shared/data`` beside the checkout; skips the test
    with the reason where it is in neither.
    """
    home = os.environ.get("PENCHANT_DATA")
    folder = Path(home) if home else ROOT.parent / "shared" / "data"
    if not (folder / name).is_dir():
        pytest.skip(
            f"no data set {name!r} in {folder}; set PENCHANT_DATA to a folder that holds it"
        )
    return folder / name


@pytest.fixture
def shared():
    """``shared("ml-latest-small")``: the folder of a public data set, or the test is skipped."""
    return shared_data


def write_tiny(folder: Path) -> Path:
    """60 items, 80 users who walk through them in three ways: enough for every command."""
    draw = random.Random(0)  # noqa: S311 - nothing secret
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"i{n}" for n in range(1, 61)]
    items = [
        {
            "item_id": item,
            "title": " ".join(draw.sample(WORDS, 3)).title(),
            "genres": draw.sample(GENRES, 2),
        }
        for item in ids
    ]
    rows, time = ["user_id,item_id,timestamp"], 1_000_000_000
    for user in range(1, 81):
        start = draw.randrange(60)
        for step in range(draw.randrange(4, 12)):
            time += 1000
            rows.append(f"u{user},{ids[(start + step * (1 + user % 3)) % 60]},{time}")
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    (folder / "events.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with events.csv and items.jsonl."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))
