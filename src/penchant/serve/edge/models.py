"""Pieces for the schemas of bodies that strangers send."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_ID = 256
"""Characters of an id."""

INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories: control and format characters, surrogates, private use, line separators."""

JOINERS = frozenset("\u200c\u200d")
"""Format characters that words of Persian and emoji are made with."""


class StrictModel(BaseModel):
    """A body or a part of one: unknown fields are errors, nothing is converted, numbers are finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def clean_id(text: str) -> str:
    r"""An id in NFC, so that one name is one user however a keyboard spells it.

    Raises:
        ValueError: empty, over ``MAX_ID`` characters, or with a character that cannot be seen.

    >>> clean_id("Zoe\u0308") == "Zo\xeb"
    True
    """
    text = unicodedata.normalize("NFC", text) if not text.isascii() else text
    if not text or text.isspace() or len(text) > MAX_ID:
        raise PydanticCustomError("id_length", f"An id has 1 to {MAX_ID} characters.")
    if not text.isprintable() and any(map(_is_invisible, text)):
        raise PydanticCustomError("id_characters", "An id has no invisible characters.")
    return text


def _is_invisible(character: str) -> bool:
    code = ord(character)
    none = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF  # no characters, and never will be
    hidden = unicodedata.category(character) in INVISIBLE and character not in JOINERS
    return none or hidden


Id = Annotated[
    str,
    StringConstraints(max_length=4 * MAX_ID),
    AfterValidator(clean_id),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_ID}),
]
"""An id in a body, a path or a query, in NFC."""
