"""``penchant recommend`` and ``penchant explain``: ask a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import UsageError

from . import options
from .output import document, note, ranked

if TYPE_CHECKING:
    from penchant.engine import Recommender

User = Annotated[str | None, typer.Option("--user", metavar="U", help="A user of the events.")]
History = Annotated[
    str | None,
    typer.Option("--history", metavar="A,B", help="Items that somebody chose, oldest first."),
]
Query = Annotated[
    str | None, typer.Option("--query", metavar="TEXT", help="What is wanted, in words.")
]


def recommend(  # noqa: PLR0913 - an option each
    *,
    run: options.Run,
    user: User = None,
    history: History = None,
    query: Query = None,
    k: options.Length = 10,
    exclude: Annotated[
        str | None, typer.Option("--exclude", metavar="A,B", help="Items to leave out.")
    ] = None,
    keep_seen: Annotated[
        bool, typer.Option("--keep-seen", help="Items of the history may return.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """List the best items for a user, a history or a sentence.

    Each comes with its title and a reason.

    Examples:
      penchant recommend --run runs/first --user u1
      penchant recommend --run runs/first --history i7,i9 -k 5
      penchant recommend --run runs/first --query "a slow, warm film"
    """
    from penchant.engine import load

    asked = _asked(user, history, query)
    fitted = load(run)
    _tell_unknown(fitted, asked["history"])
    found = fitted.recommend(**asked, k=k, exclude=_ids(exclude), keep_seen=keep_seen, explain=True)
    if not as_json:
        ranked(found)
        return
    items = [
        {"item_id": r.item, "title": r.text, "score": r.score, "reasons": list(r.reasons)}
        for r in found
    ]
    document({"items": items, "model": fitted.name})


def explain(
    run: options.Run,
    item: Annotated[str, typer.Option("--item", metavar="I", help="The item in question.")],
    user: User = None,
    history: History = None,
    query: Query = None,
    as_json: options.AsJson = False,
) -> None:
    """Say why an item suits a user, a history or a sentence.

    Example:
      penchant explain --run runs/first --user u1 --item i42
    """
    from penchant.engine import load

    asked = _asked(user, history, query)
    fitted = load(run)
    _tell_unknown(fitted, asked["history"])
    reasons = [str(reason) for reason in fitted.explain(**asked, item=item)]
    if as_json:
        document({"item_id": item, "reasons": reasons, "model": fitted.name})
        return
    print(fitted.catalogue.titles[fitted.catalogue.items.code(item)])
    for reason in reasons or ["no single reason stands out"]:
        print(f"  {reason}")


def _asked(user: str | None, history: str | None, query: str | None) -> dict[str, Any]:
    if user is None and history is None and query is None:
        raise UsageError("Whom is it for? Give --user, --history or --query.")
    if query is not None and not query.strip():
        raise UsageError("--query is empty. Say what is wanted, in words.")
    return {"user": user, "history": None if history is None else _ids(history), "query": query}


def _tell_unknown(fitted: Recommender, history: list[str] | None) -> None:
    """Say which items of a history the run does not know, and so leaves out."""
    unknown = [item for item in history or () if item not in fitted.catalogue.items]
    if unknown:
        note(f"note: not in the catalogue, left out of the history: {', '.join(unknown)}")


def _ids(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
