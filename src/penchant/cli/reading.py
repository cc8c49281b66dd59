"""The options about a data set, given to every command that reads one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import UsageError

from .output import note
from .settings import from_file, pairs

if TYPE_CHECKING:
    from penchant.data import Dataset


@dataclass(frozen=True)
class Reading:
    """Where a data set lies and how it is read; each field is an option."""

    events: Annotated[
        Path | None,
        typer.Option(
            "--events",
            metavar="E",
            help="Events: CSV, Parquet or JSON lines (gzip too) with user_id, item_id and timestamp or position.",
        ),
    ]
    items: Annotated[
        Path | None,
        typer.Option(
            "--items",
            metavar="I",
            help="The catalogue, in the same formats: item_id and any columns of text.",
        ),
    ]
    users: Annotated[
        Path | None,
        typer.Option("--users", metavar="U", help="About users: user_id and any columns."),
    ]
    feedback: Annotated[
        list[str] | None,
        typer.Option(
            "--feedback",
            metavar="RULE",
            help="Which events count, such as 'rating >= 4' or 'purchase * 3'; repeatable.",
        ),
    ]
    template: Annotated[
        str | None,
        typer.Option(
            "--template", metavar="TEXT", help="The text of an item, such as '{title}. {genres}'."
        ),
    ]
    k_core: Annotated[
        int | None,
        typer.Option(
            "--k-core", metavar="N", min=0, help="Keep users and items with N or more events."
        ),
    ]
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="THEIRS=OURS", help="A column of theirs by our name; repeatable."
        ),
    ]
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Of text files, if not UTF-8.")
    ]
    drop_unknown: Annotated[
        bool,
        typer.Option("--drop-unknown", help="Leave out events of items the catalogue lacks."),
    ]
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="A penchant.toml; options win over its lines."
        ),
    ]

    @functools.cached_property
    def file(self) -> dict[str, Any]:
        """The settings of the config file; empty without one.

        Raises:
            UsageError: the file is not a penchant.toml.
        """
        return from_file(self.config) if self.config else {}

    def check(self) -> None:
        """Refuse a call that names no data.

        Raises:
            UsageError: events or items are named neither by an option nor in the config file.
        """
        missing = [f"--{name}" for name in ("events", "items") if self._of(name) is None]
        if missing:
            raise UsageError(
                f"{' and '.join(missing)}: missing. Give the file, or a --config that does."
            )

    def open(self, template: str | None = None) -> Dataset:
        """Read and check the data set; say on standard error what was left out.

        Args:
            template: the text of an item where neither option nor file gives one.

        Raises:
            DataError: with everything that is wrong with the files.
            UsageError: a wrong setting, or no file named.
        """
        from penchant.data import read

        self.check()
        columns = pairs("--column", self.column or []) or self.file.get("columns")
        data = read(
            self._of("events"),
            self._of("items"),
            self._of("users"),
            columns=columns,
            encoding=self._of("encoding") or "utf-8",
            feedback=self._of("feedback"),
            template=self._of("template") or template,
            k_core=self._of("k_core") or 0,
            unknown_items="drop" if self.drop_unknown or self._of("drop_unknown") else "error",
        )
        for line in data.notes:
            note(f"note: {line}")
        return data

    def told(self) -> dict[str, Any]:
        """What options and file say of the data, as the table ``[data]`` of a penchant.toml."""
        names = ("events", "items", "users", "feedback", "template", "k_core", "encoding")
        found = {name: self._of(name) for name in names}
        found["columns"] = pairs("--column", self.column or []) or self.file.get("columns")
        found["drop_unknown"] = self.drop_unknown or self._of("drop_unknown")
        return {name: value for name, value in found.items() if value}

    def _of(self, name: str) -> Any:
        given = getattr(self, name)
        unset = given is None or given is False  # but not 0, which wins over the file
        return self.file.get(name) if unset else given


def takes_data(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of ``Reading`` before its own; it gets one as first argument."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    hints = inspect.get_annotations(Reading, eval_str=True)
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if name == "drop_unknown" else None,
            annotation=hint,
        )
        for name, hint in hints.items()
    ]
    front = [part for part in own if part.default is inspect.Parameter.empty]
    rest = [part for part in own if part.default is not inspect.Parameter.empty]
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*front, *rest)]
    split = len(front)
    parameters = [*keyword[:split], *shared[:2], *keyword[split:], *shared[2:]]

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        command(Reading(**{name: given.pop(name) for name in hints}), **given)

    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
    wrapped.__annotations__ = {part.name: part.annotation for part in parameters}
    return wrapped
