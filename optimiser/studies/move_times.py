"""When each move starts and ends, and the energy it takes.

The moves of a wave start together and share the links of their hosts evenly: a host that sends
three copies sends each with a third of its bandwidth. A wave ends with its slowest move, and the
next one begins then, or when a freeze window is over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.analysis.loads import host_power
from optimiser.errors import InputError, Problem
from optimiser.schema.moving import Moving
from optimiser.studies.move_freeze import first_fit, freeze_windows, longest_gap
from optimiser.studies.moves import MoveOrder

GBIT_PER_GIB = 2**33 / 1e9
JOULE_PER_KWH = 3.6e6


@dataclass(frozen=True)
class MoveTimes:
    """Times of the moves of an order, arrays (n,).

    ``start_s`` seconds after ``begin`` (UTC), ``seconds`` the duration, ``energy_kwh`` what copying
    and running twice take, at the servers.
    """

    begin: pd.Timestamp
    start_s: np.ndarray
    seconds: np.ndarray
    energy_kwh: np.ndarray

    def local_starts(self, time_zone: str) -> list[str]:
        """Return the start of each move in local time, ISO 8601 with offset."""
        moments = self.begin + pd.to_timedelta(np.round(self.start_s), unit="s")
        local = pd.DatetimeIndex(moments).tz_convert(time_zone)
        return [moment.isoformat(timespec="seconds") for moment in local]

    @property
    def end_s(self) -> np.ndarray:
        """End of each move, in seconds after ``begin``."""
        return np.asarray(self.start_s + self.seconds)


def time_moves(twin: xr.Dataset, order: MoveOrder, moving: Moving) -> tuple[MoveOrder, MoveTimes]:
    """Return the order with its times.

    A wave that is longer than the longest time between two freeze windows is split, which keeps
    every prefix legal: fewer moves are under way at once, in the same order. Raises ``InputError``
    when a single move does not fit between two windows.
    """
    begin = first_moment(twin, moving)
    windows = freeze_windows(moving.freeze, begin, str(twin.attrs["time_zone"]))
    longest = longest_gap(windows)
    order = replace(order, wave=_split(twin, order, moving, longest))
    seconds = durations(twin, order, moving)
    start, now = np.zeros(len(seconds)), 0.0
    for wave in range(order.num_waves):
        chosen = order.wave == wave
        length = float(seconds[chosen].max(initial=0.0))
        now = first_fit(windows, now, length)
        start[chosen] = now
        now += length
    energy = _energy_kwh(twin, order, moving, seconds)
    return order, MoveTimes(begin, start, seconds, energy)


def first_moment(twin: xr.Dataset, moving: Moving) -> pd.Timestamp:
    """Return when the first wave may start, in UTC."""
    if moving.begin is None:
        return pd.Timestamp(twin["time"].values[0]).tz_localize("UTC")
    begin = pd.Timestamp(moving.begin)
    if begin.tz is None:
        zone = str(twin.attrs["time_zone"])
        begin = begin.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return begin.tz_convert("UTC")


def sent_gib(twin: xr.Dataset, order: MoveOrder, moving: Moving) -> np.ndarray:
    """Return the data each move sends [GiB]; what starts or stops sends nothing."""
    copied = (order.source >= 0) & (order.target >= 0)
    memory = twin["workload_memory_gib"].values[order.workload]
    return np.where(copied, memory * moving.copy_factor, 0.0)


def durations(twin: xr.Dataset, order: MoveOrder, moving: Moving) -> np.ndarray:
    """Return how long each move takes beside those of its wave, (n,) [s]."""
    share = np.ones(len(order.workload))
    for end in (order.source, order.target):
        key = order.wave.astype(np.int64) * (twin.sizes["host"] + 1) + end
        _, place, count = np.unique(key, return_inverse=True, return_counts=True)
        share = np.where(end >= 0, np.maximum(share, count[place.reshape(-1)]), share)
    data = sent_gib(twin, order, moving) * GBIT_PER_GIB
    return np.asarray(data * share / moving.bandwidth_gbit_s + moving.overhead_s)


def require_windows(twin: xr.Dataset, moving: Moving) -> None:
    """Raise ``InputError`` when the largest workload cannot be copied between two windows."""
    windows = freeze_windows(
        moving.freeze, first_moment(twin, moving), str(twin.attrs["time_zone"])
    )
    if not len(windows) or not twin.sizes["workload"]:
        return
    memory = twin["workload_memory_gib"].values
    largest = int(np.argmax(memory))
    needed = memory[largest] * moving.copy_factor * GBIT_PER_GIB / moving.bandwidth_gbit_s
    needed += moving.overhead_s
    longest = longest_gap(windows)
    if needed > longest:
        raise InputError(
            Problem(
                what=f"workload {twin['workload'].values[largest]} takes {needed / 60:,.0f} min to "
                f"move, but the windows leave at most {longest / 60:,.0f} min at a time",
                file="study.yaml",
                field="moving.freeze",
                remedy="shorten the windows, or raise moving.bandwidth_gbit_s",
            )
        )


def _split(twin: xr.Dataset, order: MoveOrder, moving: Moving, longest_s: float) -> np.ndarray:
    """Return new wave numbers (n,): waves longer than ``longest_s`` are halved until they fit."""
    if not np.isfinite(longest_s):
        return order.wave
    cut = np.zeros(len(order.wave), dtype=bool)  # a wave begins with this move
    cut[1:] = np.diff(order.wave) > 0
    while True:
        wave = np.cumsum(cut).astype(np.int32)
        seconds = durations(twin, replace(order, wave=wave), moving)
        late = np.unique(wave[seconds > longest_s])
        grown = [w for w in late.tolist() if (wave == w).sum() > 1]
        if not grown:
            return wave
        for w in grown:
            members = np.flatnonzero(wave == w)
            cut[members[len(members) // 2]] = True


def _energy_kwh(
    twin: xr.Dataset, order: MoveOrder, moving: Moving, seconds: np.ndarray
) -> np.ndarray:
    """Return what copying takes and what the second copy draws while it lasts, (n,) [kWh]."""
    sending = sent_gib(twin, order, moving) * moving.energy_j_per_gib
    both = (order.source >= 0) & (order.target >= 0)
    watts = np.where(both, _own_w(twin, order.workload, np.maximum(order.target, 0)), 0.0)
    return np.asarray((sending + watts * seconds) / JOULE_PER_KWH)


def _own_w(twin: xr.Dataset, workload: np.ndarray, host: np.ndarray) -> np.ndarray:
    """Return about what a workload adds to a host's power, in the mean over time (n,) [W]."""
    power = host_power(twin)
    step, hours = twin["step_of_time"].values, twin["period_h"].values
    weight = np.bincount(step, hours, minlength=twin.sizes["step"])
    mean_use = twin["flavour_usage"].values @ (weight / weight.sum())
    use = mean_use[twin["workload_flavour"].values[workload]]
    capacity = np.maximum(power.capacity[host], 1)
    curve = power.envelope.value_w
    kind = power.kind[host]
    watts = (curve[kind, -1] - curve[kind, 0]) * (
        use[:, power.power_resource] / capacity[:, power.power_resource]
    )
    if power.device_resource >= 0:
        share = use[:, power.device_resource] / capacity[:, power.device_resource]
        watts = watts + power.gpu_span_w[kind] * share
    return np.asarray(watts)
