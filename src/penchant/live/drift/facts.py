"""What is known of an item: its words and its categories."""

from __future__ import annotations

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from penchant.core import Catalogue

COLUMNS = ("category", "categories", "genres", "genre", "tags")
MOST = 50_000
"""Items whose facts are kept; others are looked up again."""

_WORD = re.compile(r"[^\W\d_]+")
_EACH = {"Han", "Kana", "Hangul", "Thai"}  # scripts without blanks between words
_SCRIPTS = {
    "LATIN": "Latin",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "CJK": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "HANGUL": "Hangul",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari",
    "THAI": "Thai",
}
SCRIPTS = (*dict.fromkeys(_SCRIPTS.values()), "other")

Look = Callable[[str], Mapping[str, object] | None]


@dataclass(frozen=True, slots=True)
class Item:
    """What is watched of an item.

    Attributes:
        words: of its text, in lower case, each with its script; each once.
        categories: that it belongs to.
    """

    words: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()


class Facts:
    """Looks items up, first among those that were put, then in the catalogue of a model.

    Args:
        put: the fields of an item that was put, such as ``Log.item``; None where it was not.
        catalogue: of the model that answers; None where there is none.
        category: the column of categories; "" for the first of ``COLUMNS`` that there is.
    """

    def __init__(
        self,
        put: Look,
        catalogue: Callable[[], Catalogue | None] = lambda: None,
        category: str = "",
    ) -> None:
        self._put, self._catalogue, self._category = put, catalogue, category
        self._known: OrderedDict[str, Item | None] = OrderedDict()

    def __call__(self, item_id: str) -> Item | None:
        """What is known of an item; None where nothing is."""
        if item_id in self._known:
            return self._known[item_id]
        found = self._known[item_id] = self._found(item_id)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return found

    def item(self, fields: Mapping[str, object]) -> Item:
        """What some fields say."""
        catalogue = self._catalogue()
        template = "" if catalogue is None else catalogue.template
        columns = re.findall(r"\{(\w+)", template) or list(fields)
        texts = [str(text) for name in columns for text in _strings(fields.get(name))]
        names = [self._category] if self._category else COLUMNS
        column = next((name for name in names if fields.get(name)), "")
        categories = _strings(fields.get(column), apart=True)
        return Item(tuple(words(" ".join(texts))), tuple(dict.fromkeys(categories)))

    def forget(self, item_id: str) -> None:
        """Look an item up again the next time, as it was put anew."""
        self._known.pop(item_id, None)

    def _found(self, item_id: str) -> Item | None:
        fields = self._put(item_id)
        if fields is None:
            catalogue = self._catalogue()
            code = -1 if catalogue is None else catalogue.items.code(item_id)
            if catalogue is None or code < 0:
                return None
            fields = catalogue.table.row(code, named=True)
            fields = {name: value for name, value in fields.items() if name != "item_id"}
        return self.item(fields)


def words(text: str) -> Iterator[tuple[str, str]]:
    """The words of a text with their scripts, each once; numbers are none.

    >>> list(words("Der Pate 2, der Pate"))
    [('der', 'Latin'), ('pate', 'Latin')]
    """
    seen = set()
    for found in _WORD.findall(text.lower()):
        script = script_of(found[0])
        for word in found if script in _EACH else (found,):
            if word not in seen:
                seen.add(word)
                yield word, script


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """The script of a letter, as its name in Unicode begins."""
    return _SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0].split("-")[0], "other")


def _strings(value: object, apart: bool = False) -> list[str]:
    if isinstance(value, str):
        return (
            [part.strip() for part in re.split(r"[|;]", value) if part.strip()]
            if apart
            else [value]
        )
    if isinstance(value, list | tuple):
        return [str(one) for one in value if one is not None]
    return [] if value is None or not apart else [str(value)]
