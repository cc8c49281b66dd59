"""Items put after training: new ones, and others in the place of known ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import Textual, Unsupported

from .recommender import Recommender

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Grown:
    """A recommender after items were put.

    Attributes:
        recommender: knows them; codes so far stay.
        changed: codes of the items known before whose text is another now, (n,).
    """

    recommender: Recommender
    changed: NDArray[np.int32]


def grown(recommender: Recommender, rows: Sequence[Fields]) -> Grown:
    """Put items.

    Args:
        recommender: stays as it is.
        rows: each has ``item_id``; see ``penchant.data.put_items``.

    Raises:
        UsageError: a row without an id.
        Unsupported: a new item, and the model cannot place one by its text.
    """
    from penchant.data import put_items  # it brings polars, and most engines are only asked

    catalogue, model = recommender.catalogue, recommender.model
    merged, codes = put_items(catalogue, rows)
    new = codes[codes >= len(catalogue)]
    if len(new) and not model.abilities.new_items:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        raise Unsupported(
            f"{model.name} knows an item by its events only, so it cannot place "
            f"{merged.items.name(new[0])!r}{more}. It can after the next training; text-sequence, "
            "text-mean, star and two-tower place new items by their text at once."
        )
    known = codes[codes < len(catalogue)]
    differs = [merged.texts[code] != catalogue.texts[code] for code in known.tolist()]
    changed = known[np.array(differs, np.bool_)]
    if len(changed) and isinstance(model, Textual):
        model = model.with_texts(changed, [merged.texts[code] for code in changed.tolist()])
    if len(new):
        model = model.with_catalogue(merged)
    interactions = replace(recommender.interactions, items=merged.items)
    return Grown(Recommender(model, merged, interactions), changed)
