"""IT power of a placement: from workloads over hosts to racks, for every distinct demand step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from optimiser.errors import InputError, Problem
from optimiser.twin.power_chain import membership
from optimiser.twin.servers import host_power_w

# hosts × steps handled at once; some dozen arrays of this size stay in a few hundred MB
_CELLS = 1_000_000


@dataclass(frozen=True)
class ItPower:
    """Power and use of hosts and racks under one placement.

    ``rack_power_w`` (rack, step) [W]; ``host_energy_kwh``, ``host_mean_utilisation`` and
    ``host_peak_utilisation`` (host,) over the horizon; ``num_overloaded`` (step,) hosts whose
    demand exceeds their capacity; ``host_utilisation`` and ``host_power_w`` (host, step) or
    ``None`` when they were not asked for.
    """

    rack_power_w: np.ndarray
    host_energy_kwh: np.ndarray
    host_mean_utilisation: np.ndarray
    host_peak_utilisation: np.ndarray
    num_overloaded: np.ndarray
    host_utilisation: np.ndarray | None = None
    host_power_w: np.ndarray | None = None


@dataclass(frozen=True)
class _Fleet:
    """The hosts that are on, as arrays for the inner loop."""

    on: np.ndarray
    kind: np.ndarray
    capacity: np.ndarray
    counts: sparse.csr_array
    usage: np.ndarray
    gpu_w: np.ndarray
    curve_w: np.ndarray
    rack_of: sparse.csr_array

    def steps(self) -> Iterator[slice]:
        num_steps = self.usage.shape[1]
        width = max(1, _CELLS // max(1, len(self.on)))
        for start in range(0, num_steps, width):
            yield slice(start, min(start + width, num_steps))

    def utilisation(self, steps: slice) -> np.ndarray:
        """Return use over capacity of the hosts that are on (host, step) [1]."""
        used = self.counts @ np.ascontiguousarray(self.usage[:, steps], dtype=float)
        used *= (1.0 / np.maximum(self.capacity, 1))[:, None]
        return used

    def power_w(self, utilisation: np.ndarray) -> np.ndarray:
        power = host_power_w(self.curve_w, self.kind, utilisation)
        power += self.gpu_w[:, None]
        return power


def it_power(
    twin: xr.Dataset, host_of_workload: np.ndarray, host_on: np.ndarray, *, hosts: bool = False
) -> ItPower:
    """Return the power of every rack at every distinct demand step.

    ``host_of_workload`` (W,) index of the host, −1 where a workload does not run; ``host_on``
    (H,) bool. Hosts that are off draw standby power. ``hosts`` also keeps (host, step) arrays.

    Raises ``InputError`` when a workload is placed on a host that is off or does not exist.
    """
    check_placement(twin, host_of_workload, host_on)
    fleet = _fleet(twin, host_of_workload, np.asarray(host_on, dtype=bool))
    num_hosts, num_steps = twin.sizes["host"], fleet.usage.shape[1]
    hours = step_hours(twin)
    standby = twin["kind_standby_w"].values[twin["host_kind"].values].astype(float)
    asleep = np.where(host_on, 0.0, standby)
    in_rack = membership(twin["host_rack"].values, twin.sizes["rack"])
    rack_power = np.repeat((in_rack @ asleep)[:, None], num_steps, axis=1)
    energy, mean, peak = asleep * hours.sum(), np.zeros(num_hosts), np.zeros(num_hosts)
    overloaded = np.zeros(num_steps, dtype=np.int64)
    detail_u = np.zeros((num_hosts, num_steps)) if hosts else None
    detail_w = np.repeat(asleep[:, None], num_steps, axis=1) if hosts else None
    for steps in fleet.steps():
        used = fleet.utilisation(steps)
        power = fleet.power_w(used)
        rack_power[:, steps] += fleet.rack_of @ power
        energy[fleet.on] += power @ hours[steps]
        mean[fleet.on] += used @ hours[steps]
        peak[fleet.on] = np.maximum(peak[fleet.on], used.max(axis=1, initial=0.0))
        overloaded[steps] = np.count_nonzero(used > 1.0, axis=0)
        if detail_u is not None and detail_w is not None:
            detail_u[fleet.on, steps] = used
            detail_w[fleet.on, steps] = power
    mean /= max(hours.sum(), 1e-12)
    return ItPower(rack_power, energy / 1e3, mean, peak, overloaded, detail_u, detail_w)


def step_hours(twin: xr.Dataset) -> np.ndarray:
    """Return the hours of the horizon that each distinct demand step stands for (step,) [h]."""
    step = twin["step_of_time"].values
    return np.bincount(step, weights=twin["period_h"].values, minlength=twin.sizes["step"])


def _fleet(twin: xr.Dataset, host_of_workload: np.ndarray, host_on: np.ndarray) -> _Fleet:
    on = np.flatnonzero(host_on)
    kind = twin["host_kind"].values[on]
    resource = int(twin.attrs["power_resource"])
    counts = flavour_counts(twin, host_of_workload)[on]
    return _Fleet(
        on=on,
        kind=kind,
        capacity=twin["host_capacity"].values[on, resource],
        counts=counts,
        usage=twin["flavour_usage"].values[:, resource, :],
        gpu_w=_gpu_w(twin, counts, on, kind),
        curve_w=twin["kind_curve_w"].values.astype(float),
        rack_of=membership(twin["host_rack"].values[on], twin.sizes["rack"]),
    )


def _gpu_w(
    twin: xr.Dataset, counts: sparse.csr_array, on: np.ndarray, kind: np.ndarray
) -> np.ndarray:
    """Return the power of accelerators above idle (host on,) [W]; their use does not vary."""
    device = int(twin.attrs.get("device_resource", -1))
    if device < 0:
        return np.zeros(len(on))
    used = counts @ twin["flavour_usage"].values[:, device, :].max(axis=1).astype(float)
    share = used / np.maximum(twin["host_capacity"].values[on, device], 1)
    return twin["kind_gpu_span_w"].values[kind] * np.minimum(share, 1.0)


def flavour_counts(twin: xr.Dataset, host_of_workload: np.ndarray) -> sparse.csr_array:
    """Return (host, flavour): how many workloads of each distinct demand run on each host."""
    placed = np.flatnonzero(np.asarray(host_of_workload) >= 0)
    host = np.asarray(host_of_workload)[placed]
    flavour = twin["workload_flavour"].values[placed]
    entries = (np.ones(len(placed)), (host, flavour))
    shape = (twin.sizes["host"], twin.sizes["flavour"])
    return sparse.coo_array(entries, shape=shape).tocsr()


def check_placement(twin: xr.Dataset, host_of_workload: np.ndarray, host_on: np.ndarray) -> None:
    """Raise ``InputError`` when the placement names hosts that are off or do not exist.

    Hosts outside any rack are refused too, because their power would be counted nowhere.
    """
    num_hosts, host = twin.sizes["host"], np.asarray(host_of_workload)
    lost = np.flatnonzero(twin["host_rack"].values < 0)
    if len(lost):
        raise InputError(
            Problem(
                what=f"{len(lost)} hosts stand in no rack",
                field=str(_labels(twin, "host")[lost[0]]),
                expected="a rack for every host",
            )
        )
    unknown = np.flatnonzero((host < -1) | (host >= num_hosts))
    if len(unknown):
        raise InputError(
            Problem(
                what=f"{len(unknown)} workloads are placed on hosts that do not exist",
                field=str(_labels(twin, "workload")[unknown[0]]),
                value=int(host[unknown[0]]),
                expected=f"-1 to {num_hosts - 1}",
            )
        )
    on = np.append(np.asarray(host_on, dtype=bool), True)
    asleep = np.unique(host[~on[host]])
    if len(asleep):
        names = [str(name) for name in _labels(twin, "host")[asleep[:5]]]
        raise InputError(
            Problem(
                what=f"{len(asleep)} hosts are off and still have workloads",
                field="placement",
                value=", ".join(names) + (" …" if len(asleep) > len(names) else ""),
                expected="workloads on hosts that are on",
                remedy="switch the hosts on or move their workloads",
            )
        )


def _labels(twin: xr.Dataset, dim: str) -> np.ndarray:
    return twin[dim].values if dim in twin.coords else np.arange(twin.sizes[dim])
