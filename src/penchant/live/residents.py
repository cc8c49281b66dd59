"""The users whose histories are in memory: those heard of last, within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from .history import History


class Residents:
    """Histories by user; the least recently used are let go where they take too many bytes.

    A user that was let go can be read again from the log. As long as nobody was (``complete``), a
    user who is not here has no events, and the log need not be asked.

    Attributes:
        most: bytes that all histories together may take.
        size: bytes that they take, about.
        complete: whether nobody was ever let go.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self.complete = True
        self._users: OrderedDict[str, History] = OrderedDict()

    def __len__(self) -> int:
        return len(self._users)

    def __iter__(self) -> Iterator[str]:
        """The users, the one heard of last at the end."""
        return iter(self._users)

    def get(self, user_id: str) -> History | None:
        """The history of a user; None for one who is not here."""
        found = self._users.get(user_id)
        if found is not None:
            self._users.move_to_end(user_id)
        return found

    def put(self, user_id: str, history: History) -> None:
        """Keep a history in the place of the user's earlier one."""
        old = self._users.get(user_id)
        self._users[user_id] = history
        self._users.move_to_end(user_id)
        self.size += history.size - (0 if old is None else old.size)
        while self.size > self.most and len(self._users) > 1:
            _, gone = self._users.popitem(last=False)
            self.size -= gone.size
            self.complete = False

    def pop(self, user_id: str) -> History | None:
        """Forget a user, and return what was known."""
        gone = self._users.pop(user_id, None)
        if gone is not None:
            self.size -= gone.size
        return gone

    def copy(self) -> dict[str, History]:
        """The histories as they are now; quick, as histories are values."""
        return dict(self._users)
