"""The command line's entry: what commands there are."""

import click

from commands.chat_data import chat_data, long_rows
from commands.data import ingest, sql, synth
from commands.export import export
from commands.factory import factory
from commands.general import lm_eval
from commands.group import CleanErrors
from commands.importing import import_set
from commands.machine import down, status, up
from commands.models import chat, serve
from commands.rounds import preferences, rounds
from commands.scores import diff, evaluate, score
from commands.training import train

COMMANDS = (
    synth, ingest, import_set, chat_data, long_rows, export, sql,
    train, preferences, rounds, factory, serve, chat,
    evaluate, lm_eval, score, diff, up, down, status,
)  # fmt: skip


@click.group(cls=CleanErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="callmill")
def main() -> None:
    """callmill: a data factory for function calling."""


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
