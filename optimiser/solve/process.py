"""The solver's child as an operating-system process: pipes, environment, a sure end."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import optimiser

STOP_GRACE_S = 0.3
COMPLAINTS_KEPT = 20


class ChildProcess:
    """The child and the two threads that empty its pipes. ``lines`` ends with None."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.is_ready = False
        self.lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.complaints: deque[str] = deque(maxlen=COMPLAINTS_KEPT)
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "optimiser.solve.child", *_tie_to_us()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_child_environment(),
            start_new_session=True,
        )
        self.readers = [_start_thread(self._read_lines), _start_thread(self._read_complaints)]

    def _read_lines(self) -> None:
        for line in _stream(self.popen.stdout):
            with contextlib.suppress(json.JSONDecodeError):
                self.lines.put(json.loads(line))
        self.lines.put(None)

    def _read_complaints(self) -> None:
        self.complaints.extend(_stream(self.popen.stderr))

    def send(self, job: dict[str, Any]) -> None:
        """Hand the child a job; a child that is gone shows as the end of its lines."""
        assert self.popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.write(json.dumps(job) + "\n")
            self.popen.stdin.flush()

    def stop(self) -> None:
        """End the child: politely, then surely; return when it is gone and its lines are read."""
        self.popen.terminate()
        try:
            self.popen.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for reader in self.readers:
            reader.join(timeout=5.0)
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def _stream(pipe: IO[str] | None) -> Iterator[str]:
    assert pipe is not None
    with contextlib.suppress(ValueError, OSError):
        yield from pipe


def _start_thread(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def _tie_to_us() -> list[str]:
    """Linux kills the child with the *thread* that made it: ask for that in the main one only."""
    if threading.current_thread() is threading.main_thread():
        return [str(os.getpid())]
    return []


def _child_environment() -> dict[str, str]:
    """Let the child find the package that we run, wherever it was imported from."""
    home = str(Path(optimiser.__file__).parents[1])
    paths = [home, os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
