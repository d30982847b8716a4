"""Without an address the embedded teacher answers, through the same client and journal."""

import asyncio
from pathlib import Path

from llm.ask import ask, make_request
from llm.client import open_client
from llm.journal import Journal
from prompts.render import render
from schemas.sample import WrittenRefusal
from tests.llm.scripted import lines_of, make_settings

FUNCTION = {
    "name": "get_forecast",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {}},
}


def test_the_embedded_teacher_answers_through_the_same_client(tmp_path: Path) -> None:
    settings = make_settings(base_url=None, offline_mistakes=0.0)
    rendered = render("refuse.v1", language_name="English", offered=[FUNCTION], query="Book me a table for two")
    request = make_request(
        rendered, model=settings.writer_model_name, temperature=0.9, max_tokens=200, answer_model=WrittenRefusal
    )

    async def body() -> None:
        with Journal(tmp_path) as journal:
            async with open_client(settings, journal, job_id="job", run_id="run") as client:
                asked = await ask(client, request, 0, WrittenRefusal)
                assert asked.value is not None, asked.detail
                assert asked.value.answer
                again = await ask(client, request, 0, WrittenRefusal)
                assert again == asked
                assert client.stats.requests_sent == 1
                assert client.stats.new.completion_tokens > 0
                assert any(asked.answer_ids[0] in line for line in lines_of(tmp_path))

    asyncio.run(body())
