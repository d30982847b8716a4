"""Clients as they are, over a real server: OpenAI's (three ways), LiteLLM, LangChain."""

from collections.abc import Iterator

import pytest

from tests.serving.api.clients import CHECKS
from tests.serving.api.scripted import ScriptedEngine, make_app, running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that wants a key."""
    with running(make_app(ScriptedEngine(), api_key="secret")) as url:
        yield url


@pytest.mark.parametrize("client", CHECKS)
def test_client_talks_to_it_unmodified(url: str, client: str) -> None:
    """Tools, streams, errors."""
    CHECKS[client](url, "secret")
