"""What the engine reports while it works, and what it returns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from optimiser.solve.candidate import Candidate

CLOSED = 2e-6
"""A gap that no solver tells from zero."""


@dataclass(frozen=True)
class Tick:
    """One line of progress: best plan, bound, gap, what is going on."""

    seconds: float
    phase: str
    best: float | None
    bound: float | None
    hosts_on: int | None

    @property
    def gap(self) -> float | None:
        """Distance of the best plan from the bound, relative to the plan."""
        return relative_gap(self.best, self.bound)


def relative_gap(best: float | None, bound: float | None) -> float | None:
    """Return (best − bound) / |best|, at least 0; ``None`` while one is unknown."""
    if best is None or bound is None:
        return None
    return max(0.0, best - bound) / max(abs(best), 1e-9)


Report = Callable[[Tick], None]
Check = Callable[[Candidate], float | None]
"""Judges a plan: the price of the soft rules it breaks, or None when it breaks a hard one."""


@dataclass
class Clockwork:
    """Elapsed time by phase and the deadline of a run."""

    time_limit_s: float
    started: float = field(default_factory=time.monotonic)
    phase_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def seconds_left(self) -> float:
        """Seconds to the deadline, not below zero."""
        return max(0.0, self.time_limit_s - self.seconds)

    def set_back(self, seconds: float) -> None:
        """Leave some seconds out of the time limit."""
        self.started += seconds

    def charge(self, phase: str, since: float) -> None:
        """Book the time from ``since`` (``self.seconds`` then) to a phase."""
        self.phase_seconds[phase] = self.phase_seconds.get(phase, 0.0) + self.seconds - since


@dataclass(frozen=True)
class EngineResult:
    """The best plan found with its bound.

    ``status`` is ``gap`` (close enough), ``time``, ``work`` or ``interrupted``; ``bound_sentence``
    says how the bound was proven; ``dropped`` counts plans that the check refused; ``duals`` price
    the limits (:func:`optimiser.solve.prices.binding_prices`), ``None`` when no relaxation ended;
    ``claim`` is the limit that HiGHS claims for the exact model, believed or not.
    """

    candidate: Candidate
    bound: float | None
    bound_sentence: str
    status: str
    phase_seconds: dict[str, float]
    history: tuple[Tick, ...]
    dropped: int = 0
    duals: dict[tuple[str, ...], float] | None = None
    claim: float | None = None

    @property
    def gap(self) -> float | None:
        """Relative distance of the plan from the bound."""
        return relative_gap(self.candidate.objective, self.bound)
