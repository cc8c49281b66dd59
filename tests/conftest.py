"""What every test may count on: no network, a cache of its own, the same seeds."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before huggingface_hub is imported, which reads it once
os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).parents[1]


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
