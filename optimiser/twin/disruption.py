"""Who a disruption budget keeps on its host for good, whatever the order of moves."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem
from optimiser.library.site import SiteInput
from optimiser.schema.policy_moving import DisruptionBudget

SHOWN = 3


def must_stay(
    policy: DisruptionBudget, site_input: SiteInput, workloads: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Return which of the protected ``workloads`` (W,) bool never move.

    All with ``never_evict``; those too young; and all of a ``group`` (W,) that has no more members
    than have to be up. Raises ``InputError`` when the age of one that runs is not known.
    """
    if policy.never_evict:
        return workloads
    stays = np.zeros(len(workloads), dtype=bool)
    if policy.min_age_h is not None:
        stays |= workloads & _is_young(policy, site_input, workloads)
    size = np.bincount(group[group >= 0], minlength=1)
    full = size <= least_up(policy, size)
    return np.asarray(stays | ((group >= 0) & full[group]))


def least_up(policy: DisruptionBudget, size: np.ndarray) -> np.ndarray:
    """Return how many of each group of a ``size`` (group,) have to be left alone, int64."""
    share = policy.min_up_fraction or 0.0
    parts = [math.ceil(share * one - 1e-9) for one in size.tolist()]
    return np.maximum(np.array(parts, dtype=np.int64), policy.min_up or 0)


def _is_young(policy: DisruptionBudget, site_input: SiteInput, workloads: np.ndarray) -> np.ndarray:
    """Return which workloads (W,) have not run long enough; who does not run yet has no age."""
    names = pd.Index(site_input.workload_units["name"].astype(str))
    age, runs = np.full(len(names), np.nan), np.zeros(len(names), dtype=bool)
    placement = site_input.placement
    if placement is not None and len(placement):
        there = names.get_indexer(pd.Index(placement["workload"].astype(str)))
        runs[there] = True
        if "age_h" in placement.columns:
            age[there] = placement["age_h"].to_numpy(dtype=float)
    unknown = runs & np.isnan(age) & workloads
    if unknown.any():
        raise InputError(_ageless(policy, names[unknown].tolist()))
    return np.asarray(runs & (age < (policy.min_age_h or 0.0)))


def _ageless(policy: DisruptionBudget, names: list[str]) -> Problem:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return Problem(
        f"the policy {policy.name!r} asks how long workloads have run, and that is not known of "
        + ", ".join(names[:SHOWN])
        + more,
        file="placement table",
        field="age_h",
        expected="hours that each has run on its host",
        remedy="fill the column age_h, or remove min_age_h from the policy",
    )
