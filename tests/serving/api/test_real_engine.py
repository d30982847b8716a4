"""The same clients, with a randomly initialised model behind the server instead of a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.api.app import create_app
from serving.call_formats.open import CALL_FORMATS, open_call_format
from tests.serving.api.clients import CHECKS
from tests.serving.api.scripted import running


@pytest.fixture(scope="module", params=CALL_FORMATS)
def url(tiny_model: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """One server per call format."""
    from serving.embedded.open import EmbeddedOptions, open_embedded

    opened = open_embedded(tiny_model, EmbeddedOptions(threads=1))
    with running(create_app(opened.engine, open_call_format(request.param), opened.loaded.tokenizer)) as url:
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("client", CHECKS)
def test_client_talks_to_a_real_engine(url: str, client: str) -> None:
    """Every call that it gets is legal."""
    CHECKS[client](url)
