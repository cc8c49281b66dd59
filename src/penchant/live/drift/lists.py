"""What is watched of the lists themselves: scores, what they hold of what is chosen, clicks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from penchant.store.log import Change

from .alert import Alert
from .config import DriftConfig
from .group import Group
from .readers import Flags, Numbers
from .signal import MOST_ALERTS, Moment, Signal

OF_LISTS = 3
"""Signals of the lists."""


class Judgement(NamedTuple):
    """A list, judged by what its user chose next.

    Attributes:
        score: of its first item; None for an empty list.
        hit: whether what was chosen is among its first ten.
    """

    score: float | None
    hit: bool


class ListWatch:
    """Watches lists; the log does not have them, so whoever has them tells.

    Scores and hits are those of one model: with another one they begin anew, and what was found of
    the one before is over.

    Args:
        config: sizes; a list counts as a user does.
        alpha: false alarms of each signal in all time; of scores and hits, of each model.

    Attributes:
        model: version of the model that made the lists; "" before it was told.
    """

    name = "lists"

    def __init__(self, config: DriftConfig, alpha: float) -> None:
        clicks = Flags("clicks", {"lists that were clicked": bool})
        self._config, self._alpha = config, alpha
        self.model = ""
        self._over: list[Alert] = []  # of models before
        self._judged = self._of_model()
        self._ended = Group([clicks], config, alpha)
        self._size = config.users
        self._lists: list[Judgement] = []
        self._clicks: list[bool] = []
        self._began: dict[str, Moment] = {}

    def look(self, change: Change) -> bool:
        """Nothing of the log is for it."""
        return False

    def answered_by(self, version: str, time: float) -> bool:
        """Hear which model makes the lists from now on; whether that is another one than before."""
        before, self.model = self.model, version
        if before in ("", version):
            return False
        ended = (one if one.over is not None else one.ended(time) for one in self._judged.alerts())
        self._over = [*self._over, *ended][-MOST_ALERTS:]
        self._judged, self._lists = self._of_model(), []
        self._began.pop("judged", None)
        return True

    def judged(self, one: Judgement, now: Moment) -> bool:
        """Take in a list that was judged; whether a block ended with it."""
        began = self._began.setdefault("judged", now)
        self._lists.append(one)
        if len(self._lists) < self._size:
            return False
        units = [[seen] for seen in self._lists]
        self._judged.tell([units, units], began, now)
        self._lists = []
        del self._began["judged"]
        return True

    def ended(self, clicked: bool, now: Moment) -> bool:
        """Take in whether a list was clicked, once that is known; whether a block ended with it."""
        began = self._began.setdefault("ended", now)
        self._clicks.append(clicked)
        if len(self._clicks) < self._size:
            return False
        self._ended.tell([[[one] for one in self._clicks]], began, now)
        self._clicks = []
        del self._began["ended"]
        return True

    def alerts(self) -> tuple[Alert, ...]:
        """All alerts that are kept."""
        return (*self._over, *self._judged.alerts(), *self._ended.alerts())

    def signals(self) -> dict[str, Signal]:
        """What is watched, by name."""
        return {**self._judged.signals, **self._ended.signals}

    def to_json(self) -> dict[str, Any]:
        """All but the blocks that are open."""
        return {
            "judged": self._judged.to_json(),
            "ended": self._ended.to_json(),
            "model": self.model,
            "over": [one.to_json() for one in self._over],
        }

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what ``to_json`` told."""
        self._judged.restore(told["judged"])
        self._ended.restore(told["ended"])
        self.model = told.get("model", "")  # older files do not name it
        self._over = [Alert.from_json(one) for one in told.get("over", ())]

    def _of_model(self) -> Group:
        """Scores and hits, of which nothing is known yet."""
        hits = Flags("hits", {"lists that hold what is chosen next": lambda seen: seen.hit})
        scores = Numbers("scores", lambda seen: seen.score)
        return Group([scores, hits], self._config, self._alpha)
