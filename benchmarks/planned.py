"""A plan made in a process of its own, with its cost and its course."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost, dcopt, measure, python

WARM_UP_S = 4.0


@dataclass(frozen=True)
class Planned:
    """``first_s`` wall seconds from the start of the process to the first verified plan;
    ``gap_after(seconds)`` from the ticks (seconds, best, bound)."""

    run: Path
    ticks: list[tuple[float, float | None, float | None]]
    stopped: str
    cost: Cost

    @property
    def first_s(self) -> float | None:
        """Seconds until a verified plan was known."""
        return next((seconds for seconds, best, _ in self.ticks if best is not None), None)

    def gap_after(self, seconds: float) -> float | None:
        """Return the gap that was known after some seconds; ``None`` without plan or bound."""
        known = [tick for tick in self.ticks if tick[0] <= seconds]
        if not known or known[-1][1] is None or known[-1][2] is None:
            return None
        best, bound = known[-1][1], known[-1][2]
        return (best - bound) / max(abs(best), 1e-9)


def plan(site: Path, runs: Path, time_limit_s: float) -> Planned:
    """Plan a site as ``dcopt plan SITE --time-limit S`` does."""
    command = python("-m", "benchmarks.watched", site, runs, "--time-limit", str(time_limit_s))
    cost = measure(command)
    told = json.loads(cost.output.splitlines()[-1])
    ticks = [(float(s), best, bound) for s, best, bound in told["ticks"]]
    return Planned(Path(told["run"]), ticks, told["stopped"], cost)


def warm_up(folder: Path) -> None:
    """Fill the cache of compiled kernels, which outlives the process, on the small site."""
    site = folder / "warm-up"
    measure(dcopt("init", site, "--site", "small"))
    measure(python("-m", "benchmarks.watched", site, folder, "--time-limit", str(WARM_UP_S)))
