"""A plan made in a process of its own, with its cost and its course."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Cost, dcopt, measure, python
from benchmarks.outcome import Value
from optimiser.store.runs import read_run

WARM_UP_S = 4.0


@dataclass(frozen=True)
class Known:
    """What was known at one moment: best plan and bound, after seconds since the start."""

    wall_s: float
    cpu_s: float
    best: float | None
    bound: float | None

    @property
    def gap(self) -> float | None:
        """Relative gap; ``None`` without plan or bound."""
        if self.best is None or self.bound is None:
            return None
        return (self.best - self.bound) / max(abs(self.best), 1e-9)


@dataclass(frozen=True)
class Planned:
    """A run folder, the course of its search and what it cost."""

    run: Path
    ticks: list[Known]
    stopped: str
    cost: Cost

    @property
    def first(self) -> Known | None:
        """The moment from which a verified plan was known."""
        return next((known for known in self.ticks if known.best is not None), None)

    def gap_after(self, wall_s: float) -> float | None:
        """Return the gap that was known after some seconds; ``None`` without plan or bound."""
        known = [tick for tick in self.ticks if tick.wall_s <= wall_s]
        return known[-1].gap if known else None


def course(planned: Planned) -> dict[str, Value]:
    """Return the row that tells how a plan came along and what it cost."""
    proof, first = read_run(planned.run).plan.proof, planned.first
    return {
        "first_plan_s": None if first is None else first.wall_s,
        "first_plan_cpu_s": None if first is None else first.cpu_s,
        "gap_after_10_s": planned.gap_after(10.0),
        "gap_after_30_s": planned.gap_after(30.0),
        "gap_at_end": proof.gap,
        "objective": proof.objective,
        "bound": proof.bound,
        "stopped": planned.stopped,
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
        "peak_mb": planned.cost.peak_mb,
    }


def at_most(value: Value, limit: float) -> bool:
    """Whether a figure is known and not above a limit."""
    return isinstance(value, int | float) and value <= limit


def plan(site: Path, runs: Path, time_limit_s: float, gap: float | None = None) -> Planned:
    """Plan a site as ``dcopt plan SITE --time-limit S --gap G`` does."""
    command = python("-m", "benchmarks.watched", site, runs, "--time-limit", str(time_limit_s))
    command += [] if gap is None else ["--gap", str(gap)]
    cost = measure(command)
    told = json.loads(cost.output.splitlines()[-1])
    ticks = [Known(*tick) for tick in told["ticks"]]
    return Planned(Path(told["run"]), ticks, told["stopped"], cost)


def warm_up(folder: Path) -> None:
    """Fill the cache of compiled kernels, which outlives the process, on the small site."""
    site = folder / "warm-up"
    measure(dcopt("init", site, "--site", "small"))
    measure(python("-m", "benchmarks.watched", site, folder, "--time-limit", str(WARM_UP_S)))
