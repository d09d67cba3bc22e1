"""A Dask scheduler and its workers as processes of their own, which tests may kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]
PATIENCE_S = 120.0
Started = tuple[str, subprocess.Popen, list[subprocess.Popen]]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(*words: str) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]],
        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def running(workers: int) -> Iterator[Started]:
    """Start a scheduler and so many workers; give the address, the scheduler and the workers."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler = _start(
        "dask_scheduler", "--host", "tcp://127.0.0.1", "--port", str(port), "--no-dashboard"
    )
    wait_for(lambda: _listens(port))
    plain = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
    started = [_start("dask_worker", address, *plain) for _ in range(workers)]
    try:
        _wait_for_workers(address, workers)
        yield address, scheduler, started
    finally:
        for process in (*started, scheduler):
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_for_workers(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, timeout=PATIENCE_S) as client:
        client.wait_for_workers(workers, timeout=PATIENCE_S)


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def kill_who_began(folder: Path, mine: int) -> None:
    """Kill the first process but ours that noted in a folder that it began."""

    def others() -> list[int]:
        begun = [int(file.name.rpartition("-")[2]) for file in folder.iterdir()]
        return [pid for pid in begun if pid != mine]

    wait_for(lambda: bool(others()))
    os.kill(others()[0], signal.SIGKILL)
