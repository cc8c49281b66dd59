"""Checks of models that give their vectors: ``core.Factored`` and ``core.Textual``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Factored, Requests, Sequences, Textual

from .case import Case, expect, valid
from .tiny import FILMS, tiny_dataset


def vectors_give_the_scores(case: Case) -> None:
    """Where neither vector is zeros the score is their product; else the item is lowest."""
    model = case.fitted.model
    if not isinstance(model, Factored):
        return
    items = model.item_vectors()
    expect(items.shape[0] == len(FILMS) and items.dtype == np.float32, "item vectors: wrong shape")
    expect(bool(np.isfinite(items).all()), "an item vector is not finite")
    asked = [case.requests()]
    if model.abilities.queries:
        asked.append(_in_words(case))
    found = 0
    for requests in asked:
        users, scores = model.user_vectors(requests), model.score(requests)
        expect(users.shape == (len(requests), items.shape[1]), "user vectors: wrong shape")
        expect(users.dtype == np.float32, f"user vectors are {users.dtype}, not float32")
        known, some = _known(items), _known(users)
        product = users[some] @ items[known].T
        expect(_close(product, scores[some][:, known]), "a score is not the vectors' product")
        if known.any() and not known.all():
            lowest = product.min(axis=1, keepdims=True) + 1e-5
            expect(bool((scores[some][:, ~known] <= lowest).all()), "an unknown item is not lowest")
        found += int(some.sum())
    expect(found > 0, "no request has a vector")


def vectors_are_made_once(case: Case) -> None:
    """Item vectors are kept, and a request's vector does not depend on the batch."""
    model = case.fitted.model
    if not isinstance(model, Factored):
        return
    first = model.item_vectors()
    expect(np.shares_memory(first, model.item_vectors()), "item vectors are made for every call")
    requests = case.requests()
    whole = model.user_vectors(requests)
    alone = [model.user_vectors(requests[row : row + 1]) for row in range(len(requests))]
    expect(_close(np.concatenate(alone), whole), "a user's vector depends on the batch")
    none = model.user_vectors(requests[:0])
    expect(none.shape == (0, whole.shape[1]), "no requests must give no vectors")


def nobody_has_no_vector(case: Case) -> None:
    """Without history and words a request's vector is zeros, or its product is the score."""
    model = case.fitted.model
    if not isinstance(model, Factored) or not model.abilities.new_users:
        return
    data = tiny_dataset().interactions
    nothing = Sequences.of_items(np.zeros(1, np.int64), np.zeros(0, np.int32))
    requests = Requests(data.users, data.items, np.array([-1], np.int32), nothing)
    users, items = model.user_vectors(requests), model.item_vectors()
    same = _close(users @ items.T, model.score(requests))
    expect(not users.any() or same, "somebody of whom nothing is known has a vector")


def texts_have_vectors(case: Case) -> None:
    """A text has the vector of the item that bears it; a blank one has zeros."""
    model = case.fitted.model
    if not isinstance(model, Textual):
        return
    kept, texts = model.text_vectors(), list(FILMS.values())
    expect(kept.shape[0] == len(FILMS) and kept.dtype == np.float32, "text vectors: wrong shape")
    expect(_close(model.read(texts), kept), "an item's text is read as something else")
    expect(not model.read(["", " \n"]).any(), "a blank text has a vector")
    length = np.linalg.norm(kept, axis=1)
    expect(_close(length, np.any(kept, axis=1).astype(np.float32)), "a vector is not of length 1")


def texts_can_be_changed(case: Case) -> None:
    """An item takes another text, and with it another vector; the others and the model stay."""
    model = case.fitted.model
    if not isinstance(model, Textual):
        return
    before, scores = model.text_vectors().copy(), model.score(case.requests())
    codes = np.array([2, 12], np.int32)  # the twelfth had no text
    changed = model.with_texts(codes, ["Love by the sea in Paris", "Robots at war in space"])
    others = np.setdiff1d(np.arange(len(FILMS)), codes)
    after = changed.text_vectors()
    expect(np.array_equal(after[others], before[others]), "another item's text changed too")
    expect(not np.isclose(after[codes], before[codes]).all(axis=1).any(), "a text did not change")
    expect(np.array_equal(model.score(case.requests()), scores), "the first model changed")
    valid(changed.score(case.requests()), len(scores), len(FILMS))


def _in_words(case: Case) -> Requests:
    requests = case.requests()
    rows = len(requests)
    words = tuple("robots in space" if row % 2 else None for row in range(rows))
    return Requests(requests.users, requests.items, requests.user, requests.history, words)


def _known(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.any(vectors, axis=1)
    return known


def _close(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool(np.allclose(one, other, rtol=1e-4, atol=1e-5))
