"""Targets of availability in the search: tables that are enough, and a test of whole plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from optimiser.schema.policy import Availability
from optimiser.solve.finding import Finding
from optimiser.twin.availability import MINUTES_PER_YEAR, PARTS
from optimiser.twin.rules import Rule
from optimiser.twin.standing import Standing, predicted, standings

if TYPE_CHECKING:
    from optimiser.solve.problem import Problem


def domain_limits(rule: Rule, twin: xr.Dataset) -> np.ndarray:
    """Return for each service the most in one domain, and the fewest and most domains (group, 3).

    Together they are enough where such three are known; else they are necessary, and
    :class:`Uptime` tells whether a plan is good enough.
    """
    found = []
    for standing in standings(rule, twin, np.zeros(len(rule.workloads), dtype=bool)):
        limits = standing.limits
        found.append(limits.strict or ((*limits.fullest, 0)[0], 0, limits.most))
    return np.array(found, dtype=np.int64).reshape(-1, 3)


class Uptime:
    """Tells whether a placement meets every target of availability."""

    def __init__(self, problem: Problem) -> None:
        optional = problem.frame.serving.is_optional
        rules = [r for r in problem.rules if r.is_hard and isinstance(r.policy, Availability)]
        self._rules = [
            (rule, [standing.allowed for standing in standings(rule, problem.twin, optional)])
            for rule in rules
        ]

    def holds(self, host: np.ndarray) -> bool:
        """Whether no service of a placement (workload,) is down longer than allowed."""
        return all(
            down <= most
            for rule, allowed in self._rules
            for down, most in zip(predicted(rule, host), allowed, strict=True)
        )


def out_of_reach(problem: Problem) -> list[Finding]:
    """Return the targets that no placement meets."""
    optional = problem.frame.serving.is_optional
    return [
        _finding(rule, standing)
        for rule in problem.rules
        if rule.is_hard and isinstance(rule.policy, Availability)
        for standing in standings(rule, problem.twin, optional)
        if not standing.limits.is_possible
    ]


def _finding(rule: Rule, standing: Standing) -> Finding:
    policy, name = rule.policy, rule.group_names[standing.group]
    assert isinstance(policy, Availability)
    allowed = standing.allowed / PARTS
    replicas = f"{standing.size} replicas, of which {standing.needed} must be up,"
    where = f"over {standing.domains} domains of level {policy.domain}"
    best = standing.limits.best * MINUTES_PER_YEAR
    told = f"are down {best:,.6g} min/year at least" if np.isfinite(best) else "do not meet it"
    sentence = (
        f"policy {rule.name}: the target {policy.target:g} lets {name} be down "
        f"{allowed:,.6g} min/year, its {replicas} {told} {where}"
    )
    remedy = "run more replicas, need fewer of them, or spread them over more domains"
    if np.isfinite(best) and best < MINUTES_PER_YEAR:
        remedy += f"; the best possible target is {1.0 - _rounded_up(standing.limits.best):.12g}"
    short = best - allowed if np.isfinite(best) else 0.0
    return Finding(rule.name, (name,), float(short), "min/year", sentence, remedy)


def _rounded_up(down: float) -> float:
    """Return a chance of being down to three digits, no less."""
    step = 10.0 ** (np.floor(np.log10(max(down, 1e-15))) - 2)
    return float(np.ceil(down / step) * step)
