"""The server as a process: it tells when it listens, and ends within seconds of a signal, open streams or not."""

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from serving.api.run import serve_app
from tests.serving.api.asking import HTTP, body, refusal, wait_for
from tests.serving.api.scripted import ScriptedEngine, endless, make_app, running

PROGRAM = """
from serving.api.run import serve_app
from tests.serving.api.scripted import ScriptedEngine, endless, make_app

engine = ScriptedEngine(endless, delay_s=0.01)
serve_app(make_app(engine), "127.0.0.1", 0, lambda url: print(url, flush=True), grace_s=1)
print("closed" if engine.is_closed and not engine.running else "left open", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_soon_and_cleanly(number: signal.Signals) -> None:
    """An endless stream is cut after the grace; the engine is closed; the exit code is 0; nothing else is printed."""
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with httpx.stream("POST", f"{url}/v1/chat/completions", json=body(stream=True), timeout=10) as answer:
            stream = answer.iter_raw()
            next(stream)
            process.send_signal(number)
            started = time.monotonic()
            with pytest.raises(httpx.RemoteProtocolError):
                list(stream)
            assert process.wait(10) == 0
        assert time.monotonic() - started < 4
        assert process.stdout.read().split() == ["closed"]


def test_who_waits_is_told() -> None:
    """A client that has heard nothing when the grace is over gets a 503, not a closed connection."""
    engine = ScriptedEngine(endless, delay_s=30)
    answers: list[httpx.Response] = []
    with running(make_app(engine), grace_s=0.1) as url:
        thread = threading.Thread(target=lambda: answers.append(HTTP.post(f"{url}/v1/chat/completions", json=body())))
        thread.start()
        wait_for(lambda: engine.running == 1)
    thread.join(5)
    assert refusal(answers[0])[0] == 503


def test_taken_address_is_an_os_error() -> None:
    """Not an exit."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve_app(make_app(ScriptedEngine()), "127.0.0.1", taken.getsockname()[1])
