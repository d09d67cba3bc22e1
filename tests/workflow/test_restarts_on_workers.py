"""Searches on a real scheduler with workers as processes of their own, one of which is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from instances.slow_square import slow_square
from instances.tiny import tiny

from optimiser.errors import MissingError
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.executor import InProcess, open_executor
from optimiser.workflow.loading import Loaded
from optimiser.workflow.restarts import solve_restarts

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
pytestmark = pytest.mark.slow
TESTS = Path(__file__).parents[1]


def _port() -> int:
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
def running(workers: int):
    """A scheduler and so many workers; gives the address, the scheduler and the workers."""
    address = f"tcp://127.0.0.1:{_port()}"
    scheduler = _start(
        "dask_scheduler", "--host", address.rpartition(":")[0], "--port",
        address.rpartition(":")[2], "--no-dashboard",
    )  # fmt: skip
    time.sleep(1.0)
    plain = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
    started = [_start("dask_worker", address, *plain) for _ in range(workers)]
    try:
        yield address, scheduler, started
    finally:
        for process in (*started, scheduler):
            process.kill()
            process.wait()


def _kill_who_began(folder: Path, mine: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        begun = [int(file.name.rpartition("-")[2]) for file in folder.iterdir()]
        others = [pid for pid in begun if pid != mine]
        if others:
            os.kill(others[0], signal.SIGKILL)
            return
        time.sleep(0.02)
    raise AssertionError("no worker began")


def test_killed_worker_costs_time_not_answers(tmp_path):
    """One of two workers dies amid its work: every answer comes, in order."""
    items = [(str(tmp_path), number) for number in range(5)]
    with (
        running(2) as (address, _, _),
        open_executor(scheduler=address) as executor,
        executor.start(slow_square, items) as results,
    ):
        _kill_who_began(tmp_path, os.getpid())
        assert list(results) == [0, 1, 4, 9, 16]


def test_lost_scheduler_leaves_the_work_to_this_process(tmp_path):
    """Scheduler and workers die: the answers are computed here."""
    items = [(str(tmp_path), number) for number in range(3)]
    with running(1) as (address, scheduler, workers), open_executor(scheduler=address) as executor:
        with executor.start(slow_square, items) as results:
            _kill_who_began(tmp_path, os.getpid())
            for process in (*workers, scheduler):
                process.kill()
            assert list(results) == [0, 1, 4]
        assert any(file.name.endswith(f"-{os.getpid()}") for file in tmp_path.iterdir())


def test_nobody_answers():
    """No scheduler, or one without workers: told at once, with what to start."""
    nobody = open_executor(scheduler=f"tcp://127.0.0.1:{_port()}")
    with pytest.raises(MissingError, match="no scheduler answers") as caught, nobody:
        pass
    assert "dask scheduler" in str(caught.value)


def _site() -> Loaded:
    """Seven workloads that run on too many hosts, and two searches of one round."""
    rows = [{"cpu": 20 + 3 * i, "memory": 100 + 10 * i, "host": f"h{1 + i % 4}"} for i in range(7)]
    site_input, twin, rules = tiny(4, rows, [{"kind": "headroom", "amount": 20, "name": "spare"}])
    solver = SolverSettings(work_limit=1, gap=0.0, restarts=2, time_limit_s=600.0)
    return Loaded(Study(solver=solver), site_input, twin, rules)


def test_same_plan_wherever_the_searches_run():
    """Under a work limit a scheduler's worker finds what this process finds."""
    site, ticks = _site(), list[str]()
    here = solve_restarts(site, InProcess(), lambda tick: ticks.append(tick.phase))
    with running(1) as (address, _, _), open_executor(scheduler=address) as executor:
        there = solve_restarts(site, executor, lambda tick: None)
    assert (here.candidate.host == there.candidate.host).all()
    assert here.candidate.objective == there.candidate.objective
    assert here.bound == there.bound and here.bound_sentence == there.bound_sentence
    assert ticks[-1] in ("search 1", "search 2")
