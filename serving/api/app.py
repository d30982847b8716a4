"""The HTTP application over any engine: its addresses, its gate, and what it says of itself."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.chat import answer_chat
from serving.api.errors import add_error_handlers, error_response, server_fault
from serving.api.generating import ClientGoneError
from serving.api.limits import ApiOptions, Places, Visit, check_key
from serving.api.metrics import Metrics
from serving.api.responses import answer_responses
from serving.api.service import Service
from serving.call_formats.format import CallFormat, Template
from serving.engine import Engine
from serving.refusals import RefusedError

Handler = Callable[[Request, Service, Visit], Awaitable[Response]]

PATHS = frozenset({"/", "/v1/chat/completions", "/v1/responses", "/v1/models", "/health", "/metrics"})

UNANSWERED = 499
"""The status, in the metrics alone, of requests whose client left."""

HINT = """callmill serves {model} here, in OpenAI's protocol; {promise}.
POST /v1/chat/completions · POST /v1/responses · GET /v1/models · GET /health · GET /metrics
"""


def create_app(
    engine: Engine, call_format: CallFormat, template: Template, options: ApiOptions | None = None
) -> FastAPI:
    """The application; it closes the engine when it shuts down."""
    options = options or ApiOptions()
    service = Service(engine, call_format, template, options, Metrics())

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.close()

    app = FastAPI(title="callmill", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    add_error_handlers(app)
    app.add_middleware(Door, service=service)
    app.add_api_route("/v1/chat/completions", _endpoint(answer_chat, service), methods=["POST"], response_model=None)
    app.add_api_route("/v1/responses", _endpoint(answer_responses, service), methods=["POST"], response_model=None)
    _add_pages(app, service)
    return app


def _endpoint(handler: Handler, service: Service) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request, service, request.state.visit)
        except (ClientGoneError, ClientDisconnect):
            # Nobody reads this; the status is for the metrics.
            return Response(status_code=UNANSWERED)
        except RefusedError:
            raise
        except Exception as problem:
            return error_response(server_fault(problem))

    return endpoint


def _add_pages(app: FastAPI, service: Service) -> None:
    started = int(time.time())
    engine = service.engine

    def card(name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": started,
            "owned_by": "callmill",
            "max_model_len": engine.context_length,
        }

    async def list_models() -> JSONResponse:
        return JSONResponse({"object": "list", "data": [card(engine.model_name)]})

    async def show_model() -> JSONResponse:
        # Any name is served by the one model, which says its own.
        return JSONResponse(card(engine.model_name))

    async def health() -> Response:
        return PlainTextResponse("ok") if await engine.is_healthy() else PlainTextResponse("not healthy", 503)

    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")

    async def hint() -> Response:
        promise = "every tool call it returns is legal" if engine.is_constrained else "its tool calls may be illegal"
        return PlainTextResponse(HINT.format(model=engine.model_name, promise=promise))

    pages = {
        "/v1/models": list_models,
        "/v1/models/{name:path}": show_model,
        "/health": health,
        "/metrics": metrics,
        "/": hint,
    }
    for path, page in pages.items():
        app.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)


class Door:
    """What every request passes: the key on the way in; its places and its line in the metrics on the way out."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._places = Places(service.options.max_concurrent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = UNANSWERED
        visit = Visit(self._places, self._service.options.timeout_s)
        scope.setdefault("state", {})["visit"] = visit

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._admit(scope, receive, send_noting)
        except asyncio.CancelledError:
            # The server is stopping and its grace is over: the connection closes, which the client can't take for
            # the end of an answer. Who has heard nothing yet is told.
            if status == UNANSWERED:
                stopping = RefusedError("The server is shutting down.", status=503, code="shutting_down")
                await error_response(stopping)(scope, receive, send_noting)
        finally:
            visit.leave()
            self._service.metrics.add_request(_label(scope["path"]), status, time.perf_counter() - started)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/v1"):
            try:
                check_key(scope["headers"], self._service.options.api_key)
            except RefusedError as problem:
                await error_response(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _label(path: str) -> str:
    # Addresses are the client's to invent; metrics are not.
    return path if path in PATHS else "/v1/models/*" if path.startswith("/v1/models/") else "other"
