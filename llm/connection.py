"""Open the openai client: over aiohttp to an endpoint, or in-process to the embedded teacher."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import openai

from llm.endpoint import Endpoint, Features
from schemas.errors import TerminalError
from schemas.settings import TeacherSettings

OFFLINE_ADDRESS = "http://embedded-teacher/v1"
_CONNECT_SECONDS = 15.0
_KEEPALIVE_SECONDS = 4.0  # below the 5 s after which uvicorn (and so vLLM) hangs up on an idle connection


@contextlib.asynccontextmanager
async def open_endpoint(settings: TeacherSettings, truth_path: Path | None) -> AsyncIterator[Endpoint]:
    """Connect to the endpoint of the settings.

    Args:
        settings: without `base_url` the embedded teacher answers.
        truth_path: where the embedded teacher writes down which answers carry a planted mistake.

    Raises:
        TerminalError: an endpoint without a model, or an address that is none.
    """
    address = check_address(settings)
    key = check_key(settings.api_key.get_secret_value()) if settings.base_url else ""
    async with _open_transport(settings, truth_path) as transport:
        connection = openai.AsyncOpenAI(
            base_url=settings.base_url or OFFLINE_ADDRESS,
            api_key=key or "none",
            admin_api_key="",
            organization="",
            project="",
            webhook_secret="",  # what is not given is taken from OPENAI_… variables, which are meant for others
            timeout=transport.timeout,
            max_retries=0,
            http_client=transport,
        )
        connection.organization = None
        connection.project = None
        connection._custom_headers = {}  # OPENAI_CUSTOM_HEADERS, which no argument switches off
        features = Features(has_schema=settings.structured_output)
        yield Endpoint(connection, address=address, api_key=key, timeout_s=settings.timeout_s, features=features)


def check_address(settings: TeacherSettings) -> str:
    """The address as it may be shown: without its query, where gateways take keys."""
    if settings.base_url is None:
        return "the embedded teacher"
    try:
        url = httpx2.URL(settings.base_url)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise TerminalError(
            "CALLMILL_TEACHER_BASE_URL is not a web address; expected one like https://api.openai.com/v1."
        )
    if url.userinfo:
        raise TerminalError(
            f"CALLMILL_TEACHER_BASE_URL names a user or password for {url.host}, which cannot be sent beside a key; "
            "take it out and set CALLMILL_TEACHER_API_KEY."
        )
    if not settings.model:
        raise TerminalError(
            f"No model is named for {url.host}; set CALLMILL_TEACHER_MODEL to one that the endpoint knows, "
            "such as qwen-max."
        )
    return str(url.copy_with(query=None))


def check_key(key: str) -> str:
    """The key without the blanks and line ends that come with copying; what is wrong with it is said without it."""
    key = key.strip()
    if not all("!" <= character <= "~" for character in key):
        raise TerminalError(
            "CALLMILL_TEACHER_API_KEY holds a blank or a character outside ASCII, which no HTTP header can carry; "
            "copy the key again."
        )
    return key


def _open_transport(settings: TeacherSettings, truth_path: Path | None) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(settings.timeout_s, connect=min(_CONNECT_SECONDS, settings.timeout_s))
    if settings.base_url is None:
        from llm.offline.app import OfflineTeacher  # its word lists take time to load; real endpoints do without

        app = OfflineTeacher(settings.offline_mistakes, truth_path)
        return openai.DefaultAsyncHttpxClient(transport=httpx2.ASGITransport(app=app), timeout=timeout)
    limits = httpx2.Limits(max_connections=settings.concurrency, keepalive_expiry=_KEEPALIVE_SECONDS)
    return openai.DefaultAioHttpClient(limits=limits, timeout=timeout)
