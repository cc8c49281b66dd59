"""A folder for each tenant: a log, models and a live state of their own, which nobody else opens."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from penchant.core import UsageError

from .edge import TENANT
from .figures import Figures
from .opening import open_service
from .place import Place
from .tenant import Tenant

TENANTS = "tenants"


def open_tenants(
    place: Place,
    names: Iterable[str],
    figures: Figures,
    first: bool = True,
    take_in: bool = True,
) -> dict[str, Tenant]:
    """The service of the data folder itself, under ``""``, and one for each tenant.

    A tenant whose folder is new begins with the run of the command line, or else with the model that
    answers in the data folder.

    Args:
        place: what to serve.
        names: of the tenants, as keys have them.
        figures: of the process.
        first: whether this is the process that tends the folders.
        take_in: as of ``open_service``.

    Raises:
        UsageError: a name that cannot be a folder; and as ``open_service``.
        BundleError: as ``open_service``.
        LogError: likewise.
    """
    config = place.config
    with ExitStack() as opened:
        service, swaps = open_service(place.data, place.run, config, first, take_in)
        opened.callback(service.close)
        tenants = {"": Tenant.of(service, swaps, figures)}
        for name in sorted(set(names) - {""}):
            folder = _folder(place.data, name)
            run = place.run or _borrowed(folder, swaps.registry.path(service.version))
            service, own = open_service(folder, run, config, first, take_in)
            opened.callback(service.close)
            tenants[name] = Tenant.of(service, own, figures, name)
        opened.pop_all()
    return tenants


def _folder(data: Path, name: str) -> Path:
    if not TENANT.fullmatch(name):
        raise UsageError(
            f"A key has the tenant {name!r}: a tenant's name is small letters, digits, dots, hyphens "
            "and underscores, and begins with a letter or digit. Add the key again."
        )
    return data / TENANTS / name


def _borrowed(folder: Path, bundle: Path) -> Path | None:
    return None if folder.exists() else bundle
