"""What all commands share: their group, which turns errors into one line, and common options."""

import sys
from typing import Any, NoReturn

import click

from schemas.errors import CallmillError, UsageError

CALL_FORMATS = ["hermes", "special-tokens", "qwen-agent", "llama"]
BACKENDS = ["xgrammar", "llguidance", "lm-format-enforcer", "none"]
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
