"""Models that answer."""

import sys
from pathlib import Path
from typing import Any

import click

from commands.group import AS_JSON, BACKENDS, CALL_FORMATS
from schemas.errors import UsageError


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("model")
@click.argument("extra", nargs=-1)
@click.option("--engine", type=click.Choice(["embedded", "vllm"]), default="embedded", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: every address of this machine.")
@click.option("--port", type=click.IntRange(0, 65535), help="8000 unless given; 0: any free one.")
@click.option(
    "--name", default="production", show_default=True, help="A server of this name that runs swaps its model."
)
@click.option("--detach", is_flag=True, help="Go on after this command; `callmill down` stops it.")
@click.option("--served-name", help="What answers call the model; its folder's name unless given.")
@click.option("--call-format", type=click.Choice(CALL_FORMATS), default="hermes", show_default=True)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="xgrammar",
    show_default=True,
    help="Makes token masks; none: calls may be illegal.",
)
@click.option(
    "--max-model-len", type=click.IntRange(1), help="Most tokens of prompt and answer; the model's unless given."
)
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]))
@click.option("--lora", multiple=True, metavar="NAME=FOLDER", help="vLLM: more adapters.")
@click.option("--tensor-parallel", type=click.IntRange(1), metavar="GPUS", help="vLLM: GPUs that share the model.")
@click.option("--quantization", help="vLLM: fp8, awq, …")
@click.option("--gpu-memory-utilization", type=click.FloatRange(0, 1, min_open=True), help="vLLM: share of GPU memory.")
@click.option("--vllm-port", type=click.IntRange(1, 65535), help="vLLM: port of its own server, on loopback.")
@AS_JSON
def serve(
    model: str,
    extra: tuple[str, ...],
    host: str,
    port: int | None,
    name: str,
    detach: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Serve a model, OpenAI-compatible, so that it can only make legal calls (unless --backend none).

    MODEL is a folder (or, with vLLM, a name it knows); a LoRA adapter's folder is served over its base model.
    EXTRA, after --, goes to vLLM's server as it is.
    """
    from schemas.serve import ServeOptions
    from tasks.serve_command import serve_model

    chosen = ServeOptions(model=model, extra=extra, **options)

    def say(report: Any, goes_on: bool) -> None:
        if as_json:
            click.echo(report.model_dump_json())
            return
        from tasks.terminal import print_serving

        print_serving(report, goes_on)

    serve_model(name, chosen, host, port, detach, say)


@click.command()
@click.argument("model")
@click.option(
    "--tools",
    "tools",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Python file, OpenAPI document or OpenAI tools list; may be given again.",
)
@click.option("--base-url", help="Where calls of an OpenAPI document are sent; without it you say what came back.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Of those HTTP requests.")
@click.option("--message", help="Say this one thing and print what comes of it.")
@click.option("--system", help="The system message.")
@click.option("--api-key", envvar="CALLMILL_CHAT_API_KEY", help="Of the server; better in CALLMILL_CHAT_API_KEY.")
@click.option("--tool-choice", type=click.Choice(["auto", "required", "none"]), default="auto", show_default=True)
@click.option("--max-steps", default=8, show_default=True, type=click.IntRange(1), help="Model turns per message.")
@click.option("--max-tokens", type=click.IntRange(1), help="Of each answer.")
@click.option("--temperature", type=click.FloatRange(0, 2), help="The server's own unless given.")
@click.option("--call-format", type=click.Choice(CALL_FORMATS), default="hermes", show_default=True)
@AS_JSON
def chat(as_json: bool, **options: Any) -> None:
    """Talk to a model that may call tools; MODEL is a folder, or the URL of a server."""
    from tasks.chat import ChatCommand, chat_with_model

    if as_json and not options["message"]:
        raise UsageError("--json prints one finished conversation; give its --message too.")
    sys.exit(chat_with_model(ChatCommand(**options), as_json))
