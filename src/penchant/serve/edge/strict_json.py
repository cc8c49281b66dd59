r"""JSON from strangers, read strictly.

Python's own reader takes ``NaN``, lets the last of two equal names win, makes infinity of ``1e999``
and half a character of ``"\ud800"``; each of these has broken a service further in. What passes
here can be written again as JSON that every other reader understands the same way (I-JSON,
RFC 7493, with whole numbers of 64 bits).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from .problems import HttpProblem

INT64 = 2**63

# Possessive, so that a string without an end is looked through once.
STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
# Digits as 0, exponents as e, everything else as a space.
SHAPES = bytes(
    48 if chr(b).isdigit() and b < 128 else 101 if b in b"eE" else 32 for b in range(256)
)
# An odd number of backslashes before u0000: an even one is backslashes and the text "u0000".
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """How large a document may be beside its bytes."""

    depth: int = 32
    """Arrays and objects in each other."""

    values: int = 50_000
    """Commas outside of text: reading takes about a microsecond a value, for which all others wait."""


class _Refused(ValueError):
    """What is wrong, in words for the client."""


def parse_json(body: bytes, limits: JsonLimits | None = None) -> Any:
    """A document as Python has it: dict, list, str, int, float, bool or None.

    Raises:
        HttpProblem: 400 ``malformed-json``: not UTF-8, not JSON, a name twice in an object, a NUL,
            half a surrogate pair, a number that does not fit, too deep, too many values. The detail
            says what and where, and never repeats the body.
    """
    limits = limits or JsonLimits()
    try:
        return _read(body, limits)
    except json.JSONDecodeError as error:
        detail = f"{error.msg.removesuffix(' at')}: line {error.lineno}, column {error.colno}."
        raise _problem(detail) from None
    except UnicodeDecodeError as error:
        raise _problem(f"Not UTF-8 at byte {error.start}. Send JSON in UTF-8.") from None
    except RecursionError:
        raise _problem(_too_deep(limits)) from None
    except _Refused as error:
        raise _problem(str(error)) from None
    except ValueError:  # int() of more digits than Python converts
        raise _problem(TOO_LARGE) from None


TOO_LARGE = "A number does not fit: whole numbers need 64 bits, others must be finite doubles."


def _problem(detail: str) -> HttpProblem:
    return HttpProblem(400, "malformed-json", detail)


def _too_deep(limits: JsonLimits) -> str:
    return f"Arrays and objects lie more than {limits.depth} deep in each other."


def _read(body: bytes, limits: JsonLimits) -> Any:
    if body.startswith(b"\xef\xbb\xbf"):
        raise _Refused("The body begins with a byte order mark. Send UTF-8 without one.")
    text = body.decode("utf-8")
    if text.count(",") > limits.values and STRING.sub("", text).count(",") > limits.values:
        raise _Refused(f"More than {limits.values} commas. Send several smaller bodies.")
    value = (_WARY if _has_large_number(body) else _PLAIN).decode(text)
    if _is_deeper(value, limits.depth):
        raise _Refused(_too_deep(limits))
    if "\\u" in text:
        _check_escapes(text, value)
    return value


def _has_large_number(body: bytes) -> bool:
    """Whether a number may not fit: only then are all looked at, which takes a call of Python each.

    A megabyte in a millisecond, a fifteenth of what a regular expression takes.
    """
    shape = body.translate(SHAPES, b"+")
    return b"e000" in shape or b"0" * 19 in shape


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("An object has the same name twice. Send each name once.")
    return found


def _no_constant(_: str) -> NoReturn:
    raise _Refused("NaN and Infinity are no JSON. Leave the value out, or send null.")


def _whole(digits: str) -> int:
    number = int(digits)
    if not -INT64 <= number < INT64:
        raise _Refused(TOO_LARGE)
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Refused(TOO_LARGE)
    return number


_PLAIN = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)
_WARY = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite
)


def _check_escapes(text: str, value: Any) -> None:
    """NUL and halves of surrogate pairs can only come from escapes: the bytes were UTF-8."""
    if "\\u0000" in text and (found := NUL.search(text)):
        raise _Refused(f"A NUL character near character {found.end()}. Leave it out.")
    if "\\ud" not in text and "\\uD" not in text:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _Refused("Half of a surrogate pair. Send whole characters.") from None


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether more than so many arrays and objects lie in each other; level by level."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(depth):
        if not level:
            return False
        level = [
            part
            for whole in level
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, (dict, list))
        ]
    return bool(level)
