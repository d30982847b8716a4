"""One vocabulary and one back end of each kind for all tests of the folder."""

import pytest

from serving.backends.backend import Backend, BackendName
from serving.backends.open import REFUSES, open_backend
from serving.vocabulary import Vocabulary
from tests.serving.backends.grammars import small_vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """Seven hundred tokens, among them all bytes, doubles, empty ones and parts of characters."""
    return small_vocabulary()


@pytest.fixture(scope="session")
def backends(vocabulary: Vocabulary) -> dict[BackendName, Backend]:
    """Every back end over it."""
    return {name: open_backend(name, vocabulary) for name in REFUSES}


@pytest.fixture(params=["xgrammar", "llguidance", "lm-format-enforcer"])
def backend(request: pytest.FixtureRequest, backends: dict[BackendName, Backend]) -> Backend:
    """Each back end in turn."""
    return backends[request.param]
