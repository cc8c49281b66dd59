"""The models of a service, durable: which there are, which one answers, which one answered before.

A folder::

    registry.json          the list and the two names, sealed with a SHA-256; written aside and renamed
    registry.backup.json   the same once more, for the day on which the first is damaged
    bundles/NAME/          a copy of each bundle, checked byte by byte while it was copied

Whatever moment a process dies, the list is the old one or the new one. Several processes may use a
registry: changes are made under a lock, and ``stamp`` tells cheaply that somebody made one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from penchant.core import BundleError, DamagedBundle, UsageError

from .atomic import PART, atomic_write
from .copying import copy_bundle, sealed_manifest
from .locking import alone
from .manifest import sealed, unsealed
from .standing import Standing, Version, now
from .swap import sweep

_LIST, _SPARE, _BUNDLES = "registry.json", "registry.backup.json", "bundles"


class Registry:
    """The models below one folder.

    Args:
        folder: made where there is none.
        keep: bundles to keep; the oldest that neither answers nor answered before goes first.
        needed: names of others that must not go, such as those of an experiment.
    """

    def __init__(
        self, folder: str | Path, keep: int = 10, needed: Callable[[], Collection[str]] = tuple
    ) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.keep = keep
        self._needed = needed
        self._read: tuple[tuple[int, ...], Standing] | None = None  # last, and of which file
        (self.folder / _BUNDLES).mkdir(parents=True, exist_ok=True)

    def standing(self) -> Standing:
        """What is registered now; read only where the list changed. Thread-safe.

        Raises:
            DamagedBundle: the list and its second copy are both damaged.
        """
        read, file = self._read, self._file()
        if read is not None and read[0] == file:
            return read[1]
        found = False
        for name in (_LIST, _SPARE):
            try:
                content = (self.folder / name).read_bytes()
            except FileNotFoundError:
                continue
            found = True
            try:
                standing = Standing.of(unsealed(content))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            if name == _LIST and any(file):
                self._read = file, standing
            return standing
        if found:
            raise DamagedBundle(
                f"{self.folder}: {_LIST} and its second copy are both damaged. The models are safe "
                f"in {_BUNDLES}/. Move the two files away and start with --run {_BUNDLES}/NAME."
            )
        return Standing()

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the list does; microseconds."""
        return self._file()[:2]

    def _file(self) -> tuple[int, int, int]:
        """Inode, time of the last change, ns, and size of the list; zeros where there is none."""
        try:
            state = (self.folder / _LIST).stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (state.st_ino, state.st_mtime_ns, state.st_size)

    def path(self, name: str) -> Path:
        """The bundle of a version.

        Raises:
            UsageError: there is no such version.
        """
        self.standing().check(name)
        return self.folder / _BUNDLES / name

    def add(self, run: str | Path) -> Version:
        """Copy a bundle into the registry, and check it on the way. It does not answer yet.

        Args:
            run: the bundle; adding it again changes nothing.

        Raises:
            BundleError: no bundle, damaged, or newer than this penchant.
        """
        source = Path(run).expanduser().resolve()
        name, manifest = _named(source)
        model = str(manifest.get("model") or manifest["kind"])
        version = Version(name, model, now(), str(source), dict(manifest.get("data") or {}))
        with self._changing() as write:
            before = self.standing()
            if name in before.versions:
                return before.versions[name]
            self._sweep(before)
            copy_bundle(source, self.folder / _BUNDLES / name)
            after = replace(before, versions={**before.versions, name: version})
            write(after.and_did("added", name))
        return version

    def answered(self, run: str | Path) -> bool:
        """Whether a run, as it is now, was ever promoted.

        Raises:
            BundleError: no bundle, a damaged manifest, or newer than this penchant.
        """
        name, _ = _named(Path(run).expanduser().resolve())
        done = self.standing().history
        return any(line["version"] == name and line["did"] == "promoted" for line in done)

    @contextmanager
    def bundles(self) -> Iterator[list[Path]]:
        """The bundles of all versions, to be written anew while nobody else changes the registry."""
        with alone(self.folder):
            yield [self.folder / _BUNDLES / name for name in self.standing().versions]

    def promote(
        self,
        name: str,
        why: str = "",
        figures: Mapping[str, Any] | None = None,
        instead: str | None = None,
    ) -> Standing:
        """Let a version answer; the one that did is kept for ``roll_back``.

        Args:
            name: of the version.
            why: in words, for the history.
            figures: what was measured, of JSON values, for the history.
            instead: the version that answers so far, where it must be that one.

        Raises:
            UsageError: there is no such version, or another one answers by now; nothing changed.
        """
        with self._changing() as write:
            before = self.standing()
            before.check(name)
            if before.current == name:
                return before
            _still(before.current, instead)
            answers = replace(before, current=name, previous=before.current)
            after = answers.and_did("promoted", name, why, figures)
            write(after)
        with suppress(BundleError):  # it was promoted; those too many stay until the next time
            self._prune()
        return after

    def promote_first(self, name: str) -> Standing:
        """Let a version answer where none does; one that does, by whichever process, stays.

        Raises:
            UsageError: there is no such version.
        """
        with self._changing() as write:
            before = self.standing()
            if before.current is not None:
                return before
            before.check(name)
            after = replace(before, current=name).and_did("promoted", name)
            write(after)
        return after

    def refuse(self, name: str, why: str, figures: Mapping[str, Any] | None = None) -> Standing:
        """Drop a version that may not answer; the history keeps that it was there, and why.

        One that answers, or did before, or is needed otherwise, stays. Arguments as of ``promote``.

        Raises:
            UsageError: there is no such version.
        """
        with self._changing() as write:
            before = self.standing()
            before.check(name)
            after = before.and_did("refused", name, why, figures)
            if name in {before.current, before.previous, *self._needed()}:
                write(after)
                return after
            kept = {n: version for n, version in before.versions.items() if n != name}
            after = replace(after, versions=kept)
            write(after)
            shutil.rmtree(self.folder / _BUNDLES / name, ignore_errors=True)
        return after

    def roll_back(
        self,
        why: str = "",
        figures: Mapping[str, Any] | None = None,
        instead: str | None = None,
        to: str | None = None,
    ) -> Standing:
        """Let the version before answer again; the one that did becomes the version before.

        Args:
            why: as of ``promote``, like the next two.
            figures: likewise.
            instead: likewise.
            to: the version before, where it must be that one.

        Raises:
            UsageError: there is no version before.
        """
        with self._changing() as write:
            before = self.standing()
            if before.previous is None:
                raise UsageError("There is no earlier model to roll back to.")
            _still(before.current, instead)
            _still(before.previous, to)
            swapped = replace(before, current=before.previous, previous=before.current)
            after = swapped.and_did("rolled back to", before.previous, why, figures)
            write(after)
        return after

    @contextmanager
    def _changing(self) -> Iterator[Callable[[Standing], None]]:
        """Alone with the list; gives the function that writes it."""
        told: list[Standing] = []

        def write(standing: Standing) -> None:
            content = sealed(asdict(standing))
            told.append(standing)
            atomic_write(self.folder / _LIST, content)
            atomic_write(self.folder / _SPARE, content)

        try:
            with alone(self.folder):
                self._read = None  # what is changed was read just now
                yield write
        except OSError as error:
            what = "The models registered are as they were."
            if told and self.standing() == told[-1]:  # it has its name; what came after it failed
                what = "The change itself took place."
            raise BundleError(f"{self.folder} cannot be written: {error}. {what}") from error

    def _sweep(self, standing: Standing) -> None:
        """Remove what a process left that was killed while it copied a bundle, or just after."""
        for left in (self.folder / _BUNDLES).glob(f".*{PART}"):
            sweep(left.with_name(left.name[1:].rsplit(".", 2)[0]))
        for left in (self.folder / _BUNDLES).glob("[!.]*"):
            if left.name not in standing.versions:
                shutil.rmtree(left, ignore_errors=True)

    def _prune(self) -> None:
        with self._changing() as write:
            before = self.standing()
            stay = {before.current, before.previous, *self._needed()}
            spare = [n for n in before.versions if n not in stay]
            gone = spare[: max(0, len(before.versions) - self.keep)]
            if not gone:
                return
            kept = {n: v for n, v in before.versions.items() if n not in gone}
            write(replace(before, versions=kept))
            for name in gone:
                shutil.rmtree(self.folder / _BUNDLES / name, ignore_errors=True)


def _still(now: str | None, meant: str | None) -> None:
    if meant is not None and now != meant:
        raise UsageError(
            f"{meant} was meant, and it is {now} by now: somebody else exchanged them."
        )


def _named(source: Path) -> tuple[str, Mapping[str, Any]]:
    """The name of a bundle, the same for the same content, and its manifest."""
    manifest, seal = sealed_manifest(source)
    return f"{manifest.get('model') or manifest['kind']}-{seal[:12]}", manifest
