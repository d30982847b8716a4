"""`callmill serve`: a named server in this process, or detached; one that runs already swaps its model."""

import asyncio
import logging
from collections.abc import Callable

from schemas.errors import UsageError
from schemas.serve import ServeOptions, ServeReport
from schemas.settings import Settings, load_settings
from tasks.serve import put_in_place

Say = Callable[[ServeReport], None]


def serve_model(name: str, options: ServeOptions, host: str, port: int, detach: bool, say: Say) -> None:
    """Serve until told to stop, or with `detach` until it answers; `say` is told once it does.

    Raises:
        TerminalError: the model did not start or failed its smoke test; one that answered before still does.
        UsageError: the server's packages are not installed.
    """
    try:
        import torch  # noqa: F401  # the first of the serve extra
    except ImportError:
        raise UsageError("Serving needs its packages; run `pip install 'callmill[serve]'`.") from None
    from serving.production.state import ServeFolder

    settings = load_settings(Settings)
    running = ServeFolder(settings.home).read(name)
    if detach or running is not None:
        say(put_in_place(settings.home, name, options, host, port))
        return
    _serve_here(name, options, host, port, say)


def _serve_here(name: str, options: ServeOptions, host: str, port: int, say: Say) -> None:
    from serving.production.gateway import Gateway, GatewayOptions, read_limits

    logging.basicConfig(level=logging.WARNING, format="callmill: %(message)s")
    where = GatewayOptions(load_settings(Settings).home, name, host, port, api=read_limits())
    asyncio.run(Gateway(where, options).run(say))
