"""What an experiment is: who sees which model, and what counts as success."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from penchant.core import UsageError

Kind = Literal["ab", "interleave", "shadow"]
Measure = Literal["users", "events"]

KINDS: Mapping[Kind, str] = {
    "ab": "each user sees the lists of one model",
    "interleave": "each user sees two models' lists merged into one",
    "shadow": "a model answers unseen beside the one that is seen",
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")
MERGED = "interleaved"
"""What stands in the place of an arm's name where a list is of two."""
_MOST_ARMS = 8


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the models that are compared.

    Attributes:
        name: such as ``"control"``.
        version: of the registry.
        share: of all users, above 0.
    """

    name: str
    version: str
    share: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """Models compared on the users of a service.

    Attributes:
        name: unlike any before.
        kind: see ``KINDS``.
        arms: the first is the control. Their shares may sum to less than 1: other users are not in it.
        events: kinds of events that count as success.
        window: seconds from when a user first sees a list of the experiment within which their events
            count; the user counts when it is over.
        measure: ``"users"``: the share of users with a success; ``"events"``: successes a user, at
            most ``MOST`` of each.
        salt: of the split; with the same one the same users get the same places.
        users: at which a decision is expected; the tests are most powerful there, and valid always.
        alpha: chance of a false alarm, ever.
        started_at: seconds since 1970 (UTC).
        after: ``number`` of the last impression and ``seq`` of the last change of the log before it.
        stopped_at: when it was stopped; None while it runs.
        why: it was stopped, in words.

    Raises:
        UsageError: something of it cannot be.
    """

    name: str
    kind: Kind
    arms: tuple[Arm, ...]
    events: tuple[str, ...] = ("click",)
    window: float = 86_400.0
    measure: Measure = "users"
    salt: str = ""
    users: int = 10_000
    alpha: float = 0.05
    started_at: float = 0.0
    after: tuple[int, int] = (0, 0)
    stopped_at: float | None = None
    why: str = ""

    def __post_init__(self) -> None:
        for wrong in _problems(self):
            raise UsageError(wrong)

    @property
    def runs(self) -> bool:
        """Whether it was not stopped."""
        return self.stopped_at is None

    @property
    def versions(self) -> tuple[str, ...]:
        """The models it needs."""
        return tuple(dict.fromkeys(arm.version for arm in self.arms))

    def arm_of(self, user_id: str) -> int | None:
        """The place of a user's arm among ``arms``; None for one who is not in it.

        The same for the same salt and id, on every machine: see ``place_of``.
        """
        place, upto = place_of(self.salt, user_id), 0.0
        for code, arm in enumerate(self.arms):
            upto += arm.share
            if place < upto:
                return code
        return None

    def policy(self, arm: int) -> str:
        """What impressions of an arm say as their ``policy``."""
        of = MERGED if self.kind == "interleave" else self.arms[arm].name
        return f"{self.name}/{of}"

    def as_json(self) -> dict[str, Any]:
        """What ``from_json`` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Experiment:
        """What ``as_json`` gave."""
        arms = tuple(Arm(**arm) for arm in told["arms"])
        events, after = tuple(told["events"]), (told["after"][0], told["after"][1])
        return cls(**{**told, "arms": arms, "events": events, "after": after})


def place_of(salt: str, user_id: str) -> float:
    """Where a user stands from 0 to 1, by a hash (Kohavi et al., 2009, section 4.1).

    The first 53 bits of ``BLAKE2b(salt + U+001F + user_id)``, 8 bytes long, over 2^53.

    >>> round(place_of("autumn", "u1"), 6)
    0.3162
    """
    text = f"{salt}\x1f{user_id}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def _problems(one: Experiment) -> list[str]:
    """What is wrong with an experiment, in words."""
    names, shares = [arm.name for arm in one.arms], [arm.share for arm in one.arms]
    found = [
        f"{name!r} is no name: up to 31 letters, digits, dots, hyphens and underscores, the first a "
        "letter or digit"
        for name in (one.name, *names)
        if not NAME.fullmatch(name)
    ]
    if one.kind not in KINDS:
        found.append(f"there is no kind {one.kind!r} of experiment: take {', '.join(KINDS)}")
    if not 2 <= len(names) <= _MOST_ARMS or len(set(names)) < len(names):
        found.append(f"an experiment has 2 to {_MOST_ARMS} arms of different names, got {names}")
    if one.kind != "ab" and (len(names) != 2 or len(one.versions) < 2):
        found.append(f"'{one.kind}' compares two models: one with itself, or more, say nothing")
    if min(shares, default=0) <= 0 or sum(shares) > 1 + 1e-9:
        found.append(
            f"shares lie above 0 and sum to at most 1, got {', '.join(f'{s:g}' for s in shares)}"
        )
    return found + _problems_of_measure(one)


def _problems_of_measure(one: Experiment) -> list[str]:
    """What is wrong with what is measured."""
    found = []
    if not one.events or not all(one.events):
        found.append("name at least one kind of event that counts as success, such as click")
    if not 1 <= one.window <= 366 * 86_400:
        found.append(f"a window lasts from a second to a year, got {one.window:g} seconds")
    if one.measure not in ("users", "events"):
        found.append(f"measure is 'users' or 'events', got {one.measure!r}")
    if one.users < 1 or not 0 < one.alpha < 1:
        found.append(
            f"an experiment is planned for 1 user or more and an alpha between 0 and 1, got "
            f"{one.users} and {one.alpha:g}"
        )
    return found
