"""The process in which HiGHS runs: ``python -m optimiser.solve.child``.

Reads one job per line on standard input (JSON: folder, options, seconds left), answers with JSON
lines on standard output: ``ready``, ``incumbent``, ``progress``, then ``done`` or ``error``. Dies
with its parent. Imports numpy and highspy only, so that it starts fast.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from optimiser.errors import SolverError
from optimiser.solve.bridge import load_highspy, pass_to_highs
from optimiser.solve.child_files import (
    describe_answer,
    encode_point,
    read_model,
    write_answer,
    write_incumbent,
)
from optimiser.solve.run import observe, run_highs

PROGRESS_EVERY_S = 0.2
PR_SET_PDEATHSIG = 1


class Reporter:
    """Writes lines for the parent, and incumbents to ``folder``."""

    def __init__(self, line_fd: int, folder: Path) -> None:
        self.line_fd = line_fd
        self.folder = folder
        self.last_tick = time.monotonic()

    def send(self, event: str, **fields: Any) -> None:
        """Write one line; a parent that has gone is no reason to fail."""
        text = json.dumps({"event": event} | fields) + "\n"
        data = memoryview(text.encode("utf-8"))
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(self.line_fd, data) :]

    def take_solution(self, event: Any) -> None:
        """Keep a better MIP solution. Never raises: an exception here would end HiGHS."""
        x = np.array(event.data_out.mip_solution, dtype=np.float64)
        try:
            write_incumbent(self.folder, x)
            self.send("incumbent")
        except OSError as error:
            self.send("incumbent", inline=encode_point(x), why=error.strerror)
        self._send_progress(event.data_out)

    def take_tick(self, event: Any) -> None:
        """Tell the state of the search a few times a second."""
        if time.monotonic() - self.last_tick >= PROGRESS_EVERY_S:
            self._send_progress(event.data_out)

    def _send_progress(self, state: Any) -> None:
        self.last_tick = time.monotonic()
        self.send(
            "progress",
            bound=_finite_or_none(state.mip_dual_bound),
            nodes=max(0, int(state.mip_node_count)),
        )


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) and abs(value) < 1e20 else None


def run_job(job: dict[str, Any], reporter: Reporter) -> None:
    """Solve the model in the job's folder and report."""
    compiled, start = read_model(reporter.folder)
    options = dict(job["options"])
    if job["seconds_left"] is not None:
        options["time_limit"] = max(0.01, job["seconds_left"])
    highs = pass_to_highs(compiled, options, start)
    if compiled.is_mip:
        observe(highs, reporter.take_solution, reporter.take_tick)
    answer = run_highs(highs, compiled)
    try:
        write_answer(reporter.folder, answer)
        reporter.send("done", **describe_answer(answer))
    except OSError as error:
        inline = encode_point(answer.x)
        reporter.send("done", **describe_answer(answer), inline=inline, why=error.strerror)


def _die_with_parent(parent: int) -> None:
    """Ask Linux for a signal when the parent's thread ends, and look whether it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)


def _read_jobs(jobs: queue.Queue[str]) -> None:
    """Queue the lines of standard input; when it closes the parent is gone."""
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def _claim_stdout() -> int:
    """Keep standard output for our lines; whatever else prints goes to standard error."""
    line_fd = os.dup(1)
    os.dup2(2, 1)
    return line_fd


def main(arguments: list[str]) -> None:
    """Serve jobs until the parent closes standard input or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if arguments:
        _die_with_parent(int(arguments[0]))
    line_fd = _claim_stdout()
    jobs: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    load_highspy()
    Reporter(line_fd, Path()).send("ready")
    while True:
        job = json.loads(jobs.get())
        reporter = Reporter(line_fd, Path(job["folder"]))
        try:
            run_job(job, reporter)
        except SolverError as error:
            reporter.send("error", message=error.message, remedy=error.remedy)


if __name__ == "__main__":
    main(sys.argv[1:])
