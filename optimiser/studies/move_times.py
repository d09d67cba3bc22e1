"""When each move starts and ends, and the energy it takes.

The moves of a wave start together and share the links of their hosts evenly: a host that sends
three copies sends each with a third of its bandwidth. A wave ends with its slowest move, and the
next one begins then, or when the windows in which its workloads may not move are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.analysis.loads import host_power
from optimiser.errors import Problem, raise_all
from optimiser.schema.moving import Moving
from optimiser.studies.move_clock import GBIT_PER_GIB, MoveClock, sent_gib
from optimiser.studies.move_clock import seconds_in_waves as _seconds
from optimiser.studies.move_freeze import first_fit, longest_gap
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_units import unit_labels
from optimiser.twin.way import WayRule

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


def time_moves(
    twin: xr.Dataset, order: MoveOrder, moving: Moving, way: Sequence[WayRule] = ()
) -> tuple[MoveOrder, MoveTimes]:
    """Return the order with its times.

    A wave that is longer than the longest time between two windows of its workloads is split, which
    keeps every prefix legal: fewer moves are under way at once, in the same order; what has to move
    together stays together. Raises ``InputError`` when a single move does not fit between two
    windows.
    """
    clock = MoveClock(twin, moving, way)
    order = replace(order, wave=_split(twin, order, clock, unit_labels(way, order.workload)))
    seconds = durations(twin, order, moving)
    start, now = np.zeros(len(seconds)), 0.0
    for wave in range(order.num_waves):
        chosen = order.wave == wave
        length = float(seconds[chosen].max(initial=0.0))
        now = first_fit(clock.windows(order.workload[chosen]), now, length)
        start[chosen] = now
        now += length
    energy = _energy_kwh(twin, order, moving, seconds)
    return order, MoveTimes(clock.begin, start, seconds, energy)


def durations(twin: xr.Dataset, order: MoveOrder, moving: Moving) -> np.ndarray:
    """Return how long each move takes beside those of its wave, (n,) [s]."""
    return _seconds(twin, order.workload, order.source, order.target, order.wave, moving)


def require_windows(twin: xr.Dataset, moving: Moving, way: Sequence[WayRule] = ()) -> None:
    """Raise ``InputError`` when the largest workload cannot be copied between two windows."""
    clock = MoveClock(twin, moving, way)
    every = np.ones(twin.sizes["workload"], dtype=bool)
    problems = [_too_long(twin, clock, every, "moving.freeze", "study.yaml")]
    for rule in way:
        if getattr(rule.policy, "freeze", []):
            field = f"policies, {rule.name}: freeze"
            problems.append(_too_long(twin, clock, rule.workloads, field, "site.yaml"))
    raise_all([problem for problem in problems if problem is not None])


def _too_long(
    twin: xr.Dataset, clock: MoveClock, who: np.ndarray, field: str, file: str
) -> Problem | None:
    """Return the problem of the largest of some workloads (W,), if it fits between no windows."""
    chosen, moving = np.flatnonzero(who), clock.moving
    windows = clock.windows(chosen)
    if not len(windows) or not len(chosen):
        return None
    memory = twin["workload_memory_gib"].values[chosen]
    largest = int(np.argmax(memory))
    needed = memory[largest] * moving.copy_factor * GBIT_PER_GIB / moving.bandwidth_gbit_s
    needed += moving.overhead_s
    longest = longest_gap(windows)
    if needed <= longest:
        return None
    return Problem(
        what=f"workload {twin['workload'].values[chosen[largest]]} takes {needed / 60:,.0f} min to "
        f"move, but the windows leave at most {longest / 60:,.0f} min at a time",
        file=file,
        field=field,
        remedy="shorten the windows, or raise moving.bandwidth_gbit_s",
    )


def _split(twin: xr.Dataset, order: MoveOrder, clock: MoveClock, unit: np.ndarray) -> np.ndarray:
    """Return new wave numbers (n,): waves longer than the gaps between windows are halved until
    they fit. Moves of one ``unit`` (n,), −1 for none, stand side by side and stay together."""
    if not len(clock.common) and not clock.own:
        return order.wave
    cut = np.zeros(len(order.wave), dtype=bool)  # a wave begins with this move
    cut[1:] = np.diff(order.wave) > 0
    may_cut = np.append(False, (unit[1:] != unit[:-1]) | (unit[1:] < 0))[: len(cut)]
    while True:
        wave = np.cumsum(cut).astype(np.int32)
        seconds = durations(twin, replace(order, wave=wave), clock.moving)
        grown = False
        for members in _too_long_waves(clock, order, wave, seconds):
            places = members[may_cut[members] & ~cut[members]]
            if len(places):
                middle = np.argmin(np.abs(places - members[len(members) // 2]))
                cut[places[middle]] = grown = True
        if not grown:
            return wave


def _too_long_waves(
    clock: MoveClock, order: MoveOrder, wave: np.ndarray, seconds: np.ndarray
) -> list[np.ndarray]:
    """Return the moves of each wave that fits between no two windows of its workloads."""
    found = []
    for number in range(int(wave.max(initial=-1)) + 1):
        members = np.flatnonzero(wave == number)
        longest = longest_gap(clock.windows(order.workload[members]))
        if len(members) > 1 and seconds[members].max() > longest:
            found.append(members)
    return found


def _energy_kwh(
    twin: xr.Dataset, order: MoveOrder, moving: Moving, seconds: np.ndarray
) -> np.ndarray:
    """Return what copying takes and what the second copy draws while it lasts, (n,) [kWh]."""
    sent = sent_gib(twin, order.workload, order.source, order.target, moving)
    sending = sent * moving.energy_j_per_gib
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
