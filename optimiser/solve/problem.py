"""The twin and its rules lowered to plain arrays for the search kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from optimiser.distinct import distinct_rows
from optimiser.formulation.frame import Frame, prepare
from optimiser.schema.policy import LabelLevel
from optimiser.schema.study import Weights
from optimiser.solve.counts import CountTable, count_table
from optimiser.solve.placement_cost import PlacementCost, placement_cost
from optimiser.solve.rackrows import RowTable, row_table
from optimiser.twin.eligibility import Eligibility
from optimiser.twin.planning import Envelope
from optimiser.twin.rules import Rule
from optimiser.twin.surrogate import Surrogate


@dataclass(frozen=True)
class Problem:
    """Everything the engine needs, as arrays.

    Demand columns join resources and steps: a resource that varies has one column per step, one
    that does not has a single column. ``use`` (flavour, column) int64; ``rated`` (host, column)
    int64 what a host has and ``capacity`` what it may carry, more only where it is overfull today
    and may stay so; ``power_column`` (step,) the column of the power resource at each step.
    ``host_on_cost`` (host,) money over the horizon for a host that is on, energy left out.
    ``step_hours`` (step,) hours of the horizon in each step.
    """

    frame: Frame
    flavour: np.ndarray
    use: np.ndarray
    rated: np.ndarray
    capacity: np.ndarray
    power_column: np.ndarray
    column_resource: np.ndarray
    device_request: np.ndarray
    host_devices: np.ndarray
    device_size: int
    today: np.ndarray
    move_cost: np.ndarray
    host_on_cost: np.ndarray
    gpu_w_per_unit: np.ndarray
    host_class: np.ndarray
    counts: CountTable
    rows: RowTable
    place: PlacementCost

    @property
    def twin(self) -> xr.Dataset:
        """The twin."""
        return self.frame.twin

    @property
    def rules(self) -> Sequence[Rule]:
        """The resolved rules."""
        return self.frame.rules

    @property
    def weights(self) -> Weights:
        """What counts besides the energy bill."""
        return self.frame.weights

    @property
    def eligibility(self) -> Eligibility:
        """Which hosts each workload may use."""
        return self.frame.eligibility

    @property
    def surrogate(self) -> Surrogate:
        """The facility as convex curves."""
        return self.frame.surrogate

    @property
    def envelope(self) -> Envelope:
        """Planning curves of the server kinds."""
        return self.frame.envelope

    @cached_property
    def today_on(self) -> np.ndarray:
        """Which hosts are on today: those that are said to be and those that hold something.

        Shared: whoever changes it copies it first.
        """
        on = self.twin["host_on"].values.astype(bool).copy()
        on[self.today[self.today >= 0]] = True
        return on

    @property
    def num_hosts(self) -> int:
        """Number of hosts."""
        return len(self.capacity)

    @property
    def num_workloads(self) -> int:
        """Number of workloads."""
        return len(self.flavour)


def lower(twin: xr.Dataset, rules: Sequence[Rule], weights: Weights) -> Problem:
    """Return the arrays of a twin and its rules."""
    frame = prepare(twin, rules, weights)
    usage = twin["flavour_usage"].values
    use, column_resource, power_column = _columns(usage, int(twin.attrs["power_resource"]))
    horizon_days = float(twin["period_h"].values.sum()) / 24.0
    device = int(twin.attrs["device_resource"])
    size = int(twin.attrs["device_size"])
    capacity = twin["host_capacity"].values
    devices = capacity[:, device] // size if device >= 0 else np.zeros(len(capacity), np.int64)
    requests = usage[:, device, 0] if device >= 0 else np.zeros(len(usage), np.int64)
    place = placement_cost(twin, weights, column_resource, usage.shape[2])
    return Problem(
        frame=frame,
        flavour=twin["workload_flavour"].values.astype(np.int32),
        use=use,
        rated=np.ascontiguousarray(capacity[:, column_resource], dtype=np.int64),
        capacity=_host_columns(frame, use, column_resource),
        power_column=power_column,
        column_resource=column_resource,
        device_request=requests.astype(np.int64),
        host_devices=devices.astype(np.int64),
        device_size=size,
        today=twin["workload_host"].values.astype(np.int32),
        move_cost=twin["workload_move_cost"].values * horizon_days / weights.hold_days,
        host_on_cost=frame.host_on_cost,
        gpu_w_per_unit=_gpu_w_per_unit(twin, devices * size),
        host_class=_host_classes(frame, place),
        counts=count_table(twin, rules),
        rows=row_table(frame),
        place=place,
    )


def _columns(usage: np.ndarray, power: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return use (flavour, column), the resource of each column, and the power columns.

    Resources that do not vary come first: one look at them rules most full hosts out.
    """
    varies = (usage != usage[:, :, :1]).any(axis=(0, 2))
    parts: list[np.ndarray] = []
    resource: list[int] = []
    power_column = np.zeros(usage.shape[2], dtype=np.int64)
    for index in np.argsort(varies, kind="stable").tolist():
        start = len(resource)
        parts.append(usage[:, index, :] if varies[index] else usage[:, index, :1])
        resource += [index] * parts[-1].shape[1]
        if index == power:
            power_column[:] = start + np.arange(usage.shape[2]) if varies[index] else start
    use = np.ascontiguousarray(np.concatenate(parts, axis=1), dtype=np.int64)
    return use, np.array(resource), power_column


def _host_columns(frame: Frame, use: np.ndarray, column_resource: np.ndarray) -> np.ndarray:
    """Return capacity (host, column); where today's load may stay, it is at least that load."""
    twin = frame.twin
    capacity = twin["host_capacity"].values[:, column_resource].astype(np.int64)
    if frame.capacity_not_worse:
        today, flavour = twin["workload_host"].values, twin["workload_flavour"].values
        load = np.zeros_like(capacity)
        np.add.at(load, today[today >= 0], use[flavour[today >= 0]])
        capacity = np.maximum(capacity, load)
    return np.ascontiguousarray(capacity)


def _gpu_w_per_unit(twin: xr.Dataset, amount: np.ndarray) -> np.ndarray:
    """Return the power of one unit of the device resource on each host [W]."""
    span = twin["kind_gpu_span_w"].values[twin["host_kind"].values]
    return span / np.maximum(amount, 1)


def _tells_hosts_apart(frame: Frame, place: PlacementCost) -> list[np.ndarray]:
    """Return what makes empty hosts differ besides kind, rack, capacity and rules on hosts."""
    if place.is_active or any(rule.kind == "transient_capacity" for rule in frame.rules):
        return [np.arange(frame.twin.sizes["host"])]
    levels = [(rule, getattr(rule.policy, "domain", None)) for rule in frame.rules]
    labelled = [rule.domain for rule, level in levels if isinstance(level, LabelLevel)]
    return labelled + [rule.takes for rule in frame.rules if rule.kind == "licence"]


def _host_classes(frame: Frame, place: PlacementCost) -> np.ndarray:
    """Return a class index per host; hosts of one class are interchangeable while empty."""
    twin = frame.twin
    columns = [
        twin["host_kind"].values,
        twin["host_rack"].values,
        twin["host_capacity"].values,
        frame.host_on_cost,
        frame.eligibility.allowed.T,
        *_tells_hosts_apart(frame, place),
    ]
    key = np.column_stack([np.asarray(c).reshape(twin.sizes["host"], -1) for c in columns])
    return distinct_rows(key)[1].astype(np.int32)
