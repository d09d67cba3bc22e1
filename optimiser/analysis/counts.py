"""Exact checks of budgets: moves and hosts on."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.rows import Rows, floor_limit
from optimiser.schema.policy import MaxHostsOn, MaxMoves, MaxMovesPerService, MinHostsOn, MoveBudget
from optimiser.twin.rules import PARTS, Rule


def moved(twin: xr.Dataset, host: np.ndarray) -> np.ndarray:
    """Return which workloads leave the host they run on today, (W,) bool; starting is no move."""
    today = twin["workload_host"].values
    return (today >= 0) & (host != today)


def measure_max_moves(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """At most so many of the workloads move."""
    assert isinstance(rule.policy, MaxMoves)
    count = int((moved(twin, host) & rule.workloads).sum())
    return [_single(count, rule.policy.limit, "the plan", "moves")]


def measure_max_moves_per_service(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """At most so many of the workloads of each service move."""
    assert isinstance(rule.policy, MaxMovesPerService)
    gone = rule.group[moved(twin, host) & (rule.group >= 0)]
    count = np.bincount(gone, minlength=len(rule.group_names)).astype(np.int64)
    return [
        Rows(
            value=count[:, None],
            limit=np.full((len(count), 1), rule.policy.limit, dtype=np.int64),
            label=lambda row: rule.group_names[row],
            noun="moves",
            unit="",
        )
    ]


def measure_move_budget(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """What moves is worth no more than the budget, in thousandths of money or GiB."""
    policy = rule.policy
    assert isinstance(policy, MoveBudget)
    total = int(rule.amount[moved(twin, host)].sum())
    return [
        Rows(
            value=np.array([[total]], dtype=np.int64),
            limit=floor_limit(np.array([[policy.limit]]), PARTS),
            label=lambda _: "the plan",
            noun="cost of moves" if policy.measure == "cost" else "memory that moves",
            unit=str(twin.attrs["currency"]) if policy.measure == "cost" else "GiB",
            scale=float(PARTS),
        )
    ]


def measure_min_hosts_on(twin: xr.Dataset, rule: Rule, host_on: np.ndarray) -> list[Rows]:
    """At least so many of the hosts are on."""
    assert isinstance(rule.policy, MinHostsOn)
    count = int((np.asarray(host_on, dtype=bool) & rule.hosts).sum())
    site = str(twin.attrs["site"])
    return [_single(-count, -rule.policy.limit, site, "hosts on", is_lower=True)]


def measure_max_hosts_on(twin: xr.Dataset, rule: Rule, host_on: np.ndarray) -> list[Rows]:
    """At most so many of the hosts are on."""
    assert isinstance(rule.policy, MaxHostsOn)
    count = int((np.asarray(host_on, dtype=bool) & rule.hosts).sum())
    return [_single(count, rule.policy.limit, str(twin.attrs["site"]), "hosts on")]


def _single(value: int, limit: int, where: str, noun: str, is_lower: bool = False) -> Rows:
    return Rows(
        value=np.array([[value]], dtype=np.int64),
        limit=np.array([[limit]], dtype=np.int64),
        label=lambda _: where,
        noun=noun,
        unit="",
        is_lower=is_lower,
    )
