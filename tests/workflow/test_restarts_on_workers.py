"""Searches on a real scheduler with workers as processes of their own, one of which is killed."""

from __future__ import annotations

import os

import pytest
from instances.dask_processes import free_port, kill_who_began, running, wait_for
from instances.slow_square import WORK_S, slow_square, slow_square_in_time, until_unwanted
from instances.tiny import tiny

from optimiser.errors import MissingError
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.executor import InProcess, open_executor
from optimiser.workflow.loading import Loaded
from optimiser.workflow.restarts import solve_restarts

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
pytestmark = pytest.mark.slow


def test_killed_worker_costs_time_not_answers(tmp_path):
    """One of two workers dies amid its work: every answer comes, in order."""
    with (
        running(2) as (address, _, _),
        open_executor(scheduler=address) as executor,
        executor.start(slow_square, str(tmp_path), range(5)) as results,
    ):
        kill_who_began(tmp_path, os.getpid())
        assert list(results) == [0, 1, 4, 9, 16]


def test_worker_killed_amid_a_sweep_costs_time_not_answers(tmp_path):
    """The track of a dead worker is run again on the other one; what was given is there again."""
    with (
        running(2) as (address, _, _),
        open_executor(scheduler=address) as executor,
        executor.sweep(slow_square_in_time, str(tmp_path), range(5), 60.0) as results,
    ):
        kill_who_began(tmp_path, os.getpid())
        assert list(results) == [0, 1, 4, 9, 16]


def test_a_sweep_shares_its_time_worker_by_worker(tmp_path):
    """In the time of two items one process reaches the first two, two workers the first four."""
    limit_s = 1.9 * WORK_S
    with InProcess().sweep(slow_square_in_time, str(tmp_path), range(6), limit_s) as results:
        assert list(results) == [0, 1, None, None, None, None]
    with running(2) as (address, _, _), open_executor(scheduler=address) as executor:
        with executor.sweep(slow_square_in_time, str(tmp_path), range(6), limit_s) as results:
            assert list(results) == [0, 1, 4, 9, None, None]
        with executor.sweep(slow_square_in_time, str(tmp_path), [], limit_s) as results:
            assert list(results) == []


def test_a_worker_leaves_what_nobody_waits_for(tmp_path):
    """A part that would never end is left at the end of its context, and the worker is free."""
    with running(1) as (address, _, _), open_executor(scheduler=address) as executor:
        with executor.start(until_unwanted, str(tmp_path), [1]):
            wait_for(lambda: any(tmp_path.iterdir()))
        wait_for(lambda: any(file.name.startswith("left-") for file in tmp_path.iterdir()), 10.0)
        with executor.start(slow_square, str(tmp_path), [3]) as results:
            assert list(results) == [9]


def test_lost_scheduler_leaves_the_work_to_this_process(tmp_path):
    """Scheduler and workers die: the answers are computed here."""
    with running(1) as (address, scheduler, workers), open_executor(scheduler=address) as executor:
        with executor.start(slow_square, str(tmp_path), range(3)) as results:
            kill_who_began(tmp_path, os.getpid())
            for process in (*workers, scheduler):
                process.kill()
            assert list(results) == [0, 1, 4]
        assert any(file.name.endswith(f"-{os.getpid()}") for file in tmp_path.iterdir())


def test_nobody_answers():
    """No scheduler, or one without workers: told at once, with what to start."""
    nobody = open_executor(scheduler=f"tcp://127.0.0.1:{free_port()}")
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
