"""The command line's entry: what commands there are."""

import click

from commands.data import ingest, sql, synth
from commands.group import CleanErrors
from commands.machine import down, status, up
from commands.models import chat, serve
from commands.scores import diff, evaluate, score
from commands.training import train

COMMANDS = (synth, ingest, sql, train, serve, chat, evaluate, score, diff, up, down, status)


@click.group(cls=CleanErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="callmill")
def main() -> None:
    """callmill: a data factory for function calling."""


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
