"""For people who write models: a small data set, fakes for every seam, and checks for any model.

Four lines test a model of your own::

    import pytest
    from penchant.testing import CHECKS, Case

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_model(check):
        check(Case(MyModel, MyConfig()))
"""

from .conformance import CHECKS, Case
from .fakes import FakeConfig, FakeEncoder, FakeModel
from .tiny import FILMS, tiny_catalogue, tiny_dataset, tiny_requests

__all__ = [
    "CHECKS",
    "FILMS",
    "Case",
    "FakeConfig",
    "FakeEncoder",
    "FakeModel",
    "tiny_catalogue",
    "tiny_dataset",
    "tiny_requests",
]
