"""Exact check of availability: the down time that the placement of replicas lets expect."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from optimiser.analysis.placement_rules import count_cells, group_sizes
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import Availability
from optimiser.twin.availability import MINUTES_PER_YEAR, Figures, too_few_up
from optimiser.twin.rules import Rule

PARTS = 1_000_000.0
HAIR = 1e-3
"""Added before rounding down [parts]: far more than what sums of chances lose to rounding."""


def measure_availability(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Each service is predicted to be down no longer than its target allows."""
    policy, figures = rule.policy, rule.figures
    assert isinstance(policy, Availability) and figures is not None
    cells, counts = count_cells(rule, host)
    group = cells // max(1, len(rule.domain_names))
    sizes = group_sizes(rule)
    value = [
        _in_parts(_down(counts[group == index], _needed(policy, int(size)), figures))
        for index, size in enumerate(sizes)
    ]
    limit = _in_parts(1.0 - policy.target)
    return [
        Rows(
            value=np.array(value, dtype=np.int64)[:, None],
            limit=np.full((len(value), 1), limit, dtype=np.int64),
            label=lambda row: rule.group_names[row],
            noun="predicted down time",
            unit="min/year",
            scale=PARTS,
        )
    ]


def _in_parts(down: float) -> int:
    return math.floor(down * MINUTES_PER_YEAR * PARTS + HAIR)


def _needed(policy: Availability, size: int) -> int:
    if policy.needed_fraction is None:
        return policy.needed if policy.needed is not None else 1
    return max(1, math.ceil(size * policy.needed_fraction - 1e-9))


def _down(counts: np.ndarray, needed: int, figures: Figures) -> float:
    """Return the chance that too few replicas are up, by looking at every set of domains up.

    Alike domains are taken together by how many replicas they hold; for a set of them the replicas
    in it are a k-of-n system of their servers.
    """
    together = figures.common * figures.domain
    alone = figures.domain - together
    sizes, times = np.unique(counts, return_counts=True)
    chance_of = {0: 1.0}  # replicas in domains that are up: chance
    for size, number in zip(sizes.tolist(), times.tolist(), strict=True):
        updated: dict[int, float] = {}
        for up in range(number + 1):
            chance = math.comb(number, up) * (1.0 - alone) ** up * alone ** (number - up)
            for replicas, before in chance_of.items():
                key = replicas + up * size
                updated[key] = updated.get(key, 0.0) + before * chance
        chance_of = updated
    down = math.fsum(
        chance * too_few_up(replicas, needed, figures.server)
        for replicas, chance in chance_of.items()
    )
    return together + (1.0 - together) * down
