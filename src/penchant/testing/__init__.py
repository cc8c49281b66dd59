"""For people who write models: a small data set, fakes for every seam, and checks for any model.

Four lines test a model of your own::

    import pytest
    from penchant.testing import CHECKS, Case

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_model(check):
        check(Case(MyModel, MyConfig()))
"""

from .backbone_checks import BACKBONE_CHECKS, BackboneCase
from .conformance import CHECKS, Case
from .fake_index import FakeIndex
from .fakes import FakeConfig, FakeEncoder, FakeModel
from .index_checks import INDEX_CHECKS, IndexCase
from .language_model_checks import LANGUAGE_MODEL_CHECKS, LanguageModelCase
from .log_case import LogCase
from .log_checks import LOG_CHECKS
from .log_damage import Outcome, damaged_copies
from .log_kills import Ledger, kill_writers
from .memory_log import MemoryLog
from .postgres import PostgresServer, find_programs, postgres_server
from .tiny import FILMS, tiny_catalogue, tiny_dataset, tiny_requests
from .tiny_models import TINY_KINDS, write_tiny_model

__all__ = [
    "BACKBONE_CHECKS",
    "CHECKS",
    "FILMS",
    "INDEX_CHECKS",
    "LANGUAGE_MODEL_CHECKS",
    "LOG_CHECKS",
    "TINY_KINDS",
    "BackboneCase",
    "Case",
    "FakeConfig",
    "FakeEncoder",
    "FakeIndex",
    "FakeModel",
    "IndexCase",
    "LanguageModelCase",
    "Ledger",
    "LogCase",
    "MemoryLog",
    "Outcome",
    "PostgresServer",
    "damaged_copies",
    "find_programs",
    "kill_writers",
    "postgres_server",
    "tiny_catalogue",
    "tiny_dataset",
    "tiny_requests",
    "write_tiny_model",
]
