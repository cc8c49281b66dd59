"""A catalogue with more items."""

from __future__ import annotations

import numpy as np

from penchant.core import Catalogue, SharedTuple


def with_more_items(catalogue: Catalogue, more: Catalogue) -> Catalogue:
    """The first catalogue with the items of the second that it lacks appended; codes so far stay.

    Returns the first itself where nothing is new.
    """
    import polars as pl

    new = np.flatnonzero(more.items.onto(catalogue.items) < 0)
    if not len(new):
        return catalogue
    return Catalogue(
        catalogue.items.extended(more.items.names(new)),
        SharedTuple(catalogue.texts).extended(more.texts[row] for row in new.tolist()),
        SharedTuple(catalogue.titles).extended(more.titles[row] for row in new.tolist()),
        pl.concat([catalogue.table, more.table[new]], how="diagonal_relaxed"),
        catalogue.template,
    )
