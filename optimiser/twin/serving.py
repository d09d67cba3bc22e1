"""Which workloads may be left without a host, at what price, and which only together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.twin.rules import Rule


@dataclass(frozen=True)
class Serving:
    """``price`` (W,) money for leaving a workload out, infinite where it must have a host.

    ``gang`` (W,) int32 is the set that comes as a whole or not at all, −1 none; gangs that must
    have hosts anyway are none.
    """

    price: np.ndarray
    gang: np.ndarray

    @property
    def is_optional(self) -> np.ndarray:
        """Which workloads may be left out (W,) bool."""
        return np.isfinite(self.price)


def serving(twin: xr.Dataset, rules: Sequence[Rule]) -> Serving:
    """Return prices and gangs as the rules have them.

    Prices of several policies add up. Gangs that share a workload are one gang, and one with a
    workload that must have a host has to have hosts as a whole.
    """
    today = twin["workload_host"].values
    price = np.zeros(len(today))
    named = np.zeros(len(today), dtype=bool)
    for rule in rules:
        if rule.kind == "assign" and rule.weight is not None:
            price += np.where(rule.workloads, rule.weight, 0.0)
            named |= rule.workloads
    price = np.where(named & (today < 0), price, np.inf)
    gang = _merged([_gangs(rule, today) for rule in rules if rule.kind in GANGS], len(today))
    inside = gang >= 0
    must = np.zeros(int(gang.max(initial=-1)) + 1, dtype=bool)
    must[gang[inside & np.isinf(price)]] = True
    price = np.where(inside & must[gang] if len(must) else False, np.inf, price)
    return Serving(price, np.where(np.isfinite(price), gang, -1).astype(np.int32))


GANGS = ("group_together_or_not_at_all",)


def _gangs(rule: Rule, today: np.ndarray) -> np.ndarray:
    """Return the gang of each workload; one that runs in part today may stay so if excused."""
    if not rule.not_worse:
        return rule.group
    runs = np.zeros(len(rule.group_names), dtype=bool)
    runs[rule.group[(rule.group >= 0) & (today >= 0)]] = True
    excused = (
        (rule.group >= 0) & runs[rule.group] if len(runs) else np.zeros(len(today), dtype=bool)
    )
    return np.where(excused, -1, rule.group)


def _merged(tables: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return one gang per workload (W,), those of all tables joined where they share workloads."""
    gang = np.full(count, -1, dtype=np.int64)
    for table in tables:
        offset = int(gang.max(initial=-1)) + 1
        for group in np.unique(table[table >= 0]).tolist():
            members = table == group
            old = np.unique(gang[members & (gang >= 0)])
            gang[members | np.isin(gang, old)] = offset + group
    _, numbered = np.unique(gang, return_inverse=True)
    return numbered.reshape(-1) - int((gang < 0).any())
