"""Useful work per energy, and how full rooms and racks are.

Source: The Green Grid, DCeP (white paper 13); space and power use after common practice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimiser.analysis.kpi.energy import energy_terms
from optimiser.analysis.kpi.quantity import Flag, Quality, Quantity, Ratio
from optimiser.analysis.kpi.ratio import Band, Window, divide


@dataclass(frozen=True, slots=True)
class Task:
    """Work of one kind: value of one, its worth at the time it ended (0 to 1), how many ended."""

    name: str
    value: float
    utility: float
    completed: float

    @property
    def work(self) -> float:
        """Useful work of all completed tasks of the kind."""
        return self.value * self.utility * self.completed


def energy_productivity(
    tasks: Sequence[Task],
    parts: Mapping[str, Quantity],
    window: Window,
    weights: str,
    quality: Quality = Quality.MEASURED,
) -> Ratio:
    """Return DCeP = Σ value × utility × completed / E_DC [useful work per kWh].

    ``weights`` names the table of values that the owner approved; the figure compares nothing but
    the same site with itself. Raises ``ValueError`` without that name or for a utility outside of
    0 to 1.
    """
    if not weights.strip():
        raise ValueError("DCeP needs a table of task values that the owner approved")
    wrong = [task.name for task in tasks if not 0.0 <= task.utility <= 1.0]
    if wrong:
        raise ValueError(f"the utility must be from 0 to 1: {', '.join(wrong)}")
    work = Quantity("useful_work", math.fsum(task.work for task in tasks), "work", quality)
    return divide(
        "DCeP",
        ("useful_work", "work", [work]),
        ("e_dc", "kWh", energy_terms(parts)),
        "work/kWh",
        window,
        Band(0.0, why="work cannot be negative"),
        method="dcep@1",
        flags=(
            Flag("WEIGHTS", f"values of tasks: {weights}; not comparable between sites", "note"),
        ),
    )


@dataclass(frozen=True, slots=True)
class SpaceAndPower:
    """How full a facility is.

    Powers [kW], rack heights [U]; ``stranded_kw`` is IT power that is there and cannot be used
    because cooling, distribution or space ends first.
    """

    rated_it_kw: float
    peak_it_kw: float
    usable_it_kw: float
    rack_units: float
    used_units: float
    num_racks: int

    @property
    def power_use(self) -> float | None:
        """Peak IT power over rated IT power (PDIT)."""
        return _quotient(self.peak_it_kw, self.rated_it_kw)

    @property
    def rack_fill(self) -> float | None:
        """Used over present rack units."""
        return _quotient(self.used_units, self.rack_units)

    @property
    def kw_per_rack(self) -> float | None:
        """Peak IT power per rack [kW]."""
        return _quotient(self.peak_it_kw, float(self.num_racks))

    @property
    def stranded_kw(self) -> float:
        """Rated IT power that cannot be used [kW]."""
        return max(0.0, self.rated_it_kw - self.usable_it_kw)


def _quotient(above: float, below: float) -> float | None:
    return above / below if below else None
