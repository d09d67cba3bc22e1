"""Stopping a running plan from outside: the best plan is kept and no process stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from instances.processes import children_of, is_alive
from instances.tiny import tiny

import optimiser
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import solve_study
from optimiser.solve.progress import Tick

TESTS = Path(__file__).parents[1]
PATIENCE_S = 240.0  # compiling the search for the first time is slow on a busy machine


@pytest.fixture
def running() -> Iterator[subprocess.Popen[str]]:
    """Return a process that plans and has a plan, with a solver child at work."""
    paths = os.pathsep.join([str(TESTS), str(Path(optimiser.__file__).parents[1])])
    process = subprocess.Popen(
        [sys.executable, "-m", "solve.endless_plan"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    try:
        _wait_for(lambda: '"improve"' in (process.stdout.readline() if process.stdout else ""))
        _wait_for(lambda: bool(children_of(process.pid)))
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to count processes")
def test_interrupt_keeps_the_best_plan(running: subprocess.Popen[str]):
    """SIGINT ends the run in seconds with a legal plan, and the solver's child goes with it."""
    children, since = children_of(running.pid), time.monotonic()
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60.0)
    kept = json.loads(output.splitlines()[-1])
    assert kept["status"] == "interrupted"
    assert kept["is_legal"]
    assert running.returncode == 0
    assert time.monotonic() - since < 20.0
    _wait_for(lambda: not any(is_alive(pid) for pid in children), 5.0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to count processes")
def test_killed_run_leaves_no_process(running: subprocess.Popen[str]):
    """When the planner is killed outright, its solver's child ends by itself."""
    children = children_of(running.pid)
    assert children, "the solver's child runs before the planner is killed"
    running.kill()
    running.wait()
    _wait_for(lambda: not any(is_alive(pid) for pid in children), 15.0)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_an_interrupt_in_compiled_code_is_one_too(is_wrapped: bool):
    """What Ctrl-C becomes while compiled code is loaded ends the run with its plan as well."""
    _, twin, rules = tiny(3, 4)
    phases: list[str] = []

    def stop(tick: Tick) -> None:
        phases.append(tick.phase)
        if tick.phase == "start":
            raise _interrupt(is_wrapped)

    study = Study(solver=SolverSettings(time_limit_s=60.0))
    result = solve_study(twin, rules, study, stop, lambda _: 0.0)
    assert (result.status, phases[-1]) == ("interrupted", "done")


def test_other_errors_of_compiled_code_are_not_interrupts():
    """A ``SystemError`` with nothing below it is a fault and is told as one."""
    _, twin, rules = tiny(3, 4)

    def fail(_: Tick) -> None:
        raise SystemError("broken")

    with pytest.raises(SystemError, match="broken"):
        solve_study(twin, rules, Study(), fail, lambda _: 0.0)


def _interrupt(is_wrapped: bool) -> BaseException:
    if not is_wrapped:
        return KeyboardInterrupt()
    error = SystemError("returned a result with an exception set")
    error.__cause__ = KeyboardInterrupt()
    return error


def test_a_process_ends_only_after_its_bound():
    """A thread that is amid compiled code when Python ends takes the whole process with it."""
    paths = os.pathsep.join([str(TESTS), str(Path(optimiser.__file__).parents[1])])
    ended = subprocess.run(
        [sys.executable, "-m", "solve.lingering"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        check=True,
    )
    assert ended.stdout.splitlines() == ["busy: True", "ended"]
