"""Exact checks of who shares a domain with whom: isolation, licences and groups in a domain."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.placement_rules import count_cells, has_hosts
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import GroupCount, IsolationLimit, Licence
from optimiser.twin.rules import Rule


def measure_used_domains(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Each group uses at most so many domains, or takes at most so many licences."""
    policy = rule.policy
    assert isinstance(policy, IsolationLimit | Licence)
    cells, _ = count_cells(rule, host)
    width, taken = max(1, len(rule.domain_names)), np.zeros(len(rule.group_names), dtype=np.int64)
    np.add.at(taken, cells // width, rule.takes[cells % width])
    return [
        Rows(
            value=taken[:, None],
            limit=np.full((len(taken), 1), policy.limit, dtype=np.int64),
            label=lambda row: rule.group_names[row],
            noun="licences" if isinstance(policy, Licence) else f"{policy.domain}s used",
            unit="",
        )
    ]


def measure_groups_in_domain(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """Each domain holds at most so many groups; one where they are to be alone."""
    policy = rule.policy
    cells, _ = count_cells(rule, host)
    width = max(1, len(rule.domain_names))
    crowd = np.bincount(cells % width, minlength=width).astype(np.int64)
    present = np.flatnonzero(has_hosts(rule))
    limit = policy.limit if isinstance(policy, GroupCount) else 1
    return [
        Rows(
            value=crowd[present, None],
            limit=np.full((len(present), 1), limit, dtype=np.int64),
            label=lambda row: (
                f"{policy.domain} {rule.domain_names[present[row]]}"  # type: ignore[union-attr]
            ),
            noun="groups",
            unit="",
        )
    ]
