"""Open the openai client: over aiohttp to an endpoint, or in-process to the embedded teacher."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import openai

from llm.endpoint import Endpoint
from schemas.errors import TerminalError
from schemas.settings import EndpointSettings, TeacherSettings

OFFLINE_ADDRESS = "http://embedded-teacher/v1"
_CONNECT_SECONDS = 15.0
_KEEPALIVE_SECONDS = 4.0  # below the 5 s after which uvicorn (and so vLLM) hangs up on an idle connection


@contextlib.asynccontextmanager
async def open_endpoint(settings: EndpointSettings, truth_path: Path | None) -> AsyncIterator[Endpoint]:
    """Connect to the endpoint of the settings.

    Args:
        settings: a teacher's without `base_url`: the embedded teacher answers.
        truth_path: where the embedded teacher writes down which answers carry a planted mistake.

    Raises:
        TerminalError: an endpoint without an address or a model, or an address that is none.
    """
    address = check_address(settings)
    key = check_key(settings) if settings.base_url else ""
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
        has_schema = not isinstance(settings, TeacherSettings) or settings.structured_output
        unwanted = frozenset(() if has_schema else {"response_format"})
        yield Endpoint(connection, address=address, api_key=key, settings=settings, unwanted=unwanted)


def check_address(settings: EndpointSettings) -> str:
    """The address as it may be shown: without its query, where gateways take keys."""
    if settings.is_offline:
        return "the embedded teacher"
    if settings.base_url is None:
        raise TerminalError(f"No address is given; set {settings.variable('base_url')}.")
    try:
        url = httpx2.URL(settings.base_url)
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise TerminalError(
            f"{settings.variable('base_url')} is not a web address; expected one like https://api.openai.com/v1."
        )
    if url.userinfo:
        raise TerminalError(
            f"{settings.variable('base_url')} names a user or password for {url.host}, which cannot be sent beside a "
            f"key; take it out and set {settings.variable('api_key')}."
        )
    if not settings.model:
        raise TerminalError(
            f"No model is named for {url.host}; set {settings.variable('model')} to one that the endpoint knows, "
            "such as qwen-max."
        )
    return str(url.copy_with(query=None))


def check_key(settings: EndpointSettings) -> str:
    """The key without the blanks and line ends that come with copying; what is wrong with it is said without it."""
    key = settings.api_key.get_secret_value().strip()
    if not all("!" <= character <= "~" for character in key):
        raise TerminalError(
            f"{settings.variable('api_key')} holds a blank or a character outside ASCII, which no HTTP header can "
            "carry; copy the key again."
        )
    return key


def _open_transport(settings: EndpointSettings, truth_path: Path | None) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(settings.timeout_s, connect=min(_CONNECT_SECONDS, settings.timeout_s))
    if isinstance(settings, TeacherSettings) and settings.is_offline:
        from llm.offline.app import OfflineTeacher  # its word lists take time to load; real endpoints do without

        app = OfflineTeacher(settings.offline_mistakes, truth_path)
        return openai.DefaultAsyncHttpxClient(transport=httpx2.ASGITransport(app=app), timeout=timeout)
    limits = httpx2.Limits(max_connections=settings.concurrency, keepalive_expiry=_KEEPALIVE_SECONDS)
    return openai.DefaultAioHttpClient(limits=limits, timeout=timeout)
