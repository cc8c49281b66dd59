"""People taken out of a saved model: their ids and events. What was learned of all together stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from penchant.core import BundleError
from penchant.engine import Engine
from penchant.live import Erased, without_users

_USERS = "users.json"


def forget(bundle: Path, users: Collection[str]) -> bool:
    """Take users out of a bundle, which is written anew beside its place and exchanged.

    Their rows stay, empty and without a name, as models keep vectors by row.

    Args:
        bundle: its folder.
        users: whom to forget; those that the bundle never heard of are nobody's loss.

    Returns:
        whether it had heard of any.

    Raises:
        BundleError: it is damaged, or cannot be written.
    """
    if not set(users) & set(_users(bundle)):
        return False
    engine = Engine.load(bundle)
    known = engine.recommender
    without = replace(known, interactions=without_users(known.interactions, users))
    Engine.of(without, engine.policy.config, version=engine.version).save(bundle)
    return True


def erased_in(bundle: Path, erased: Erased) -> list[str]:
    """The users of a bundle who were erased since it was trained; 1 µs a user.

    Args:
        bundle: its folder.
        erased: as the live state knows them.

    Raises:
        BundleError: it is damaged.
    """
    if not erased:
        return []
    return list(erased.found_in(_users(bundle)))


def drop_candidate(folder: Path) -> None:
    """Remove what ``penchant learn`` is making: it may know somebody who is being erased.

    The loop says that it is gone, and begins anew at its next look.

    Args:
        folder: the data folder.
    """
    shutil.rmtree(folder / "learning" / "candidate", ignore_errors=True)


def _users(bundle: Path) -> list[str]:
    try:
        found: list[str] = json.loads((bundle / _USERS).read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(f"{bundle}: {_USERS} cannot be read: {error}.") from error
    return found
