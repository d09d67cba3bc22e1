"""Solve in a child process: the deadline is ours, and no crash loses the best plan.

HiGHS treats its time limit as advice, may never return, and native code can die. So it runs in a
process of its own that streams every better solution to disk. The parent checks each one, enforces
the deadline by killing, and keeps the best whatever happens: limit, Ctrl-C, crash or kill.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optimiser.errors import SolverError
from optimiser.solve.child_files import INCUMBENT_FILE, read_incumbent, write_model
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.here import solve_here
from optimiser.solve.judge import admit_point
from optimiser.solve.process import ChildProcess
from optimiser.solve.ranges import refuse_bad_numbers
from optimiser.solve.settings import SolveResult, SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.watch import Cancel, OnImprove, OnProgress, Watch

POLL_S = 0.05
SMALL_MODEL_NZ = 20_000
STOPPED_BY_US = (0, -15, -9)


class SolverChild:
    """A child process that solves one model after another; start-up is paid once.

    Use as a context manager, from one thread at a time. After a crash, a deadline or a change of
    the thread count the next solve starts a new process.
    """

    def __init__(self) -> None:
        self._process: ChildProcess | None = None

    def __enter__(self) -> SolverChild:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when none runs."""
        return None if self._process is None else self._process.popen.pid

    def close(self) -> None:
        """End the child."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def solve(
        self,
        compiled: Compiled,
        settings: SolveSettings | None = None,
        start: Floats | None = None,
        on_improve: OnImprove | None = None,
        on_progress: OnProgress | None = None,
        cancel: Cancel | None = None,
    ) -> SolveResult:
        """Solve a model; see :func:`solve_in_child`."""
        settings = settings or SolveSettings()
        refuse_bad_numbers(compiled)
        watch = Watch(compiled, settings, on_improve, on_progress, cancel)
        watch.best = admit_point(compiled, start)
        finished = False
        try:
            with _exchange_folder(settings) as watch.folder:
                ended = self._run(watch, start)
                finished = watch.answer is not None
        except KeyboardInterrupt:
            ended = SolveStatus.INTERRUPTED
        finally:
            if not finished:
                self.close()
        return watch.close(ended)

    def _run(self, watch: Watch, start: Floats | None) -> SolveStatus:
        """Hand the job over and follow it; in all cases collect what the child left."""
        try:
            process = self._start_process(watch.settings.threads)
            job = _write_job(watch, start)
            return _follow(process, watch, job)
        except KeyboardInterrupt:
            return SolveStatus.INTERRUPTED
        finally:
            if watch.answer is None:
                self._salvage(watch)

    def _start_process(self, threads: int) -> ChildProcess:
        old = self._process
        if old is not None and (old.threads != threads or old.popen.poll() is not None):
            self.close()
        if self._process is None:
            self._process = ChildProcess(threads)
        return self._process

    def _salvage(self, watch: Watch) -> None:
        """Stop the child, then use every line and file that it left behind."""
        process = self._process
        self.close()
        if process is None or not watch.folder.exists():
            return
        for line in _drain(process.lines):
            if line["event"] != "error":
                watch.take(line)
        watch.offer(read_incumbent(watch.folder))
        if process.popen.returncode not in STOPPED_BY_US and process.complaints:
            watch.note(f"Its last words: {process.complaints[-1].strip()}")


def _write_job(watch: Watch, start: Floats | None) -> dict[str, Any]:
    try:
        (watch.folder / INCUMBENT_FILE).unlink(missing_ok=True)
        write_model(watch.folder, watch.compiled, start)
    except OSError as error:
        raise _unwritable(watch.folder, error) from error
    return {"folder": str(watch.folder.resolve()), "options": watch.settings.to_options()}


def _follow(process: ChildProcess, watch: Watch, job: dict[str, Any]) -> SolveStatus:
    """Use the child's lines until it is done or dead, the deadline passes, or we must end."""
    if process.is_ready:
        process.send(job | {"seconds_left": _advised_limit(watch)})
    while True:
        line = _next_line(process, watch)
        if line is None:
            return SolveStatus.CRASHED
        if line.get("event") == "ready":
            process.is_ready = True
            process.send(job | {"seconds_left": _advised_limit(watch)})
        elif line:
            watch.take(line)
        if watch.answer is not None:
            return watch.answer.status
        if watch.seconds_left is not None and watch.seconds_left <= 0:
            return SolveStatus.TIME_LIMIT
        if watch.cancel is not None and watch.cancel():
            return SolveStatus.INTERRUPTED


def _next_line(process: ChildProcess, watch: Watch) -> dict[str, Any] | None:
    """Return the child's next line, {} when none came for a moment, None when it is dead."""
    left = watch.seconds_left
    wait = POLL_S if left is None else min(POLL_S, max(0.0, left))
    try:
        return process.lines.get(timeout=wait)
    except queue.Empty:
        return {}


def _advised_limit(watch: Watch) -> float | None:
    """Ask HiGHS to stop a little early, so that its last words arrive before the deadline."""
    left = watch.seconds_left
    return None if left is None else left - min(0.5, 0.1 * left)


def _drain(lines: queue.Queue[dict[str, Any] | None]) -> Iterator[dict[str, Any]]:
    while not lines.empty():
        line = lines.get()
        if line is not None:
            yield line


@contextmanager
def _exchange_folder(settings: SolveSettings) -> Iterator[Path]:
    """Give the folder of ``settings``, which stays, or a temporary one, which is removed."""
    kept = settings.scratch_dir
    try:
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
        folder = kept or Path(tempfile.mkdtemp(prefix="dcopt-solve-"))
    except OSError as error:
        raise _unwritable(kept or Path(tempfile.gettempdir()), error) from error
    try:
        yield folder
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> SolverError:
    return SolverError(
        f"the folder {folder} for the exchange with the solver cannot be written: "
        f"{error.strerror or error}",
        "free space there, or name another folder by TMPDIR",
    )


def solve_in_child(
    compiled: Compiled,
    settings: SolveSettings | None = None,
    start: Floats | None = None,
    on_improve: OnImprove | None = None,
    on_progress: OnProgress | None = None,
    cancel: Cancel | None = None,
) -> SolveResult:
    """Solve a model in a child process of its own and return the best checked point.

    start: shape (columns,), NaN where unknown; a complete, legal one is never lost.
    on_improve: called with each better point that passed our check.
    on_progress: called a few times a second with best, bound, gap, nodes.
    cancel: asked every 0.05 s; true ends the solve as INTERRUPTED.
    The deadline is kept by killing. Ctrl-C gives status INTERRUPTED, the death of the child
    CRASHED, both with the best point so far. Raises SolverError when the model or an option is
    refused or no folder can be written.
    """
    with SolverChild() as child:
        return child.solve(compiled, settings, start, on_improve, on_progress, cancel)


def solve(
    compiled: Compiled,
    settings: SolveSettings | None = None,
    start: Floats | None = None,
    on_improve: OnImprove | None = None,
    on_progress: OnProgress | None = None,
    cancel: Cancel | None = None,
) -> SolveResult:
    """Solve small models here and the others, or those with a deadline to keep, in a child."""
    settings = settings or SolveSettings()
    watched = on_improve or on_progress or cancel or settings.time_limit_s or settings.scratch_dir
    if not watched and compiled.num_nz <= SMALL_MODEL_NZ:
        return solve_here(compiled, settings, start)
    return solve_in_child(compiled, settings, start, on_improve, on_progress, cancel)
