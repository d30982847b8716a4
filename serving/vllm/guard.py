"""Runs a command and ends all of its process group when whoever started it ends, however that happens.

`python -m serving.vllm.guard PATIENCE_S COMMAND…`, started in a session of its own, with a pipe on stdin that the
starter holds open: its end is the starter's end, even after kill -9.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Start the command, wait for its end or the starter's, and leave nothing behind."""
    patience_s, command = float(sys.argv[1]), sys.argv[2:]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_guard)
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: _end(child, asked))
    threading.Thread(target=_watch_starter, args=(child, asked), daemon=True).start()
    while child.poll() is None:
        if asked.wait(0.2):
            _wait(child, patience_s)
            break
    print(f"callmill: the server process ended with code {child.poll()}.", flush=True)
    # Its engine and worker processes are in this group too; vLLM ends them unless it crashed.
    os.killpg(0, signal.SIGKILL)


def _watch_starter(child: "subprocess.Popen[bytes]", asked: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    _end(child, asked)


def _end(child: "subprocess.Popen[bytes]", asked: threading.Event) -> None:
    asked.set()
    if child.poll() is None:
        child.terminate()


def _wait(child: "subprocess.Popen[bytes]", patience_s: float) -> None:
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        print(f"callmill: killed; it did not end within {patience_s:g} s.", flush=True)


def _die_with_guard() -> None:
    """Linux ends the command too when this guard is killed; elsewhere the starter does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


if __name__ == "__main__":
    main()
