"""Exact checks of who has a host at all: prices of those left out, and gangs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.rows import Rows, offenders
from optimiser.schema.policy import Assign, GroupTogether
from optimiser.twin.rules import Rule


def may_wait(twin: xr.Dataset, rules: Sequence[Rule]) -> np.ndarray:
    """Return which workloads may have no host (W,) bool: those of ``assign`` that do not run."""
    found = np.zeros(twin.sizes["workload"], dtype=bool)
    for rule in rules:
        if isinstance(rule.policy, Assign):
            found |= rule.workloads
    return found & (twin["workload_host"].values < 0)


def measure_unserved(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """How many of the workloads have no host."""
    assert isinstance(rule.policy, Assign)
    names = twin["workload"].values
    every = np.arange(len(host), dtype=np.int64)
    wrong = rule.workloads & (host < 0)
    return [offenders(rule, wrong, every, lambda index: f"workload {names[index]}", "has no host")]


def measure_gangs(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """All workloads of each group have a host, or none: those that miss it beside others."""
    assert isinstance(rule.policy, GroupTogether)
    inside, count = rule.group >= 0, len(rule.group_names)
    size = np.bincount(rule.group[inside], minlength=count)
    served = np.bincount(rule.group[inside & (host >= 0)], minlength=count)
    missing = np.where(served > 0, size - served, 0).astype(np.int64)
    return [
        Rows(
            value=missing[:, None],
            limit=np.zeros((count, 1), dtype=np.int64),
            label=lambda row: rule.group_names[row],
            noun="workloads without a host while others of the group have one:",
            unit="",
        )
    ]
