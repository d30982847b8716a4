"""A tiny randomly initialised model for the whole session, and its tokenizer."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder."""
    from training.tiny_model import make_tiny_model

    return make_tiny_model(tmp_path_factory.mktemp("tiny-base"))


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """The tokenizer of such a model; the session's, so nobody changes it but for its chat template."""
    from training.tiny_model import make_tokenizer
    from training.tiny_texts import make_texts

    return make_tokenizer(make_texts(0))
