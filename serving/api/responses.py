"""/v1/responses, as far as functions and text go: the answer as one object, or as the events that build it."""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from serving.api.answers import Answer
from serving.api.generating import unless_gone
from serving.api.limits import Visit, read_body
from serving.api.responses_spelling import begin_response, call_item, end_response, message_item
from serving.api.responses_stream import ResponsesStream
from serving.api.responses_wire import ResponsesRequest, read_responses_question
from serving.api.service import Service
from serving.api.streaming import open_stream
from serving.api.wire import read_json, read_model
from serving.refusals import RefusedError


async def answer_responses(request: Request, service: Service, visit: Visit) -> Response:
    """One request from its body to its response.

    Raises:
        RefusedError: naming what was wrong.
        ClientGoneError: the client left.
    """
    data = read_json(await read_body(request, service.options))
    asked = read_model(ResponsesRequest, data)
    question = read_responses_question(asked, service.options)
    try:
        ready = await unless_gone(request.receive, service.prepare(question, visit))
    except RefusedError as problem:
        # The question was put in the words of chat completions, where tools are nested.
        problem.param = problem.param and problem.param.replace("].function.", "].").replace("messages", "input")
        raise
    shell = begin_response(asked, service.engine.model_name)
    if asked.stream:
        chunks = ResponsesStream(shell, ready).chunks(service.runner, visit)
        return await open_stream(request.receive, chunks, service.options.stall_timeout_s, "error")
    answer = (await unless_gone(request.receive, service.answers(ready, visit)))[0]
    return JSONResponse(end_response(shell, spell_items(answer), answer.finish, ready.prompt_tokens, answer.tokens))


def spell_items(answer: Answer) -> list[dict[str, Any]]:
    """What was said, then what was called."""
    status = "completed" if answer.finish == "stop" else "incomplete"
    items = [message_item(answer.content, status)] if answer.content or not answer.calls else []
    return items + [call_item(call.name, call.arguments) for call in answer.calls]
