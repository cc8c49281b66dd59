"""Which scope a route needs: one table, and ``admin`` for whatever it does not name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope

from penchant.core import UsageError

from .asgi import path_of
from .keys import SCOPES

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call one route.

    Attributes:
        method: in capitals.
        path: as in the OpenAPI document, ``{name}`` standing for one segment; a last ``/*`` for
            whatever follows.
        scope: ``public`` or one of ``SCOPES``.
    """

    method: str
    path: str
    scope: str


RULES = (
    Rule("GET", "/livez", PUBLIC),
    Rule("GET", "/readyz", PUBLIC),
    Rule("GET", "/openapi.json", PUBLIC),
    Rule("GET", "/console", PUBLIC),  # the page; what it shows it asks for with a key
    Rule("GET", "/console/*", PUBLIC),
    Rule("GET", "/metrics", "admin"),
    Rule("POST", "/v1/recommend", "read"),
    Rule("POST", "/v1/similar", "read"),
    Rule("POST", "/v1/explain", "read"),
    Rule("GET", "/v1/items", "read"),
    Rule("GET", "/v1/items/{item_id}", "read"),
    Rule("GET", "/v1/users/{user_id}", "read"),
    Rule("GET", "/v1/users/{user_id}/events", "read"),
    Rule("POST", "/v1/events", "ingest"),
    Rule("POST", "/v1/impressions", "ingest"),
    Rule("POST", "/v1/items", "ingest"),
    Rule("POST", "/v1/users", "ingest"),
    Rule("PUT", "/v1/items/{item_id}", "ingest"),
    Rule("PUT", "/v1/users/{user_id}", "ingest"),
    Rule("DELETE", "/v1/users/{user_id}", "admin"),
)
"""Of the routes under /v1. Those of /v1/admin need no line: what is not here is for ``admin``."""


class Rules:
    """Finds the rule of a request.

    Args:
        rules: one a method and path.

    Raises:
        UsageError: an unknown scope, or two rules for the same method and path.
    """

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        self._exact: dict[tuple[str, str], Rule] = {}
        self._patterns: list[tuple[re.Pattern[str], Rule]] = []
        for rule in rules:
            if rule.scope not in (PUBLIC, *SCOPES):
                raise UsageError(f"{rule.method} {rule.path}: unknown scope {rule.scope!r}.")
            if (rule.method, rule.path) in self._exact:
                raise UsageError(f"{rule.method} {rule.path} has two rules. Keep one.")
            self._exact[rule.method, rule.path] = rule
            if "{" in rule.path or rule.path.endswith("/*"):
                self._patterns.append((_pattern(rule.path), rule))

    def find(self, method: str, path: str) -> Rule | None:
        """The rule of a request, by its decoded path; HEAD is asked like GET."""
        method = "GET" if method == "HEAD" else method
        found = self._exact.get((method, path))
        if found is not None and "{" not in path and not path.endswith("/*"):
            return found
        for pattern, rule in self._patterns:
            if rule.method == method and pattern.fullmatch(path):
                return rule
        return None

    def scope(self, method: str, path: str) -> str:
        """The scope that a request needs."""
        found = self.find(method, path)
        return found.scope if found else "admin"

    def template(self, scope: Scope) -> str:
        """The route of a request for logs and labels: never its path, which may hold an id.

        That of its rule, or that which the app found; ``unmatched`` where neither knows it.
        """
        found = self.find(scope["method"], path_of(scope))
        if found is None:
            return str(getattr(scope.get("route"), "path", "unmatched"))
        return found.path


def _pattern(path: str) -> re.Pattern[str]:
    rest = ".*" if path.endswith("/*") else ""
    parts = re.split(r"\{[^}]*\}", path.removesuffix("*"))
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + rest, re.DOTALL)
