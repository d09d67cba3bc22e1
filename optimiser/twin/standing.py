"""Which ways to share domains meet the targets of an availability rule, service by service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.schema.policy import Availability
from optimiser.twin.availability import (
    ShapeLimits,
    Way,
    down_parts,
    least_ways,
    needed_of,
    service_down,
    shape_limits,
)
from optimiser.twin.rules import Rule


@dataclass(frozen=True)
class Standing:
    """One service of a rule.

    ``group`` its index; ``size`` replicas, of which ``needed`` must be up; ``domains`` that have a
    usable host; ``allowed`` down time in parts; ``limits`` what placements that keep it have in
    common; ``ways`` those by which each placement is judged, ``None`` where they are too many.
    """

    group: int
    size: int
    needed: int
    domains: int
    allowed: int
    limits: ShapeLimits
    ways: tuple[Way, ...] | None


def standings(rule: Rule, twin: xr.Dataset, optional: np.ndarray) -> list[Standing]:
    """Return the services of a rule; ``optional`` (W,) bool may have no host."""
    policy, figures = rule.policy, rule.figures
    assert isinstance(policy, Availability) and figures is not None
    usable = twin["host_usable"].values.astype(bool) & (rule.domain >= 0)
    domains = len(np.unique(rule.domain[usable]))
    today = down_today(rule, twin) if rule.not_worse else None
    count = len(rule.group_names)
    sizes = np.bincount(rule.group[rule.group >= 0], minlength=count)
    waiting = np.bincount(rule.group[(rule.group >= 0) & optional], minlength=count)
    found = []
    for group, size in enumerate(sizes.tolist()):
        needed, allowed = needed_of(policy, size), down_parts(1.0 - policy.target)
        if today is not None:
            allowed = max(allowed, today[group])
        given = (size, domains, needed, figures, allowed, bool(waiting[group]))
        limits, ways = shape_limits(*given), least_ways(*given)
        found.append(Standing(group, size, needed, domains, allowed, limits, ways))
    return found


def down_today(rule: Rule, twin: xr.Dataset) -> list[int]:
    """Return the predicted down time of each service as it runs today, in parts."""
    return predicted(rule, twin["workload_host"].values)


def predicted(rule: Rule, host: np.ndarray) -> list[int]:
    """Return the predicted down time of each service at a placement (W,), in parts."""
    assert isinstance(rule.policy, Availability) and rule.figures is not None
    count, width = len(rule.group_names), max(1, len(rule.domain_names))
    sizes = np.bincount(rule.group[rule.group >= 0], minlength=count)
    placed = (rule.group >= 0) & (host >= 0)
    cell = rule.group[placed].astype(np.int64) * width + rule.domain[host[placed]]
    cells, number = np.unique(cell, return_counts=True)
    start = np.searchsorted(cells, np.arange(count + 1) * width)
    found = []
    for group, size in enumerate(sizes.tolist()):
        here = number[start[group] : start[group + 1]]
        shape = tuple(sorted(here.tolist(), reverse=True))
        down = service_down(shape, needed_of(rule.policy, size), rule.figures)
        found.append(down_parts(down))
    return found
