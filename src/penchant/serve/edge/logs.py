"""Log lines that a machine can read and that name nobody.

Each line is one JSON object: ``time`` (UTC), ``level``, ``logger``, ``event``, ``request_id`` where
there is one, and facts about the event. An error is told by its type and the places in the code it
went through; its message is left out, as messages quote values and values are people's.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from .observe import current_request_id

OURS = "penchant"


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON.

    Args:
        messages: True adds the messages of errors, which may hold personal data: for development.
    """

    def __init__(self, *, messages: bool = False) -> None:
        super().__init__()
        self._messages = messages

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self._event(record),
        }
        request_id = current_request_id.get()
        if request_id:
            line["request_id"] = request_id
        told = getattr(record, "told", None)
        if isinstance(told, dict):
            line.update(told)
        if record.exc_info and record.exc_info[1]:
            line["error"] = self._error(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, default=str)

    def _event(self, record: logging.LogRecord) -> str:
        """The text without its arguments, unless it is a line of our own."""
        ours = record.name == OURS or record.name.startswith(OURS + ".")
        return record.getMessage() if ours or self._messages else str(record.msg)

    def _error(self, error: BaseException) -> list[dict[str, object]]:
        """An error and those that it came from, outermost first."""
        told: list[dict[str, object]] = []
        cause: BaseException | None = error
        while cause is not None and len(told) < 5:
            one: dict[str, object] = {
                "type": f"{type(cause).__module__}.{type(cause).__qualname__}",
                "at": _places(cause.__traceback__),
            }
            if self._messages:
                one["message"] = str(cause)
            told.append(one)
            cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
        return told


def _places(where: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(where)[-12:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def configure_logs(
    stream: TextIO, *, level: int = logging.INFO, access: bool = True, messages: bool = False
) -> None:
    """Send the lines of the service and of its server to one stream, as JSON.

    Args:
        stream: such as standard error.
        level: the lowest that is written.
        access: whether there is a line for each request.
        messages: whether errors are told with their messages, which may hold personal data.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(messages=messages))
    for name in (OURS, "uvicorn", "asyncio"):
        _send(name, [handler], level)
    logging.getLogger(f"{OURS}.access").setLevel(level if access else logging.WARNING)
    # goes on to "uvicorn", without the lines about its coming and going, which the service says itself
    logging.getLogger("uvicorn.error").handlers = []
    logging.getLogger("uvicorn.error").setLevel(max(level, logging.WARNING))
    # uvicorn's line about a request has its path and the address of the client: ours takes its place
    _send("uvicorn.access", [], logging.WARNING)


def _send(name: str, handlers: list[logging.Handler], level: int) -> None:
    logger = logging.getLogger(name)
    logger.handlers = handlers
    logger.propagate = False
    logger.setLevel(level)
