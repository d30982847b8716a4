"""SIGTERM while many tasks run at once.

Prefect's handler raises in whatever code runs at that moment. In a server's own task, such as one of the relay's, that
exception ends there and the run goes on; so the one task that stands for the run hears the signal instead.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def sigterm_ends_this_task() -> Iterator[None]:
    """Cancel the current task on SIGTERM, and then let whoever handled the signal before have it."""
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread alone
        return
    loop, before, came = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM), []

    def end() -> None:
        came.append(signal.SIGTERM)
        task.cancel()

    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        yield
    except asyncio.CancelledError:
        if came and callable(before):
            before(signal.SIGTERM, None)  # Prefect's raises; from here it ends the flow
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)
