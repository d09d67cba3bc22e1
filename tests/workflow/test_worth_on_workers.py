"""Prices of limits and rules and the plans of few moves, worked out here and on real workers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from instances.dask_processes import TESTS, running, wait_for
from instances.processes import children_of

from optimiser.errors import EXIT_INTERRUPTED
from optimiser.solve.executor import Executor, InProcess, open_executor
from optimiser.workflow.loading import Loaded, load
from optimiser.workflow.options import apply_options
from optimiser.workflow.phases import Phases
from optimiser.workflow.plan import PlanOptions, plan_site
from optimiser.workflow.restarts import solve_restarts
from optimiser.workflow.worth import Worth, measure_worth
from tests.workflow.disk_sites import write_site

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
pytestmark = pytest.mark.slow
WORK = {"work_limit": 1, "restarts": 2, "time_limit_s": 600.0, "gap": 0.0}
RESERVES = """\
policies:
  - {kind: headroom, name: spare, resource: cpu, amount: 1500}
  - {kind: headroom, name: spare-memory, resource: memory, amount: 1000, domain: rack}
"""
PLAN = "from optimiser.cli import main; main()"
USUAL_PORT = 8787
SMALL = TESTS.parent / "models" / "sites" / "small"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a site whose reserves keep hosts on, and where moving one workload helps."""
    return write_site(tmp_path / "site", [("site.yaml", "policies:\n", RESERVES)])


def _document(site: Path, **how: Any) -> dict[str, Any]:
    outcome = plan_site(site, PlanOptions(**WORK, **how))
    return outcome.plan.model_dump(exclude={"phase_seconds"})


def test_same_document_wherever_the_parts_run(site: Path) -> None:
    """In process, on two own workers and on a scheduler's two: one plan, with the same prices."""
    here = _document(site)
    assert here["binding"] and len(here["frontier"]) > 1
    assert max(price["cost_per_year"] for price in here["rule_prices"]) > 0.0
    assert _document(site, workers=2) == here
    with running(2) as (address, _, _):
        assert _document(site, scheduler=address) == here


class Killing:
    """An executor that kills a worker as soon as its sweep number ``nth`` has begun."""

    def __init__(self, executor: Executor, nth: int, kill: Callable[[], None]) -> None:
        self.executor, self.nth, self.kill = executor, nth, kill
        self.start = executor.start

    @contextmanager
    def sweep(self, *args: Any) -> Any:
        """Begin a sweep, strike, and wait for its results."""
        with self.executor.sweep(*args) as results:
            self.nth -= 1
            if self.nth == 0:
                self.kill()
            yield results


def _worth(loaded: Loaded, executor: Executor) -> Worth:
    result = solve_restarts(loaded, InProcess(), lambda _: None)
    return measure_worth(loaded, result, executor, Phases())


@pytest.mark.parametrize("nth", [2, 4])
def test_worker_killed_amid_the_parts(site: Path, nth: int) -> None:
    """Plans of few moves or rules are under way when a worker dies: the same answers come."""
    read = load(site)
    study = apply_options(read.study, PlanOptions(**WORK))
    loaded = Loaded(study, read.site_input, read.twin, read.rules)
    here = _worth(loaded, InProcess())
    assert len(here.frontier) > 1
    with running(2) as (address, _, workers), open_executor(scheduler=address) as executor:
        striking = Killing(executor, nth, workers[0].kill)
        assert _worth(loaded, striking) == here
        assert striking.nth <= 0
        assert workers[0].wait(timeout=10) == -signal.SIGKILL


def _start(site: Path, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    return subprocess.Popen(
        [sys.executable, "-c", PLAN, "plan", str(site), *words],
        env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


@contextmanager
def _somebody_at(port: int) -> Any:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if taken.connect_ex(("127.0.0.1", port)) == 0:
            yield  # somebody is there already
            return
    with socket.create_server(("", port)):
        yield


def test_workers_end_without_a_word(site: Path) -> None:
    """The first of four searches is close enough, the others are dropped: nothing on stderr.

    Neither do we hear that the port of somebody's dashboard is taken.
    """
    with _somebody_at(USUAL_PORT):
        words = ("--workers", "3", "--restarts", "4", "--gap", "0.9", "--time-limit", "60")
        output, told = _start(site, *words).communicate(timeout=500)
    assert "report:" in output, told
    assert told == ""


def test_ctrl_c_of_a_terminal_keeps_the_plan_and_ends_without_a_word(tmp_path: Path) -> None:
    """The signal reaches all processes at once; the one in front writes its run and says so."""
    copied = Path(shutil.copytree(SMALL, tmp_path / "small"))
    with _start(copied, "--workers", "2", "--gap", "0", "--time-limit", "300") as process:
        wait_for(lambda: len(children_of(process.pid)) > 2)  # two workers and who counts for them
        time.sleep(8.0)
        os.killpg(process.pid, signal.SIGINT)
        output, told = process.communicate(timeout=200)
    assert process.returncode == EXIT_INTERRUPTED
    assert (copied / "runs" / "latest" / "plan.json").exists()
    assert "report:" in output, told
    assert told == ""
