"""What a plan is to be compared with besides today: the least that anyone would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.store.runs import StoredRun
from optimiser.twin.rules import Rule
from optimiser.workflow.judgement import judge_plan, judge_today
from optimiser.workflow.verify import open_run


@dataclass(frozen=True)
class Heuristic:
    """Today's placement with every host asleep that holds nothing, simulated over the horizon.

    ``saved_kwh`` and ``saved_cost`` over today, ``hosts_asleep`` more than today, ``num_broken``
    hard limits that it does not keep, such as headroom.
    """

    saved_kwh: float
    saved_cost: float
    hosts_asleep: int
    num_broken: int

    @property
    def sentence(self) -> str:
        """What it does and whether the rules allow it."""
        hosts = "host" if self.hosts_asleep == 1 else "hosts"
        did = f"puts {self.hosts_asleep:,} empty {hosts} to sleep"
        if not self.num_broken:
            return f"{did} and keeps every rule"
        limits = "limit" if self.num_broken == 1 else "limits"
        return f"{did} and breaks {self.num_broken:,} {limits}"


def sleep_empty_hosts(run: StoredRun) -> Heuristic:
    """Return the heuristic for the site and horizon of a run, with the run's own model and inputs.

    Raises ``InputError`` when files of the run are missing or damaged.
    """
    opened = open_run(run.folder)
    return heuristic_of(opened.twin, opened.loaded.rules)


def heuristic_of(twin: xr.Dataset, rules: Sequence[Rule]) -> Heuristic:
    """Return the heuristic for a twin and its rules."""
    before, today = judge_today(twin, rules), placement_today(twin)
    on = np.zeros(twin.sizes["host"], dtype=bool)
    on[today.host[today.host >= 0]] = True
    after = judge_plan(twin, rules, Placement(today.host, on, today.devices))
    return Heuristic(
        saved_kwh=before.summary["facility_kwh"] - after.summary["facility_kwh"],
        saved_cost=before.summary["cost"] - after.summary["cost"],
        hosts_asleep=before.summary["hosts_on"] - after.summary["hosts_on"],
        num_broken=after.num_broken,
    )
