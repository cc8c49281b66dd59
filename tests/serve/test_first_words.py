"""The first question in words: the language model is loaded beside the service, not in its way."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from penchant.core import Overloaded, PenchantError
from penchant.engine import Answer, Ask, Engine
from penchant.live import Follower
from penchant.serve.deployed import Deployed
from penchant.testing.memory_log import MemoryLog

SECONDS = 20.0


def test_while_the_language_model_is_loaded_only_words_wait(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    log = MemoryLog()
    deployed = Deployed(engine, log, Follower(log))
    loading, loaded = threading.Event(), threading.Event()
    answers = Engine.answers

    def slow(self: Engine, asks: Sequence[Ask], **about: object) -> list[Answer | PenchantError]:
        if not loaded.is_set() and any(ask.query for ask in asks):
            loading.set()
            assert loaded.wait(SECONDS)
        return answers(self, asks, **about)

    monkeypatch.setattr(Engine, "answers", slow)
    warming = threading.Thread(target=deployed.warm)
    warming.start()
    assert loading.wait(SECONDS)
    words, somebody = deployed.answers([Ask(query="slow"), Ask(user_id="u1", k=2)])
    assert isinstance(words, Overloaded)
    assert "being loaded" in str(words)
    assert isinstance(somebody, Answer)
    assert len(somebody.items) == 2
    loaded.set()
    warming.join()
    (words,) = deployed.answers([Ask(query="slow", k=2)])
    assert isinstance(words, Answer)
    deployed.close()
    log.close()


def test_a_model_that_leaves_out_answers_while_words_wait_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    log = MemoryLog()
    deployed = Deployed(engine, log, Follower(log))
    monkeypatch.setattr(Engine, "answers", lambda self, asks: [])
    monkeypatch.setattr(deployed, "_warming", True)
    with pytest.raises(RuntimeError, match="gave 0 answers to 1 questions"):
        deployed.answers([Ask(query="slow"), Ask(user_id="u1", k=2)])
    deployed.close()
    log.close()
