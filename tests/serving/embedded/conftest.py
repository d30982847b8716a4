"""Small models of each known kind, with random weights."""

from typing import Any

import pytest
import torch

from serving.embedded.load import MODEL_TYPES, LoadedModel, load_model, make_loaded
from tests.serving.embedded.models import make_model


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Several threads that wait for each other cost a tiny model more than they bring."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from training.tiny_model import make_tokenizer
    from training.tiny_texts import make_texts

    return make_tokenizer(make_texts(0))


@pytest.fixture(scope="session", params=MODEL_TYPES)
def any_model(request: pytest.FixtureRequest, tokenizer: Any) -> LoadedModel:
    """One model of each kind that the engine says it can run."""
    return make_loaded(request.param, make_model(request.param, len(tokenizer)), tokenizer, 512)


@pytest.fixture(scope="session")
def loaded(tiny_model: Any) -> LoadedModel:
    """The tiny Qwen2, from its folder."""
    return load_model(tiny_model, context_length=512)
