"""Wall time, processor time and memory of commands, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """What a command spent; ``cpu_s`` counts its children, ``peak_mb`` is the largest of them."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def measure(command: Sequence[str | Path]) -> Cost:
    """Run a command and return its cost. Raises ``RuntimeError`` with its message if it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=out, stderr=err, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            told = " ".join(str(part) for part in command)
            raise RuntimeError(f"{told} ended with {process.returncode}: {err.read()[-2000:]}")
        cpu_s = usage.ru_utime + usage.ru_stime
        return Cost(wall_s, cpu_s, usage.ru_maxrss / 1024, out.read())


def dcopt(*arguments: str | Path) -> list[str | Path]:
    """Return the command line of our own command in this environment."""
    return [sys.executable, "-m", "optimiser", *arguments]


def python(*arguments: str | Path) -> list[str | Path]:
    """Return a command line of this interpreter."""
    return [sys.executable, *arguments]
