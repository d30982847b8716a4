"""`callmill serve`: a named server in this process, or detached; one that runs already swaps its model."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from schemas.errors import TerminalError, UsageError
from schemas.serve import ServeOptions, ServeReport
from schemas.settings import Settings, load_settings

DEFAULT_PORT = 8000

Say = Callable[[ServeReport, bool], None]
"""Told the report, and whether the server goes on after this command."""


def serve_model(name: str, options: ServeOptions, host: str, port: int | None, detach: bool, say: Say) -> None:
    """Serve until told to stop, or with `detach` until it answers; `say` is told once it does.

    Raises:
        TerminalError: the model did not start or failed its smoke test; one that answered before still does.
        UsageError: the server's packages are not installed.
    """
    try:
        import torch  # noqa: F401  # the first of the serve extra
    except ImportError:
        raise UsageError("Serving needs its packages; run `pip install -c constraints.txt -e '.[serve]'`.") from None
    from serving.production.detached import put_in_place
    from serving.production.state import ServeFolder

    _refuse_ignored(options)
    settings = load_settings(Settings)
    running = ServeFolder(settings.home).read(name)
    if running is not None and port is not None and f":{port}/" not in running.url:
        raise UsageError(f"{name} runs at {running.url}, and stays there; leave --port out, or choose another --name.")
    if not detach and running is None:
        _serve_here(name, options, host, DEFAULT_PORT if port is None else port, say)
        return
    try:
        report = put_in_place(settings.home, name, options, host, DEFAULT_PORT if port is None else port)
    except KeyboardInterrupt:
        raise TerminalError(
            f"No longer waiting; {name} goes on starting: `callmill status` shows it, `callmill down --name {name}` "
            "stops it."
        ) from None
    say(report, True)


def _refuse_ignored(options: ServeOptions) -> None:
    """What only vLLM knows is not for the embedded engine."""
    if options.engine == "vllm":
        return
    names = ("lora", "tensor_parallel", "quantization", "gpu_memory_utilization", "vllm_port", "extra")
    given = [name for name in names if getattr(options, name)]
    if given:
        words = ", ".join("words after --" if name == "extra" else f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(f"The embedded engine does not know {words}; leave it out, or use --engine vllm.")
    if not Path(options.model).is_dir():
        raise UsageError(
            f"There is no model folder {Path(options.model).resolve()}; the embedded engine takes folders alone: "
            "download the model, or use --engine vllm, which takes names too."
        )


def _serve_here(name: str, options: ServeOptions, host: str, port: int, say: Say) -> None:
    from serving.production.gateway import Gateway, GatewayOptions, read_limits

    logging.basicConfig(level=logging.WARNING, format="callmill: %(message)s")
    where = GatewayOptions(load_settings(Settings).home, name, host, port, api=read_limits())
    try:
        asyncio.run(Gateway(where, options).run(lambda report: say(report, False)))
    except OSError as error:
        if error.filename is not None:
            raise
        raise TerminalError(
            f"Can't listen on {host}:{port} ({error.strerror}); choose another --port or --host."
        ) from None
