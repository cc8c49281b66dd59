"""Items that were put: prepared in the background, handed over between two requests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Literal, TypeVar

from penchant.core import Overloaded, UsageError
from penchant.store.log import Change, Fields, ItemPut

from .preparing import Prepare, Prepared, Row, prepared, reason_of

Result = TypeVar("Result")


@dataclass(frozen=True)
class CatalogueConfig:
    """How much is prepared at a time, and how much may wait."""

    batch: int = 64
    """Most items of one call of the language model."""

    queue: int = 10_000
    """Items that may wait for it; more are refused with 503."""

    waiting: int = 8
    """Batches that may wait to be handed over; the thread rests until they are."""

    def __post_init__(self) -> None:
        if min(self.batch, self.queue, self.waiting) < 1:
            raise UsageError(f"batch, queue and waiting must be at least 1, got {self}.")


@dataclass(frozen=True, slots=True)
class ItemState:
    """Where an item that was put stands.

    Attributes:
        state: ``pending`` (its text is still to be read), ``ready`` (recommendable from the next
            hand-over on), or ``failed``; a failed one is tried again when it is put again.
        reason: why it failed, or is ready with a drawback; "" otherwise.
    """

    state: Literal["pending", "ready", "failed"]
    reason: str = ""


class LiveCatalogue(Generic[Result]):
    """Prepares items that were put, one batch at a time, on a thread of its own.

    The log holds the items; here wait their ids only. An item that is put again while it waits is
    prepared once, with its last fields; while it is being prepared, once more. A batch that fails is
    halved until the items are found that it fails for, and those alone have failed.

    Thread-safe. Prepared batches are handed over in the order in which they were made, so that each
    may build on the one before.

    Args:
        fields: those of an item, such as ``Log.item``.
        prepare: makes a batch recommendable: vectors of their texts, or a whole engine that knows
            them. Rows have ``item_id`` and fields. Called on one thread at a time.
        config: sizes.
    """

    def __init__(
        self,
        fields: Callable[[str], Fields | None],
        prepare: Prepare[Result],
        config: CatalogueConfig | None = None,
    ) -> None:
        self.config = config or CatalogueConfig()
        self._fields = fields
        self._prepare = prepare
        self._pending: dict[str, int] = {}  # seq of the put, by item, oldest first
        self._ready: dict[str, int] = {}  # one that is put again is here, too, until it is read
        self._again = 0  # items that are in both
        self._failed: dict[str, tuple[int, str]] = {}
        self._done: deque[Prepared[Result]] = deque()
        self._away: dict[str, None] = {}
        self._told_away: tuple[str, ...] | None = ()  # the same, as it was told; None once changed
        self._change = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def follow(self, changes: Sequence[Change]) -> None:
        """Take in puts of items; quick, and never refused: they are in the log already."""
        with self._change:
            for change in changes:
                if isinstance(change, ItemPut):
                    self._put(change.item_id, change.seq, change.is_withdrawn)
            self._change.notify_all()

    def put(self, items: Mapping[str, int], withdrawn: Collection[str] = ()) -> None:
        """Take in items put earlier.

        Args:
            items: the ``seq`` of each one's put, as ``Live.items`` tells them.
            withdrawn: those of them that are not available, as ``Live.withdrawn`` tells them.
        """
        with self._change:
            for item_id, seq in items.items():
                self._put(item_id, seq, item_id in withdrawn)
            self._change.notify_all()

    def admit(self, count: int) -> None:
        """Make sure that so many items more may be put; to be asked before the log takes them.

        Raises:
            Overloaded: too many wait already.
        """
        waiting = len(self._pending)
        if waiting and waiting + count > self.config.queue:
            raise Overloaded(
                f"{waiting:,} items wait for their text to be read; at most "
                f"{self.config.queue:,} may. Send these again later.",
                retry_after=10,
            )

    def state(self, item_id: str) -> ItemState | None:
        """Where an item stands; None for one that was not put."""
        with self._change:
            if item_id in self._pending:
                return ItemState("pending")
            if item_id in self._failed:
                return ItemState("failed", self._failed[item_id][1])
            return ItemState("ready") if item_id in self._ready else None

    @property
    def away(self) -> tuple[str, ...]:
        """Items that were withdrawn, and that nothing prepared says so of: not to be listed.

        Asked before every list: the same object until it changes.
        """
        told = self._told_away
        if told is None:
            with self._change:
                told = self._told_away = tuple(self._away)
        return told

    def counts(self) -> dict[str, int]:
        """Items by state: ``pending``, ``ready``, ``failed``; quick, however many there are."""
        with self._change:
            return {
                "pending": len(self._pending),
                "ready": len(self._ready) - self._again,
                "failed": len(self._failed),
            }

    def failures(self, most: int = 100) -> dict[str, str]:
        """Items that failed, with the reason; the first ``most`` of them."""
        with self._change:
            return {item: reason for item, (_, reason) in islice(self._failed.items(), most)}

    def ready(self) -> tuple[Prepared[Result], ...]:
        """What was prepared since the last call, oldest first; each is handed over once."""
        if not self._done:
            return ()
        with self._change:
            done = tuple(self._done)
            self._done.clear()
            self._change.notify_all()
        return done

    def retry(self) -> int:
        """Let those that failed wait again; how many there were."""
        with self._change:
            for item_id, (seq, _) in self._failed.items():
                self._wait(item_id, seq)
            count = len(self._failed)
            self._failed.clear()
            self._change.notify_all()
        return count

    def work(self) -> int:
        """Prepare one batch now, on this thread; how many items left the queue."""
        with self._change:
            batch = dict(islice(self._pending.items(), self.config.batch))
        rows, failed = self._rows(batch)
        done = prepared(self._prepare, rows, failed)
        with self._change:
            for item_id, seq in batch.items():
                if self._pending.get(item_id) != seq:  # put again meanwhile
                    continue
                del self._pending[item_id]
                self._again -= item_id in self._ready
                if item_id in failed:
                    self._ready.pop(item_id, None)
                    self._failed[item_id] = seq, failed[item_id]
                else:
                    self._ready[item_id] = seq
                    self._withdraw(item_id, False)
            self._done.extend(done)
        return len(batch)

    def start(self) -> None:
        """Work from now on, on a thread."""
        self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread after the batch at work."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(self._has_work)
                if self._closed:
                    return
            self.work()

    def _has_work(self) -> bool:
        free = len(self._done) < self.config.waiting
        return self._closed or bool(self._pending and free)

    def _put(self, item_id: str, seq: int, withdrawn: bool) -> None:
        failed = self._failed.get(item_id, (0, ""))[0]
        if seq > max(self._pending.get(item_id, 0), self._ready.get(item_id, 0), failed):
            self._wait(item_id, seq)
            self._failed.pop(item_id, None)
            self._withdraw(item_id, withdrawn)

    def _withdraw(self, item_id: str, withdrawn: bool) -> None:
        if withdrawn == (item_id in self._away):
            return
        if withdrawn:
            self._away[item_id] = None
        else:
            del self._away[item_id]
        self._told_away = None

    def _wait(self, item_id: str, seq: int) -> None:
        self._again += item_id in self._ready and item_id not in self._pending
        self._pending[item_id] = seq

    def _rows(self, batch: Mapping[str, int]) -> tuple[list[Row], dict[str, str]]:
        rows: list[Row] = []
        failed: dict[str, str] = {}
        for item_id in batch:
            try:
                rows.append({**(self._fields(item_id) or {}), "item_id": item_id})
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this item's reason
                failed[item_id] = reason_of(error)
        return rows, failed
