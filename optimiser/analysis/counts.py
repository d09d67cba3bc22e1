"""Exact checks of budgets: moves and hosts on."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.rows import Rows
from optimiser.schema.policy import MaxHostsOn, MaxMoves
from optimiser.twin.rules import Rule


def moved(twin: xr.Dataset, host: np.ndarray) -> np.ndarray:
    """Return which workloads leave the host they run on today, (W,) bool; starting is no move."""
    today = twin["workload_host"].values
    return (today >= 0) & (host != today)


def measure_max_moves(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """At most so many of the workloads move."""
    assert isinstance(rule.policy, MaxMoves)
    count = int((moved(twin, host) & rule.workloads).sum())
    return [_single(count, rule.policy.limit, "the plan", "moves")]


def measure_max_hosts_on(twin: xr.Dataset, rule: Rule, host_on: np.ndarray) -> list[Rows]:
    """At most so many of the hosts are on."""
    assert isinstance(rule.policy, MaxHostsOn)
    count = int((np.asarray(host_on, dtype=bool) & rule.hosts).sum())
    return [_single(count, rule.policy.limit, str(twin.attrs["site"]), "hosts on")]


def _single(value: int, limit: int, where: str, noun: str) -> Rows:
    return Rows(
        value=np.array([[value]], dtype=np.int64),
        limit=np.array([[limit]], dtype=np.int64),
        label=lambda _: where,
        noun=noun,
        unit="",
    )
