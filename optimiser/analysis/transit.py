"""Exact check of rules about everything under way at once: room at source and target."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from optimiser.analysis.capacity import resource_unit
from optimiser.analysis.counts import moved
from optimiser.analysis.loads import Loads, host_usage
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import TransientCapacity
from optimiser.twin.rules import Rule


def measure_transient_capacity(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Use of what is there and of what has left stays within capacity, at every step."""
    policy = rule.policy
    assert isinstance(policy, TransientCapacity)
    names = twin["resource"].values.astype(str).tolist()
    leaving = np.where(moved(twin, loads.host), twin["workload_host"].values, -1)
    hosts = np.flatnonzero(rule.hosts)
    both = (loads.usage + host_usage(twin, leaving))[hosts]
    capacity = twin["host_capacity"].values.astype(np.int64)
    host_names = twin["host"].values
    chosen = [names.index(name) for name in policy.resources] or list(range(len(names)))
    return [
        Rows(
            value=both[:, resource, :],
            limit=capacity[hosts, resource][:, None],
            label=partial(_label, host_names[hosts], names[resource]),
            noun="use while moving",
            unit=resource_unit(twin, resource),
        )
        for resource in chosen
    ]


def _label(hosts: np.ndarray, resource: str, row: int) -> str:
    return f"host {hosts[row]}, {resource}"
