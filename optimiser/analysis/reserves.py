"""Exact checks of room that stays free: for the loss of a domain, and for more workloads."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.capacity import resource_unit
from optimiser.analysis.loads import Loads
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import FreeUnits, SurviveDomain
from optimiser.twin.rules import Rule


def measure_survive_domain(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Hosts that are on outside each domain have enough of each resource for all demand."""
    policy = rule.policy
    assert isinstance(policy, SurviveDomain)
    names = twin["resource"].values.astype(str).tolist()
    present = np.unique(rule.domain[rule.domain >= 0])
    return [
        _lost_rows(twin, rule, loads, present, names.index(name))
        for name in policy.resources or names
    ]


def _lost_rows(
    twin: xr.Dataset, rule: Rule, loads: Loads, present: np.ndarray, resource: int
) -> Rows:
    capacity = np.where(loads.host_on, twin["host_capacity"].values[:, resource], 0)
    capacity = capacity.astype(np.int64)
    lost = np.array([capacity[rule.domain == d].sum() for d in present.tolist()], dtype=np.int64)
    use = loads.usage[:, resource].sum(axis=0)
    level, name = getattr(rule.policy, "domain", ""), str(twin["resource"].values[resource])
    return Rows(
        value=use[None, :] - (capacity.sum() - lost)[:, None],
        limit=np.zeros((len(present), 1), dtype=np.int64),
        label=lambda row: f"{name} without {level} {rule.domain_names[present[row]]}",
        noun="demand above what is left by",
        unit=resource_unit(twin, resource),
    )


def measure_free_units(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Room for so many more workloads of a size on the hosts of the domain that has most."""
    policy = rule.policy
    assert isinstance(policy, FreeUnits)
    names = twin["resource"].values.astype(str).tolist()
    fit = np.full(len(rule.hosts), np.iinfo(np.int64).max)
    for name, size in policy.size.items():
        resource = names.index(name)
        busiest = loads.usage[:, resource].max(axis=1).astype(np.int64)
        left = twin["host_capacity"].values[:, resource].astype(np.int64) - busiest
        fit = np.minimum(fit, np.maximum(left, 0) // size)
    counted = rule.hosts & twin["host_usable"].values & (rule.domain >= 0)
    total = np.zeros(max(1, len(rule.domain_names)), dtype=np.int64)
    np.add.at(total, rule.domain[counted], fit[counted])
    return [
        Rows(
            value=np.array([[-total.max()]], dtype=np.int64),
            limit=np.array([[-policy.count]], dtype=np.int64),
            label=lambda _: f"{policy.domain} {rule.domain_names[int(total.argmax())]}",
            noun="more workloads that find room",
            unit="",
            is_lower=True,
        )
    ]
