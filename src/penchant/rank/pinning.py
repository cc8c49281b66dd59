"""Which item stands at each pinned place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates
from .compiled import Compiled
from .context import Context, Decision
from .fallback import Fallback
from .masks import Mask
from .permission import Permission
from .rules import Cap
from .word_column import WordColumn


class Pinning:
    """The pins of a policy.

    Args:
        rules: worked out for every item.
        permission: a pin lists nothing that may not be listed.
        fallback: settles which item is the best where none is a candidate.
    """

    def __init__(self, rules: Compiled, permission: Permission, fallback: Fallback) -> None:
        self._rules, self._permission, self._fallback = rules, permission, fallback
        self._pins = sorted(rules.pins, key=lambda pin: pin[0].place)

    def __bool__(self) -> bool:
        return bool(self._pins)

    def pinned(
        self, found: Candidates, k: int, context: Context
    ) -> tuple[dict[int, int], list[Decision]]:
        """Code by place (the first is 0), and what is to be said of pins that hold no item."""
        codes: dict[int, int] = {}
        left_out = []
        for pin, test, mask in self._pins:  # those beyond k too: page 1 shows no item of page 2
            for code in self._fitting(mask, found, context):
                if code not in codes.values() and self._has_room(code, pin.place - 1, codes):
                    codes[pin.place - 1] = code
                    break
            else:
                if pin.place <= k:
                    text = (
                        f"place {pin.place} is not pinned: no item of which {test} may stand there"
                    )
                    left_out.append(Decision("pin", text))
        return codes, left_out

    def _fitting(self, mask: Mask, found: Candidates, context: Context) -> Iterator[int]:
        """Codes of the items that the pin may hold, the best first."""
        yield from found.codes[mask[found.codes]].tolist()
        others: NDArray[np.integer] = np.flatnonzero(mask)
        may = self._permission.mask(others, context)
        others = others if may is None else others[may]
        yield from others[np.argsort(self._fallback.position[others])].tolist()

    def _has_room(self, code: int, place: int, pinned: dict[int, int]) -> bool:
        """Whether the caps leave room beside the items that are pinned already."""
        return all(_fits(rule, column, code, place, pinned) for rule, column in self._rules.caps)


def _fits(rule: Cap, column: WordColumn, code: int, place: int, pinned: dict[int, int]) -> bool:
    beside = [
        other
        for at, other in pinned.items()
        if rule.per is None or at // rule.per == place // rule.per
    ]
    return all(
        sum(word in column.sets[column.code[other]] for other in beside) < rule.most
        for word in column.sets[column.code[code]]
    )
