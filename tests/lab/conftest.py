"""A small data set in which some users, items and histories are of every kind."""

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.engine import by_name


@pytest.fixture(scope="session")
def data():
    rng = np.random.default_rng(0)
    rows = []
    for user in range(60):
        taste = user % 3
        for position in range(int(rng.integers(2, 30))):
            item = 3 * int(rng.zipf(1.6) % 12) + (taste if rng.random() < 0.8 else 0)
            # a third of the users come late: a split by time makes them new
            time = 1e9 + 1e6 * position + (4e7 if user % 3 == 2 and user > 20 else 0) + user
            rows.append((f"u{user}", f"i{item}", int(time)))
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    items = pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(40)],
            "title": [f"film {n} about {('sea', 'war', 'love')[n % 3]}" for n in range(40)],
        }
    )
    return penchant.read(events, items)


@pytest.fixture(scope="session")
def parts(data):
    """Train and test of a leave-last-out split."""
    return data.split("leave-last-out")


@pytest.fixture(scope="session")
def popular(parts):
    return by_name("popularity").fit(parts[0])
