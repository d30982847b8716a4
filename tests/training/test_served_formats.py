"""A model trained in each call format is served with its grammar: by the embedded engine, and by vLLM's own server.

There vLLM's parser of that format reads the calls (make vllm-env, or CALLMILL_VLLM_PYTHON): minutes on two cores.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import openai
import pytest

from schemas.errors import TerminalError
from schemas.serve import ServeOptions
from schemas.training import TrainedFormat
from serving.api.app import create_app
from serving.call_formats.open import open_call_format
from serving.production.instances import describe_vllm
from serving.vllm.launch import find_vllm_python, start_vllm
from tests.serving.api.scripted import running
from tests.training.example_rows import CLOCK, WEATHER, user, write_calls
from tests.training.runs import TOKENS, run

pytestmark = pytest.mark.slow


class Trained(NamedTuple):
    """A model and the format it has learnt."""

    call_format: TrainedFormat
    folder: Path


@pytest.fixture(scope="module", params=get_args(TrainedFormat))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """vLLM's attention on CPU needs heads of 32, which the tiny model has not: hence small."""
    from training.tiny_model import make_tiny_model

    folder = tmp_path_factory.mktemp(request.param)
    base, data = make_tiny_model(folder / "base", size="small"), write_calls(folder / "calls.parquet", 40)
    tokens: dict[str, Any] = {"new_tokens": TOKENS} if request.param == "special-tokens" else {}
    knobs: dict[str, Any] = {"method": "sft-full", "learning_rate": 2e-3, "batch_rows": 8, "steps": 25, **tokens}
    report = run(base, folder / "model", data, call_format=request.param, **knobs)
    return Trained(request.param, Path(report.model_path))


@pytest.fixture
def vllm_url(trained: Trained, tmp_path: Path) -> Iterator[str]:
    """vLLM's own port."""
    try:
        python = find_vllm_python()
    except TerminalError as error:
        pytest.skip(str(error))
    served = ServeOptions(model=str(trained.folder), engine="vllm", call_format=trained.call_format, max_model_len=2048)
    process = start_vllm(describe_vllm(served), tmp_path / "vllm.log", python)
    try:
        asyncio.run(process.wait_until_ready())
        yield process.url
    finally:
        asyncio.run(process.stop())


def test_the_embedded_engine_serves_it(trained: Trained) -> None:
    from serving.embedded.open import EmbeddedOptions, open_embedded

    opened = open_embedded(trained.folder, EmbeddedOptions(threads=1))
    with running(create_app(opened.engine, open_call_format(trained.call_format), opened.loaded.tokenizer)) as url:
        check_calls(url)


def test_vllm_serves_and_reads_it(vllm_url: str) -> None:
    check_calls(vllm_url)


def check_calls(url: str) -> None:
    """What was learnt is called unasked, whole and streamed; what never was, legally all the same."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0, timeout=120)
    asked: Any = {
        "model": client.models.list().data[0].id,
        "messages": [user("Weather in Paris?")],
        "tools": [WEATHER],
        "temperature": 0,
        "max_tokens": 200,
    }
    calls = client.chat.completions.create(**asked).choices[0].message.tool_calls or []
    made = [each.function for each in calls if each.type == "function"]
    assert [each.name for each in made] == ["get_weather"]
    assert isinstance(json.loads(made[0].arguments)["city"], str)
    deltas = [chunk.choices[0].delta for chunk in client.chat.completions.create(**asked, stream=True) if chunk.choices]
    functions = [each.function for delta in deltas for each in delta.tool_calls or () if each.function]
    assert "".join(each.name or "" for each in functions) == "get_weather"
    assert "".join(each.arguments or "" for each in functions) == made[0].arguments
    forced = client.chat.completions.create(**{**asked, "tools": [CLOCK]}, tool_choice="required")
    for call in forced.choices[0].message.tool_calls or ():
        assert call.type == "function"
        assert call.function.name == "now"
        assert isinstance(json.loads(call.function.arguments), dict)
