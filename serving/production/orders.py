"""Orders to a running server, over HTTP on loopback: `POST /deploy`, `POST /stop`, each with the state file's token."""

import asyncio
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.responses import Response

from schemas.errors import CallmillError, TerminalError
from schemas.serve import ServeOptions, ServeReport, ServerState, SwapOrder
from serving.api.limits import ApiOptions
from serving.production.state import ServeFolder

_STOP_S = 60.0
_POLL_S = 0.1


def create_admin(
    token: str, deploy: Callable[[SwapOrder], Awaitable[ServeReport]], stop: Callable[[], None]
) -> FastAPI:
    """The application that takes orders."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    async def order_deploy(request: Request) -> Response:
        if not _knows(request, token):
            return JSONResponse({"error": "wrong token"}, 403)
        try:
            order = SwapOrder.model_validate_json(await request.body())
            # Goes on even if the one who ordered it does not wait for the end.
            report = await asyncio.shield(asyncio.ensure_future(deploy(order)))
        except ValidationError as error:
            return JSONResponse({"error": str(error)}, 400)
        except CallmillError as error:
            return JSONResponse({"error": str(error)}, 409)
        return Response(report.model_dump_json(), media_type="application/json")

    async def order_stop(request: Request) -> Response:
        if not _knows(request, token):
            return JSONResponse({"error": "wrong token"}, 403)
        stop()
        return JSONResponse({})

    app.add_api_route("/deploy", order_deploy, methods=["POST"], response_model=None)
    app.add_api_route("/stop", order_stop, methods=["POST"], response_model=None)
    return app


def order_swap(state: ServerState, options: ServeOptions, limits: ApiOptions, longest_s: float = 7200) -> ServeReport:
    """Have a running server take another model; waits for its smoke test.

    Raises:
        TerminalError: the new model did not take over, and why; the old one still answers. Other limits than the
            server's are such a reason.
    """
    order = SwapOrder(options=options, limits=fingerprint(limits, state.token))
    return ServeReport.model_validate_json(_order(state, "/deploy", order.model_dump_json().encode(), longest_s))


def fingerprint(limits: ApiOptions, token: str) -> dict[str, str]:
    """Each limit by its variable, keyed with the server's token: equal for equal limits, and tells no API key."""
    return {
        f"CALLMILL_SERVE_{name.upper()}": hmac.new(token.encode(), repr(value).encode(), hashlib.sha256).hexdigest()
        for name, value in asdict(limits).items()
    }


def order_stop(folder: ServeFolder, state: ServerState) -> None:
    """Have a running server stop, and wait until it has.

    Raises:
        TerminalError: it did not within a minute.
    """
    _order(state, "/stop", b"", 30)
    deadline = time.monotonic() + _STOP_S
    while (now := folder.read(state.name)) is not None and now.pid == state.pid:
        if time.monotonic() > deadline:
            raise TerminalError(
                f"The server {state.name} did not end within {_STOP_S:.0f} s; kill process {state.pid}."
            )
        time.sleep(_POLL_S)


def _order(state: ServerState, path: str, body: bytes, longest_s: float) -> bytes:
    headers = {"Authorization": f"Bearer {state.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(state.admin_url + path, body, headers, method="POST")  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=longest_s) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        raise TerminalError(_reason(error.read())) from None
    except OSError as error:
        raise TerminalError(
            f"The server {state.name} (process {state.pid}) does not take orders: {error}; its log is {state.log}."
        ) from None


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:500]


def _knows(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())
