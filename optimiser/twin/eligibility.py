"""Which hosts each workload may use, by class of equal answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.twin.rules import Rule


@dataclass(frozen=True)
class Eligibility:
    """``allowed`` (class, host) bool; ``of_workload`` (W,) int32 the class of each workload."""

    allowed: np.ndarray
    of_workload: np.ndarray


def eligibility(twin: xr.Dataset, rules: Sequence[Rule]) -> Eligibility:
    """Intersect all hard rules that restrict hosts, and leave out hosts under maintenance.

    A rule marked ``not_worse`` lets a workload stay where it is today, so its class also holds
    today's host.
    """
    of_workload = np.zeros(twin.sizes["workload"], dtype=np.int32)
    allowed = twin["host_usable"].values[None, :].copy()
    for rule in rules:
        if rule.allowed is None or rule.allowed_class is None or not rule.is_hard:
            continue
        table, index = rule.allowed, rule.allowed_class
        if rule.not_worse:
            table, index = _with_today(table, index, twin["workload_host"].values)
        key = of_workload.astype(np.int64) * len(table) + index
        distinct, inverse = np.unique(key, return_inverse=True)
        allowed = allowed[distinct // len(table)] & table[distinct % len(table)]
        of_workload = inverse.reshape(-1).astype(np.int32)
    return Eligibility(allowed, of_workload)


def _with_today(
    table: np.ndarray, index: np.ndarray, today: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    outside = (today >= 0) & ~table[index, np.maximum(today, 0)]
    key = index.astype(np.int64) * (table.shape[1] + 1) + np.where(outside, today + 1, 0)
    distinct, inverse = np.unique(key, return_inverse=True)
    width = table.shape[1] + 1
    wider = table[distinct // width].copy()
    extra = distinct % width
    wider[np.flatnonzero(extra > 0), extra[extra > 0] - 1] = True
    return wider, inverse.reshape(-1)
