"""The server that a tutorial would write around the same model: FastAPI, faiss, a call a request.

    python bench/serving/tutorial.py RUN (def | async) PORT

No batching across requests, no cache, no events, no policy, no keys: it says what those cost, and
what calling the model from the endpoint does to a server.
"""

from __future__ import annotations

import sys

import faiss
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from penchant.core import Requests, Sequences
from penchant.engine import Recommender


class Question(BaseModel):
    """What is asked."""

    history: list[str]
    k: int = 10


class Item(BaseModel):
    """One of a list."""

    item_id: str
    score: float
    title: str


class Answer(BaseModel):
    """The list."""

    items: list[Item]


def create_app(run: str, way: str) -> FastAPI:
    recommender = Recommender.load(run)
    model, catalogue = recommender.model, recommender.catalogue
    vectors = np.ascontiguousarray(model.item_vectors(), np.float32)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    app = FastAPI()

    def recommend(question: Question) -> Answer:
        codes = catalogue.items.codes(question.history)
        past = Sequences.of_items(np.array([len(codes)]), codes[codes >= 0])
        nobody = np.array([-1], np.int32)
        asked = Requests(recommender.interactions.users, catalogue.items, nobody, past)
        user = model.user_vectors(asked)
        scores, found = index.search(user, question.k + len(codes))
        seen = set(codes.tolist())
        pairs = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        best = [(c, s) for c, s in pairs if c not in seen]
        return Answer(
            items=[
                Item(item_id=catalogue.items.name(c), score=s, title=catalogue.titles[c])
                for c, s in best[: question.k]
            ]
        )

    async def recommend_async(question: Question) -> Answer:
        return recommend(question)

    app.post("/v1/recommend")(recommend if way == "def" else recommend_async)

    @app.get("/health")
    def health() -> dict[str, bool]:
        return {"ok": True}

    return app


if __name__ == "__main__":
    run, way, port = sys.argv[1:]
    uvicorn.run(create_app(run, way), port=int(port), log_level="warning")
