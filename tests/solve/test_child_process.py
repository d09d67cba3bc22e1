"""HiGHS in a child: the deadline holds, and no end of the child loses the best point."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bridge_models import make_hard, make_knapsack, make_mixed

import optimiser
from optimiser.errors import SolverError
from optimiser.solve import child, worker
from optimiser.solve.certify import check_point
from optimiser.solve.child_files import decode_point, encode_point, read_incumbent, write_incumbent
from optimiser.solve.here import solve_here
from optimiser.solve.settings import Incumbent, Progress, SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.worker import SolverChild, solve, solve_in_child

HOME = Path(optimiser.__file__).parents[1]


def _is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not collected does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return text.rsplit(")")[-1].split()[0] != "Z"


def test_child_and_parent_give_the_same_answers() -> None:
    """LPs, MIPs and infeasible models: same status and objective in the child as here."""
    with SolverChild() as solver:
        for seed in range(12):
            for model in (make_mixed(seed), make_mixed(seed).as_relaxation()):
                near, far = solve_here(model), solver.solve(model)
                assert (near.status, near.objective) == (far.status, pytest.approx(far.objective))
                assert near.bound_source == far.bound_source


def test_child_is_used_again_and_closed() -> None:
    """One process serves several solves and is gone after the context."""
    with SolverChild() as solver:
        solver.solve(make_knapsack(1))
        first = solver.pid
        solver.solve(make_knapsack(2))
        assert solver.pid == first and first is not None
    assert not _is_alive(first)


def test_deadline_holds_though_the_child_hangs() -> None:
    """A child that stops answering is killed at the deadline; its best point is kept."""
    with SolverChild() as solver:
        pids: list[int] = []

        def freeze(_: Incumbent) -> None:
            pids.append(solver.pid or 0)
            os.kill(pids[-1], signal.SIGSTOP)

        began = time.monotonic()
        result = solver.solve(make_hard(), SolveSettings(time_limit_s=1.5), on_improve=freeze)
        seconds = time.monotonic() - began
    assert result.status is SolveStatus.TIME_LIMIT
    assert result.x is not None
    assert seconds < 1.5 + 0.8
    assert not _is_alive(pids[-1])


def test_time_limit_gives_point_bound_and_progress() -> None:
    """A limited solve ends in time with a checked point, a bound above it, and told its way."""
    model, told = make_hard(), list[Progress]()
    result = solve_in_child(model, SolveSettings(time_limit_s=1.5), on_progress=told.append)
    assert result.status is SolveStatus.TIME_LIMIT
    assert result.x is not None and check_point(model, result.x).is_feasible
    assert result.objective is not None and result.bound is not None
    assert result.bound >= result.objective
    assert result.seconds < 1.8
    assert told[-1].bound is not None and told[-1].seconds > 0


@pytest.mark.parametrize(
    ("seed", "blow"),
    [*((seed, signal.SIGKILL) for seed in range(5)), (1, signal.SIGSEGV), (2, signal.SIGABRT)],
)
def test_death_of_the_child_keeps_the_best_point(seed: int, blow: signal.Signals) -> None:
    """Killed, crashed or aborted for lack of memory: the last checked point is returned."""
    model = make_hard(seed)
    best: list[float] = []
    with SolverChild() as solver:

        def strike(found: Incumbent) -> None:
            best.append(found.objective)
            if len(best) > seed:
                os.kill(solver.pid or 0, blow)

        result = solver.solve(model, SolveSettings(time_limit_s=20), on_improve=strike)
    assert result.status is SolveStatus.CRASHED
    assert result.x is not None and check_point(model, result.x).is_feasible
    assert result.objective is not None and result.objective >= max(best[: seed + 1])


def test_child_works_again_after_a_crash() -> None:
    """The next solve after a death starts a new process."""
    with SolverChild() as solver:
        solver.solve(make_knapsack(1))
        os.kill(solver.pid or 0, signal.SIGKILL)
        assert solver.solve(make_knapsack(1)).status in {SolveStatus.OPTIMAL, SolveStatus.CRASHED}
        assert solver.solve(make_knapsack(1)).status is SolveStatus.OPTIMAL


def test_interrupt_keeps_the_best_point() -> None:
    """Ctrl-C ends the solve as INTERRUPTED, with the best point and no child left."""
    model = make_hard()
    with SolverChild() as solver:
        pids: list[int] = []

        def later(_: Incumbent) -> None:
            if not pids:
                pids.append(solver.pid or 0)
                threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

        result = solver.solve(model, SolveSettings(time_limit_s=20), on_improve=later)
    assert result.status is SolveStatus.INTERRUPTED
    assert result.x is not None and check_point(model, result.x).is_feasible
    assert not _is_alive(pids[0])


def test_cancel_keeps_the_best_point_and_the_start_is_never_lost() -> None:
    """A cancelled solve returns at least its start."""
    model = make_hard()
    start = solve_here(model, SolveSettings(time_limit_s=0.3)).x
    assert start is not None
    result = solve_in_child(model, SolveSettings(time_limit_s=20), start, cancel=lambda: True)
    assert result.status is SolveStatus.INTERRUPTED
    assert result.objective is not None
    assert result.objective >= model.measure_objective(start)


def test_error_in_a_callback_of_ours_leaves_no_child() -> None:
    """An exception from the caller's callback comes through and the child is ended."""
    with SolverChild() as solver:
        pids: list[int] = []

        def fail(_: Incumbent) -> None:
            pids.append(solver.pid or 0)
            raise RuntimeError("callback")

        with pytest.raises(RuntimeError, match="callback"):
            solver.solve(make_hard(), SolveSettings(time_limit_s=20), on_improve=fail)
        assert not _is_alive(pids[0])


def test_refusals_of_the_child_are_errors_here() -> None:
    """An option that HiGHS does not know is told by the parent as it would be here."""
    with pytest.raises(SolverError, match="no option 'presolv'"):
        solve_in_child(make_knapsack(1), SolveSettings(options={"presolv": "off"}))


def test_thread_count_may_change_between_solves() -> None:
    """Another thread count gets another process."""
    with SolverChild() as solver:
        solver.solve(make_knapsack(1))
        first = solver.pid
        assert solver.solve(make_knapsack(1), SolveSettings(threads=2)).status.is_complete
        assert solver.pid != first


def test_unwritable_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Where the exchange cannot be written, the error says so and how to mend it."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SolverError, match="cannot be written"):
        solve_in_child(make_knapsack(1), SolveSettings(scratch_dir=tmp_path / "file" / "x"))


def test_full_disk_loses_nothing(tmp_path: Path) -> None:
    """When the folder vanishes during the solve, points come through the pipe instead."""
    folder = tmp_path / "exchange"
    seen: list[float] = []

    def remove(found: Incumbent) -> None:
        seen.append(found.objective)
        shutil.rmtree(folder, ignore_errors=True)

    settings = SolveSettings(time_limit_s=2.0, scratch_dir=folder)
    result = solve_in_child(make_hard(), settings, on_improve=remove)
    assert len(seen) > 1
    assert result.objective is not None and result.objective >= max(seen)
    assert "could not be written" in result.sentence


def test_point_travels_inside_the_line_when_the_disk_is_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The child's reporter catches a full disk and sends the point as text."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(child, "write_incumbent", refuse)
    sent: list[dict[str, object]] = []
    reporter = child.Reporter(1, tmp_path)
    monkeypatch.setattr(
        reporter, "send", lambda event, **more: sent.append({"event": event, **more})
    )
    state = SimpleNamespace(mip_solution=[1.0, 0.0], mip_dual_bound=3.0, mip_node_count=1)
    reporter.take_solution(SimpleNamespace(data_out=state))
    point = decode_point(str(sent[0]["inline"]))
    assert point is not None and list(point) == [1.0, 0.0]
    assert "No space" in str(sent[0]["why"])


def test_kept_folder_survives_the_death_of_the_parent(tmp_path: Path) -> None:
    """Parent killed: the child ends by itself and the best point is still on disk."""
    code = (
        "import sys; sys.path[:0] = ['tests/solve']\n"
        "from pathlib import Path\n"
        "from bridge_models import make_hard\n"
        "from optimiser.solve.settings import SolveSettings\n"
        "from optimiser.solve.worker import SolverChild\n"
        "solver = SolverChild()\n"
        f"settings = SolveSettings(scratch_dir=Path({str(tmp_path)!r}))\n"
        "solver.solve(make_hard(), settings, on_improve=lambda _: print(solver.pid, flush=True))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=HOME
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_alive(pid)
    x = read_incumbent(tmp_path)
    assert x is not None and check_point(make_hard(), np.rint(x)).is_feasible


def test_child_of_a_thread_outlives_it_and_ends_with_us() -> None:
    """A child made in a worker thread still serves after that thread has ended."""
    with SolverChild() as solver:
        thread = threading.Thread(target=solver.solve, args=(make_knapsack(1),))
        thread.start()
        thread.join()
        first = solver.pid
        assert solver.solve(make_knapsack(2)).status is SolveStatus.OPTIMAL
        assert solver.pid == first


def test_child_imports_neither_pyomo_nor_scipy() -> None:
    """The child starts fast because it loads numpy and HiGHS only."""
    code = (
        "import sys, optimiser.solve.child as child; child.load_highspy()\n"
        "print([m for m in ('pyomo', 'scipy', 'pandas', 'xarray', 'numba') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HOME, check=False)
    assert done.stdout.strip() == "[]"


def test_incumbent_file_is_replaced_whole(tmp_path: Path) -> None:
    """A reader finds the old point or the new one, and None where there is none or rubbish."""
    assert read_incumbent(tmp_path) is None
    for number in (1.0, 2.0):
        write_incumbent(tmp_path, np.full(3, number))
        x = read_incumbent(tmp_path)
        assert x is not None and (x == number).all()
    assert [path.name for path in tmp_path.iterdir()] == ["incumbent.npy"]
    (tmp_path / "incumbent.npy").write_bytes(b"torn")
    assert read_incumbent(tmp_path) is None


def test_points_survive_the_line_exactly() -> None:
    """Text encoding of a point loses no bit."""
    x = np.random.default_rng(0).normal(size=1000)
    back = decode_point(encode_point(x))
    assert back is not None and (back == x).all()
    assert decode_point(encode_point(None)) is None


def test_solve_chooses_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models without a deadline are solved here; a deadline gets a child."""
    chosen: list[str] = []
    monkeypatch.setattr(worker, "solve_here", lambda *_: chosen.append("here"))
    monkeypatch.setattr(worker, "solve_in_child", lambda *_: chosen.append("child"))
    solve(make_knapsack(1))
    solve(make_knapsack(1), SolveSettings(time_limit_s=5))
    assert chosen == ["here", "child"]
