"""Exact check of rules about who must be near whom."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.loads import sum_by
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import Dependency
from optimiser.twin.rules import Rule


def measure_dependency(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """No workload is in a domain without a workload of a service that it needs.

    Workloads on hosts outside every domain of the level count as one domain more.
    """
    policy = rule.policy
    assert isinstance(policy, Dependency)
    width = len(rule.domain_names) + 1
    present = members_by_domain(rule, host)
    needing = members_by_domain(rule, np.where(rule.workloads, host, -1))
    user, needed = rule.needs[:, 0], rule.needs[:, 1]
    without = np.where(present[needed] == 0, needing[user], 0)
    names = (*rule.domain_names, "elsewhere")
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
    """Return placed members of each group by domain, (group, domain + 1) int64, the last for none."""
    width = len(rule.domain_names) + 1
    inside = (rule.group >= 0) & (host >= 0)
    domain = rule.domain[np.where(inside, host, 0)].astype(np.int64)
    cell = rule.group.astype(np.int64) * width + np.where(domain < 0, width - 1, domain)
    ones = np.ones(len(cell), dtype=np.int64)
    count = sum_by(ones, np.where(inside, cell, -1), len(rule.group_names) * width)
    return count.reshape(-1, width)
