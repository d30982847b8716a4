"""The command line: thin; everything heavy is imported by the command that needs it."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from schemas.errors import CallmillError, FellShortError, UsageError

CALL_FORMATS = ["hermes", "special-tokens", "qwen-agent", "llama"]
BACKENDS = ["xgrammar", "llguidance", "lm-format-enforcer"]
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout; logs on stderr.")


class CleanErrors(click.Group):
    """Turns our errors into one line and their exit code."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except CallmillError as error:
            fail(error)
        except (KeyboardInterrupt, click.Abort):
            click.echo("callmill: stopped; the same command goes on from here.", err=True)
            sys.exit(130)
        except OSError as error:
            if error.filename is None:
                raise
            fail(UsageError(f"{error.strerror}: {error.filename}; choose another place with CALLMILL_HOME or --out."))
        except BaseException as error:
            if type(error).__name__ != "TerminationSignal":  # Prefect's on SIGTERM, and Prefect is not imported here
                raise
            click.echo("callmill: terminated; the same command goes on from here.", err=True)
            sys.exit(143)


def fail(error: CallmillError) -> NoReturn:
    """Say what is wrong in one line on stderr and exit with the error's code."""
    click.echo(f"callmill: {error}", err=True)
    sys.exit(error.exit_code)


@click.group(cls=CleanErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="callmill")
def main() -> None:
    """callmill: a data factory for function calling."""


def _api_paths(command: Callable[..., Any]) -> Callable[..., Any]:
    words = "OpenAPI document, OpenAI tools list, or a folder of them; several follow one --apis."
    return click.option("--apis", "apis", multiple=True, required=True, metavar="PATH...", help=words)(command)


@main.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@_api_paths
@click.option("--samples", default=500, show_default=True, help="Accepted samples to end with, exactly.")
@click.option("--mix", default=None, help="Weights per kind: simple=25,multiple=25,…")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Language of every query; none: each document's own.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="train", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed, other candidates.")
@click.option("--judge-draws", default=3, show_default=True, type=click.IntRange(2), help="Judge answers per sample.")
@click.option("--budget", "budget_usd", type=float, help="Stop before this job spends more USD than this.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the data set.")
@click.option("--dry-run", is_flag=True, help="Try 20 candidates and forecast tokens, money and time.")
@AS_JSON
@click.pass_context
def synth(context: click.Context, /, apis: tuple[str, ...], mix: str | None, as_json: bool, **options: Any) -> None:
    """Make checked training data from API documents."""
    from flows.command import run_synth

    paths = [*apis, *context.args]
    try:
        report = run_synth(paths, mix, **options)
    except FellShortError as error:
        _print_synth(error.report, as_json)
        fail(error)
    _print_synth(report, as_json)


def _print_synth(report: Any, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_report

    print_report(report)


@main.command()
@click.argument("apis", nargs=-1, required=True)
@AS_JSON
def ingest(apis: tuple[str, ...], as_json: bool) -> None:
    """Read API documents into the warehouse, cleaned."""
    from tasks.store_documents import ingest_into_warehouse

    report = ingest_into_warehouse(list(apis))
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_ingest

    print_ingest(report)


@main.command()
@click.argument("query", required=False)
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Value of a $name in the query.")
@AS_JSON
def sql(query: str | None, parameters: tuple[str, ...], as_json: bool) -> None:
    """Ask the warehouse, read-only: QUERY is SQL, or a name; without QUERY the names there are."""
    from schemas.settings import Settings, load_settings
    from warehouse.store import Warehouse, query_names, query_text

    if query is None:
        for name in query_names():
            click.echo(f"{name:<22} {query_text(name).splitlines()[0].removeprefix('-- ')}")
        return
    settings = load_settings(Settings)
    warehouse = Warehouse(settings.warehouse_path, settings.lock_wait_s)
    if wrong := [part for part in parameters if "=" not in part]:
        raise UsageError(f"--param {wrong[0]} has no value; write --param {wrong[0]}=VALUE.")
    values = dict(part.split("=", 1) for part in parameters)
    is_name = query in query_names() or query.replace("_", "").isalnum()
    rows = warehouse.read_named(query, values) if is_name else warehouse.read(query, values)
    if as_json:
        click.echo(json.dumps(rows.to_dicts(), ensure_ascii=False, default=str))
        return
    from tasks.terminal import print_rows

    print_rows(rows)


@main.command()
@click.option("--port", default=None, type=click.IntRange(1, 65535), help="Port of server and UI; 4200 unless given.")
@AS_JSON
def up(port: int | None, as_json: bool) -> None:
    """Start Prefect server, UI, work pool, deployments and a worker on this machine."""
    from flows.local.up import DEFAULT_PORT
    from flows.local.up import up as start
    from schemas.settings import Settings, load_settings

    report = start(load_settings(Settings), port or DEFAULT_PORT)
    if as_json:
        click.echo(report.model_dump_json())
        return
    click.echo(f"UI          {report.ui_url}")
    click.echo(f"worker      pid {report.worker_pid}, pool {report.pool}")
    click.echo(f"deployments {', '.join(report.deployments)}")
    for note in report.notes:
        click.echo(f"note        {note}")
    click.echo(f"\nexport PREFECT_API_URL={report.api_url}")
    click.echo(f"prefect deployment run {report.deployments[0]} --watch")
    click.echo("callmill down        stops all of it")


@main.command()
@click.option("--force", is_flag=True, help="Even while other commands are using the server; they fail.")
@click.option("--name", help="Only the model server of this name.")
@AS_JSON
def down(force: bool, name: str | None, as_json: bool) -> None:
    """Stop what `callmill up` started, and the models that `callmill serve` serves."""
    from flows.local.up import down as stop
    from schemas.settings import Settings, load_settings
    from tasks.servers import stop_servers

    settings = load_settings(Settings)
    models = tuple(f"model server {each}" for each in stop_servers(settings.home, name))
    if name is not None:
        if not models:
            raise UsageError(f"No model server named {name} runs; `callmill status` lists those that do.")
        click.echo(json.dumps({"stopped": models}) if as_json else f"Stopped {models[0]}.")
        return
    report = stop(settings, force)
    report = report.model_copy(update={"stopped": models + report.stopped})
    if as_json:
        click.echo(report.model_dump_json())
        return
    click.echo(f"Stopped {', '.join(report.stopped)}." if report.stopped else "Nothing was running.")
    if report.interrupted_pids:
        click.echo(f"Processes that were using the server: {', '.join(map(str, report.interrupted_pids))}.")


@main.command(context_settings={"ignore_unknown_options": False})
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
    "--backend", type=click.Choice(BACKENDS), default="xgrammar", show_default=True, help="Makes token masks."
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
    """Serve a model, OpenAI-compatible, so that it can only make legal calls.

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


@main.command()
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


@main.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@click.argument("model")
@click.option("--suite", type=click.Choice(["tiers", "kinds", "bfcl"]), default="tiers", show_default=True)
@click.option("--against", multiple=True, metavar="URL=MODEL", help="One more model to compare with; a folder too.")
@click.option("--apis", multiple=True, metavar="PATH...", help="Your own documents; several follow one --apis.")
@click.option("--from", "origin", type=click.Choice(["all", "public", "own"]), default="all", show_default=True)
@click.option("--samples", "own_samples", default=100, show_default=True, help="Of your own documents.")
@click.option("--categories", default="all", show_default=True, help="BFCL: names or groups, with commas.")
@click.option("--mode", type=click.Choice(["fc", "prompt"]), default="fc", show_default=True, help="BFCL's two modes.")
@click.option("--limit", type=int, help="At most so many cases of each category.")
@click.option("--sampling", type=click.Choice(["greedy", "sampled", "both"]), default="greedy", show_default=True)
@click.option("--repeats", default=1, show_default=True, help="Draws of each case under each sampling.")
@click.option("--max-tokens", type=int, help="Of each answer; the endpoint's own unless given.")
@click.option("--engine", type=click.Choice(["embedded", "vllm"]), default="embedded", help="That serves a folder.")
@click.option("--call-format", type=click.Choice(CALL_FORMATS), default="hermes", help="Of a folder's model.")
@click.option("--backend", type=click.Choice(BACKENDS), default="xgrammar", help="Makes a folder's token masks.")
@click.option("--again", is_flag=True, help="Ask everything again, even what is stored.")
@click.option("--out", type=click.Path(path_type=Path), help="The HTML report's file.")
@AS_JSON
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    model: str,
    against: tuple[str, ...],
    apis: tuple[str, ...],
    engine: str,
    call_format: str,
    backend: str,
    again: bool,
    out: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score a model on the four tiers, the five kinds or BFCL; MODEL: URL, URL=MODEL, a folder, a server's name."""
    from flows.command import run_evaluation
    from schemas.evaluation_options import FolderServing

    if context.args and not apis:
        raise UsageError(f"Unexpected '{context.args[0]}'; documents follow --apis, further models --against.")
    serving = FolderServing.model_validate({"engine": engine, "call_format": call_format, "backend": backend})
    words = {**options, "serving": serving, "occurrence": time.strftime("%FT%T%z") if again else None}
    try:
        report = run_evaluation([model, *against], [*apis, *context.args], out=str(out) if out else None, **words)
    except FellShortError as error:
        _print_evaluation(error.report, as_json)
        fail(error)
    _print_evaluation(report, as_json)


def _print_evaluation(report: Any, as_json: bool) -> None:
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.evaluation_tables import print_evaluation

    print_evaluation(report)


@main.command(context_settings={"ignore_unknown_options": False, "allow_extra_args": True})
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="KNOB=VALUE", help="Over what the file says; repeatable.")
@click.option("--base", metavar="MODEL", help="base_model=MODEL: a folder, or a name on the hub.")
@click.option("--data", metavar="FOLDER", help="data.0.path=FOLDER: a data set of `callmill synth`.")
@click.option("--out", metavar="FOLDER", help="output=FOLDER of the trained model.")
@click.option(
    "--apis", multiple=True, metavar="PATH...", help="Documents that it is scored on; the data's own unless given."
)
@click.option("--samples", default=100, show_default=True, help="Cases made from them.")
@click.option("--no-evaluation", is_flag=True, help="Train alone.")
@click.option("--dry-run", is_flag=True, help="Expected memory and time; nothing is loaded or written.")
@AS_JSON
@click.pass_context
def train(
    context: click.Context,
    /,
    config: Path,
    changes: tuple[str, ...],
    base: str | None,
    data: str | None,
    out: str | None,
    apis: tuple[str, ...],
    samples: int,
    no_evaluation: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train a model as CONFIG says, then score it beside its base; the same command goes on with an interrupted one."""
    from flows.command import estimate_training, run_training

    named = {"base_model": base, "data.0.path": data, "output": out}
    wanted = [*changes, *(f"{knob}={value}" for knob, value in named.items() if value is not None)]
    if dry_run:
        click.echo(estimate_training(config, wanted))
        return
    options = {"samples": samples, "is_evaluated": not no_evaluation}
    report = run_training(str(config), wanted, [*apis, *context.args], **options)
    if as_json:
        click.echo(report.model_dump_json())
        return
    from tasks.terminal import print_training

    print_training(report.training)
    if report.evaluation is not None:
        _print_evaluation(report.evaluation, as_json)


@main.command()
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@click.option("--underscore-to-dot", is_flag=True, help="Dots of expected names were sent as underscores.")
@AS_JSON
def score(file: Path, underscore_to_dot: bool, as_json: bool) -> None:
    """Judge calls by BFCL's rules: JSON lines in FILE (gzip or not, - for stdin), each line out with `ours`.

    \b
    A line: {"id": "1", "category": "simple_python", "language": "python",
             "functions": [BFCL's documents], "possible_answer": [{"f": {"a": [1]}}],
             "output": [{"f": {"a": 1}}]}
    With "official": {"valid", "error_type"} in it, --json says how often ours agrees.
    """
    from schemas.record import json_text
    from tasks.score_file import score_lines, summarise

    lines = score_lines(file, underscore_to_dot)
    if as_json:
        click.echo(summarise(lines).model_dump_json())
        return
    counts: Counter[str] = Counter()
    for line in lines:
        click.echo(json_text(line.fields))
        judged = {True: "valid", False: "wrong", None: f"no verdict ({line.verdict.reason})"}
        counts[judged[line.verdict.valid]] += 1
    words = ", ".join(f"{count:,} {word}" for word, count in counts.most_common())
    click.echo(f"callmill: {counts.total():,} lines: {words or 'nothing to judge'}", err=True)


@main.command()
@click.argument("before")
@click.argument("after")
@AS_JSON
def diff(before: str, after: str, as_json: bool) -> None:
    """Compare two evaluations case by case; BEFORE and AFTER are run ids, or RUN=MODEL where a run has several."""
    from tasks.compare_runs import compare_runs

    comparisons = compare_runs(before, after)
    if as_json:
        click.echo(json.dumps([comparison.model_dump() for comparison in comparisons]))
        return
    from tasks.evaluation_tables import print_comparison

    for comparison in comparisons:
        print_comparison(comparison)


@main.command()
@AS_JSON
def status(as_json: bool) -> None:
    """Say what runs on this machine."""
    from flows.local.up import status as look
    from schemas.settings import Settings, load_settings
    from tasks.servers import list_servers

    settings = load_settings(Settings)
    report = look(settings)
    servers = list_servers(settings.home)
    if as_json:
        click.echo(json.dumps({**report.model_dump(), "servers": [server.model_dump() for server in servers]}))
        return
    for name, value in report.model_dump().items():
        click.echo(f"{name.replace('_', ' '):<16} {'–' if value is None else value}")
    for server in servers:
        place = f"{server.model} at {server.url or 'no address yet'}, {server.engine}, pid {server.pid}"
        words = f"{place}, {server.phase} since {server.since}"
        click.echo(f"{'server ' + server.name:<16} {words}; log {server.log}")


if __name__ == "__main__":
    main()
