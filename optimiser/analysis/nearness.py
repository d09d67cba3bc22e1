"""Exact check of rules about who must be near whom."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.loads import sum_by
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import Dependency
from optimiser.twin.rules import Rule


def measure_dependency(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """No workload is in a domain without a workload of a service that it needs."""
    policy = rule.policy
    assert isinstance(policy, Dependency)
    width, names = len(rule.domain_names), rule.domain_names
    present = members_by_domain(rule, host)
    needing = members_by_domain(rule, np.where(rule.workloads, host, -1))
    user, needed = rule.needs[:, 0], rule.needs[:, 1]
    without = np.where(present[needed] == 0, needing[user], 0)
    return [
        Rows(
            value=without.reshape(-1, 1),
            limit=np.zeros((without.size, 1), dtype=np.int64),
            label=lambda row: (
                f"{rule.group_names[user[row // width]]} in {policy.domain} {names[row % width]} "
                f"without {rule.group_names[needed[row // width]]}"
            ),
            noun="workloads",
            unit="",
        )
    ]


def members_by_domain(rule: Rule, host: np.ndarray) -> np.ndarray:
    """Return placed members of each group by domain, (group, domain) int64."""
    width = len(rule.domain_names)
    inside = (rule.group >= 0) & (host >= 0)
    domain = rule.domain[np.where(inside, host, 0)].astype(np.int64)
    cell = np.where(inside, rule.group.astype(np.int64) * width + domain, -1)
    ones = np.ones(len(cell), dtype=np.int64)
    return sum_by(ones, cell, len(rule.group_names) * width).reshape(-1, width)
