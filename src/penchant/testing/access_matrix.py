"""Every route with every kind of credential: who gets in must be whom the policy names.

The routes come from the OpenAPI document of the app, so that a new one is in the matrix at once; the
policy comes from the test, so that it says what was meant and not what was built. A route that the
policy does not name is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penchant.serve.edge import SCOPES, Key, KeyFile

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
REFUSED = frozenset({401, 403})
NOT_THERE = frozenset({404, 405})
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Credential:
    """Something that a caller may show.

    Attributes:
        name: of the kind.
        headers: that carry it.
        scopes: that it must open; empty for what must open nothing.
        query: that carries it, with its question mark.
    """

    name: str
    headers: Sequence[tuple[str, str]]
    scopes: frozenset[str] = frozenset()
    query: str = ""

    def opens(self, scope: str) -> bool:
        """Whether the policy lets it in."""
        return scope == PUBLIC or scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class AccessCase:
    """One request of the matrix.

    Attributes:
        method: of the request.
        target: path and query.
        credential: that it shows.
        allowed: whether it must get in.
        documented: whether there is such a route at all.
    """

    method: str
    target: str
    credential: Credential
    allowed: bool
    documented: bool = True

    def __str__(self) -> str:
        return f"{self.credential.name} {self.method} {self.target}"

    def is_right(self, status: int) -> bool:
        """Whether an answer is what the policy says; what happens to those let in is another test's."""
        if status >= 500:
            return False
        if self.allowed:
            return status not in REFUSED
        return status in REFUSED or (not self.documented and status in NOT_THERE)


def credentials(file: KeyFile) -> list[Credential]:
    """One of each kind; the keys among them are added to the file."""
    found = [Credential(f"key {scope}", *_added(file, [scope])) for scope in SCOPES]
    found.append(Credential("key read+ingest", *_added(file, ["read", "ingest"])))
    key, token = file.add("lower case", ["admin"])
    found.append(
        Credential("bearer in lower case", [("authorization", f"bearer {token}")], key.scopes)
    )
    return [*found, *_bad(file)]


def _added(file: KeyFile, scopes: Sequence[str]) -> tuple[list[tuple[str, str]], frozenset[str]]:
    key, token = file.add("+".join(scopes), scopes)
    return [("authorization", f"Bearer {token}")], key.scopes


def _bad(file: KeyFile) -> Iterator[Credential]:
    """What looks like a key and must open nothing."""
    good, token = file.add("good", ["admin"])
    revoked, dead = file.add("revoked", ["admin"])
    file.revoke(revoked.id)
    kept: Key = next(key for key in file.read() if key.id == good.id)
    other = "A" if token[-1] != "A" else "B"
    for name, value in {
        "revoked key": f"Bearer {dead}",
        "unknown key": "Bearer pck_000000000000_" + "A" * 43,
        "one letter wrong": f"Bearer {token[:-1]}{other}",
        "one letter less": f"Bearer {token[:-1]}",
        "one letter more": f"Bearer {token}A",
        "id of a key alone": f"Bearer pck_{good.id}_",
        "hash of a key": f"Bearer {kept.hash}",
        "id and hash of a key": f"Bearer pck_{good.id}_{kept.hash[:43]}",
        "another scheme": f"Basic {token}",
        "no scheme": token,
        "no key": "Bearer ",
        "two keys in one": f"Bearer {token}, Bearer {token}",
        "a key that is not ASCII": "Bearer pck_\xe9" + token[5:],
        "a long key": "Bearer " + "A" * 10_000,
    }.items():
        yield Credential(name, [("authorization", value)])
    yield Credential("nothing", [])
    yield Credential("two headers", [("authorization", f"Bearer {token}")] * 2)
    yield Credential("a key in the query", [], query=f"?key={token}&access_token={token}")
    yield Credential("a key in a cookie", [("cookie", f"authorization=Bearer {token}")])
    yield Credential("a key in x-api-key", [("x-api-key", token)])


def access_cases(
    openapi: Mapping[str, Any],
    policy: Mapping[tuple[str, str], str],
    shown: Sequence[Credential],
) -> list[AccessCase]:
    """The matrix.

    Each documented route, with each credential; and each method of its path that is not documented,
    which must open nothing.

    Args:
        openapi: the document of the app.
        policy: the scope of each route by method and path, ``public`` for none.
        shown: of ``credentials``.

    Raises:
        AssertionError: the policy lacks a route, or names one that there is not.
    """
    routes = {
        (method.upper(), path)
        for path, methods in openapi["paths"].items()
        for method in methods
        if method.upper() in METHODS
    }
    if missing := sorted(routes - set(policy)):
        raise AssertionError(f"who may call {missing}? Say so in the policy.")
    if more := sorted(set(policy) - routes):
        raise AssertionError(f"the policy names {more}, which the document does not.")
    cases = []
    for path in sorted({path for _, path in routes}):
        for method in METHODS:
            asked = "GET" if method == "HEAD" else method
            scope = policy.get((asked, path), "admin")
            documented = (asked, path) in routes
            for credential in shown:
                target = re.sub(r"\{[^}]*\}", "x", path) + credential.query
                opens = credential.opens(scope)
                cases.append(AccessCase(method, target, credential, opens, documented))
    return cases
