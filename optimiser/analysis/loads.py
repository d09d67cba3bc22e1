"""What a placement draws from hosts and racks, in whole units and microwatts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from optimiser.analysis.verdict import Placement
from optimiser.twin.planning import Envelope, planning_envelope

MICROWATT_PER_WATT = 1_000_000


@dataclass(frozen=True)
class Loads:
    """Loads of one placement.

    ``usage`` (host, resource, step) int64 in resource units; ``host_uw`` (host, step) and
    ``rack_uw`` (rack, step) int64 planning power [µW]; ``host`` (W,) and ``host_on`` (H,) are
    those of the placement.
    """

    host: np.ndarray
    host_on: np.ndarray
    usage: np.ndarray
    host_uw: np.ndarray
    rack_uw: np.ndarray


@dataclass(frozen=True)
class HostPower:
    """Planning power of hosts: convex envelope plus gap when on, standby when asleep.

    ``kind`` (H,); ``capacity`` (H, resource); ``power_resource`` and ``device_resource`` index the
    resources that move a host along its curve (−1: no devices).
    """

    envelope: Envelope
    kind: np.ndarray
    capacity: np.ndarray
    gpu_span_w: np.ndarray
    standby_w: np.ndarray
    power_resource: int
    device_resource: int

    def planning_uw(self, hosts: np.ndarray, usage: np.ndarray, is_on: np.ndarray) -> np.ndarray:
        """Return the planning power of some hosts, (n, step) int64 [µW].

        ``hosts`` (n,) indices, ``usage`` (n, resource, step), ``is_on`` (n,) bool. Beyond full
        load the last piece goes on, so that a host that is overfull today is not understated.
        """
        kind = self.kind[hosts]
        share = self._share(hosts, usage, self.power_resource)
        power = np.full(share.shape, -np.inf)
        for piece in range(self.envelope.slope_w.shape[1]):
            intercept, slope = (
                self.envelope.intercept_w[kind, piece],
                self.envelope.slope_w[kind, piece],
            )
            power = np.maximum(power, intercept[:, None] + slope[:, None] * share)
        power += self.envelope.gap_w[kind][:, None]
        if self.device_resource >= 0:
            share = self._share(hosts, usage, self.device_resource)
            power = power + self.gpu_span_w[kind][:, None] * share
        power = np.where(is_on[:, None], power, self.standby_w[kind][:, None])
        return np.rint(power * MICROWATT_PER_WATT).astype(np.int64)

    def _share(self, hosts: np.ndarray, usage: np.ndarray, resource: int) -> np.ndarray:
        capacity = np.maximum(self.capacity[hosts, resource], 1)
        return usage[:, resource, :] / capacity[:, None]


def host_power(twin: xr.Dataset) -> HostPower:
    """Lift the planning curves out of the twin."""
    return HostPower(
        envelope=planning_envelope(twin["kind_curve_w"].values),
        kind=twin["host_kind"].values,
        capacity=twin["host_capacity"].values,
        gpu_span_w=twin["kind_gpu_span_w"].values,
        standby_w=twin["kind_standby_w"].values,
        power_resource=int(twin.attrs["power_resource"]),
        device_resource=int(twin.attrs["device_resource"]),
    )


def measure_loads(twin: xr.Dataset, placement: Placement) -> Loads:
    """Add up what every host and rack carries.

    Workloads without a host (or with one that does not exist) are left out: ``assign`` tells.
    """
    usage = host_usage(twin, placement.host)
    host_uw = host_power(twin).planning_uw(
        np.arange(len(usage)), usage, np.asarray(placement.host_on, dtype=bool)
    )
    return Loads(placement.host, placement.host_on, usage, host_uw, rack_sums(twin, host_uw))


def host_usage(twin: xr.Dataset, host: np.ndarray) -> np.ndarray:
    """Return the exact use of each host, (host, resource, step) int64."""
    flavour_usage = twin["flavour_usage"].values
    flavour = twin["workload_flavour"].values
    num_hosts = twin.sizes["host"]
    placed = (host >= 0) & (host < num_hosts)
    ones = np.ones(int(placed.sum()), dtype=np.int64)
    counts = sparse.coo_array(
        (ones, (host[placed], flavour[placed])), shape=(num_hosts, len(flavour_usage))
    ).tocsr()
    flat = flavour_usage.reshape(len(flavour_usage), -1)
    return np.asarray(counts @ flat).reshape(num_hosts, *flavour_usage.shape[1:])


def rack_sums(twin: xr.Dataset, host_values: np.ndarray) -> np.ndarray:
    """Sum integers of hosts (host, step) by rack, (rack, step)."""
    return sum_by(host_values, twin["host_rack"].values, twin.sizes["rack"])


def sum_by(values: np.ndarray, index: np.ndarray, count: int) -> np.ndarray:
    """Sum rows (n, …) int64 by ``index`` (n,) into (count, …); index −1 belongs nowhere."""
    inside = np.flatnonzero(index >= 0)
    result = np.zeros((count, *values.shape[1:]), dtype=np.int64)
    if not len(inside):
        return result
    order = inside[np.argsort(index[inside], kind="stable")]
    sorted_index = index[order]
    starts = np.flatnonzero(np.r_[True, sorted_index[1:] != sorted_index[:-1]])
    result[sorted_index[starts]] = np.add.reduceat(values[order], starts, axis=0)
    return result
