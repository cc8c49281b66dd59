"""Public names that are looked up when they are first used (PEP 562).

So ``import penchant`` takes milliseconds, and importing a room brings neither torch nor a server::

    __getattr__, __dir__ = lazily(__name__, {"TransformerEncoder": "encoder"})
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

Lookup = Callable[[str], object]
Listing = Callable[[], list[str]]


def lazily(package: str, files: Mapping[str, str], extra: str = "") -> tuple[Lookup, Listing]:
    """The ``__getattr__`` and ``__dir__`` of a package.

    Args:
        package: its name.
        files: each name, and the module below the package that holds it, such as ``lab.compare``.
        extra: the optional dependencies that those modules need, such as ``serve``.

    Returns:
        ``__getattr__``, which imports the module of a name once and raises ``MissingDependency``
        where a library of the extra is not installed; and ``__dir__``, which lists those names too.
    """

    def look_up(name: str) -> object:
        if name not in files:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            value: object = getattr(import_module(f".{files[name]}", package), name)
        except ModuleNotFoundError as error:
            if not extra or (error.name or "").partition(".")[0] == "penchant":
                raise
            from .core import MissingDependency

            raise MissingDependency(
                f"{error.name} is not installed, and {package} needs it: "
                f'pip install "penchant[{extra}]"'
            ) from error
        setattr(sys.modules[package], name, value)
        return value

    def listing() -> list[str]:
        return sorted({*vars(sys.modules[package]), *files})

    return look_up, listing
