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
from .fakes import FakeConfig, FakeEncoder, FakeModel
from .language_model_checks import LANGUAGE_MODEL_CHECKS, LanguageModelCase
from .tiny import FILMS, tiny_catalogue, tiny_dataset, tiny_requests
from .tiny_models import TINY_KINDS, write_tiny_model

__all__ = [
    "BACKBONE_CHECKS",
    "CHECKS",
    "FILMS",
    "LANGUAGE_MODEL_CHECKS",
    "TINY_KINDS",
    "BackboneCase",
    "Case",
    "FakeConfig",
    "FakeEncoder",
    "FakeModel",
    "LanguageModelCase",
    "tiny_catalogue",
    "tiny_dataset",
    "tiny_requests",
    "write_tiny_model",
]
