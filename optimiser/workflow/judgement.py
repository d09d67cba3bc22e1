"""One placement, judged: simulated in full and checked by every rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, Verdict, placement_today
from optimiser.analysis.verify import verify, violations_today
from optimiser.twin.rules import Rule
from optimiser.twin.simulate import simulate, summary


@dataclass(frozen=True)
class Side:
    """A placement with its full simulation, the summary of that, and the checker's verdict."""

    placement: Placement
    simulation: xr.Dataset
    summary: dict[str, Any]
    verdict: Verdict

    @property
    def num_broken(self) -> int:
        """Number of hard limits that are not kept."""
        hard = {violation.rule for violation in self.verdict.violations}
        return sum(count for rule, count in self.verdict.broken.items() if rule in hard)


def judge_today(twin: xr.Dataset, rules: Sequence[Rule]) -> Side:
    """Judge what runs where today, as strictly as if nothing were excused."""
    today = placement_today(twin)
    on = np.array(today.host_on, dtype=bool)
    on[today.host[today.host >= 0]] = True  # what holds something is on, whatever the table says
    replay = simulate(twin, today.host, on)
    return Side(today, replay, summary(replay, twin), violations_today(twin, rules))


def judge_plan(twin: xr.Dataset, rules: Sequence[Rule], placement: Placement) -> Side:
    """Judge a plan by every rule."""
    host, on = np.asarray(placement.host), np.asarray(placement.host_on)
    verdict = verify(twin, rules, placement)
    replay = simulate(twin, host, on)
    return Side(placement, replay, summary(replay, twin), verdict)
