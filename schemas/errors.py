"""Two families: an error that may heal (the step may be retried) and one that may not."""

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_FELL_SHORT = 3


class CallmillError(Exception):
    """One sentence that says what came, what was expected and what to do."""

    exit_code = EXIT_FAILED


class TransientError(CallmillError):
    """May heal by itself: a timeout, a rate limit, a lock held by another process. Prefect retries these."""


class TerminalError(CallmillError):
    """Will not heal by itself: bad input, a wrong key, a spent budget. Never retried."""


class UsageError(TerminalError):
    """The command's words are off."""

    exit_code = EXIT_USAGE


class NoFunctionError(TerminalError):
    """No document has a function that may be used for what was asked."""


class FellShortError(TerminalError):
    """The job ended with fewer accepted samples than were asked for.

    Args:
        message: which kinds fell short and why.
        report: the record of what there is.
    """

    exit_code = EXIT_FELL_SHORT

    def __init__(self, message: str, report: object = None) -> None:
        super().__init__(message)
        self.report = report


class RequestRefusedError(TerminalError):
    """The endpoint refuses this one request (400, 422, content filter); other requests may pass."""


class BudgetSpentError(TerminalError):
    """The next request could cost more than what is left of the budget."""


class UnreachableError(TransientError):
    """The endpoint's address could not be connected to at all: nobody listens there."""


class WarehouseLockedError(TransientError):
    """Another process holds the DuckDB file."""
