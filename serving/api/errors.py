"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`, whatever went wrong and where."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from serving.refusals import RefusedError

log = logging.getLogger(__name__)

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    408: "timeout_error",
    422: "model_error",
    429: "rate_limit_error",
}
"""The word for a status; other 4xx are invalid_request_error, 5xx server_error."""


def error_body(error: RefusedError) -> dict[str, Any]:
    """The JSON that goes out."""
    kind = TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
    return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}


def error_response(error: RefusedError) -> JSONResponse:
    """The whole answer to a refused request."""
    headers = {}
    if error.status in (429, 503):
        headers["Retry-After"] = "1"
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status in (408, 504):
        # OpenAI's client would ask a server that is too slow already twice more.
        headers["x-should-retry"] = "false"
    return JSONResponse(error_body(error), error.status, headers)


def server_fault(problem: BaseException) -> RefusedError:
    """What a client is told of a fault of ours; the log has the rest."""
    log.error("A request failed inside the server", exc_info=problem)
    return RefusedError(f"The server failed ({type(problem).__name__}); its log says where.", status=500)


def add_error_handlers(app: FastAPI) -> None:
    """Give every error of an application this shape."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        return error_response(error if isinstance(error, RefusedError) else server_fault(error))

    async def unrouted(request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        what = f"{request.method} {request.url.path}"
        message = {404: f"Unknown address: {what}.", 405: f"Not allowed: {what}."}.get(status, str(error))
        return error_response(RefusedError(message, status=status, code="not_found" if status == 404 else None))

    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(HTTPException, unrouted)
