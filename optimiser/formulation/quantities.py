"""What a placement uses and draws, in numpy: for today's limits, fixed parts and start values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from optimiser.twin.planning import Envelope


@dataclass(frozen=True, eq=False)
class Quantities:
    """Use and power of a placement.

    ``usage`` (host, resource, step) int64 in resource units; ``host_power_kw`` (host, step) the
    envelope power, or standby of hosts asleep; ``rack_power_kw`` (rack, step) planning power, the
    sum of both with the reserve; ``rack_reserve_kw`` (rack,) the distance of planning power above
    the envelope.
    """

    usage: np.ndarray
    host_power_kw: np.ndarray
    rack_power_kw: np.ndarray
    rack_reserve_kw: np.ndarray


def measure(
    twin: xr.Dataset,
    envelope: Envelope,
    host_of_workload: np.ndarray,
    host_on: np.ndarray,
    counted: np.ndarray | None = None,
) -> Quantities:
    """Return the quantities of a placement.

    ``host_of_workload`` (W,) with −1 for none, ``host_on`` (H,) bool; ``counted`` (H,) bool leaves
    the power of other hosts out of the racks.
    """
    usage = host_usage(twin, host_of_workload)
    power = host_power_kw(twin, envelope, usage, host_on)
    reserve = np.where(host_on, envelope.gap_w[twin["host_kind"].values] / 1e3, 0.0)
    chosen = np.arange(len(host_on)) if counted is None else np.flatnonzero(counted)
    rack, num_racks = twin["host_rack"].values[chosen], twin.sizes["rack"]
    rack_reserve = np.bincount(rack, weights=reserve[chosen], minlength=num_racks)
    rack_power = np.zeros((num_racks, power.shape[1]))
    np.add.at(rack_power, rack, power[chosen])
    return Quantities(usage, power, rack_power + rack_reserve[:, None], rack_reserve)


def host_usage(twin: xr.Dataset, host_of_workload: np.ndarray) -> np.ndarray:
    """Return the use of each host, (host, resource, step) int64."""
    demand = twin["flavour_usage"].values
    placed = np.flatnonzero(host_of_workload >= 0)
    entries = (
        np.ones(len(placed), dtype=np.int64),
        (host_of_workload[placed], twin["workload_flavour"].values[placed]),
    )
    counts = sparse.coo_array(entries, shape=(twin.sizes["host"], len(demand))).tocsr()
    flat = counts @ demand.reshape(len(demand), -1)
    return np.asarray(flat).reshape(twin.sizes["host"], *demand.shape[1:])


def host_power_kw(
    twin: xr.Dataset, envelope: Envelope, usage: np.ndarray, host_on: np.ndarray
) -> np.ndarray:
    """Return envelope power of hosts (host, step) [kW], standby where they are asleep."""
    kind = twin["host_kind"].values
    load = load_fraction(twin, usage, int(twin.attrs["power_resource"]))
    power = np.full(load.shape, -np.inf)
    for piece in range(envelope.slope_w.shape[1]):
        line = (
            envelope.intercept_w[kind, piece][:, None]
            + envelope.slope_w[kind, piece][:, None] * load
        )
        power = np.maximum(power, line)
    device = int(twin.attrs["device_resource"])
    if device >= 0:
        share = load_fraction(twin, usage, device)
        power = power + twin["kind_gpu_span_w"].values[kind][:, None] * share
    standby = twin["kind_standby_w"].values[kind][:, None]
    return np.where(host_on[:, None], power, standby) / 1e3


def load_fraction(twin: xr.Dataset, usage: np.ndarray, resource: int) -> np.ndarray:
    """Return use over capacity of one resource, (host, step) [1]."""
    capacity = np.maximum(twin["host_capacity"].values[:, resource], 1)
    return usage[:, resource, :] / capacity[:, None]
