"""The tree of errors is drawn as it is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from penchant.core import errors

SOURCE = Path(errors.__file__).parents[1]


def parents() -> dict[str, str]:
    """Every class of the package that is an error of the tree, and what it is a kind of."""
    bases = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    bases.setdefault(node.name, getattr(base, "id", ""))
    found, before = {"PenchantError": "Exception"}, 0
    while len(found) > before:
        before = len(found)
        found |= {name: base for name, base in bases.items() if base in found}
    return found


def drawn() -> dict[str, str]:
    """The same, from the drawing."""
    found, path = {}, []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r" {4}((?:[│ ] {3})*(?:[├└]── )?)(\w+) ", line)
        if match:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            found[match[2]] = path[depth - 1] if depth else "Exception"
    return found


def test_the_drawing_is_the_tree():
    assert drawn() == parents()
