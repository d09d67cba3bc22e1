"""How long moves take and when waves may begin, whatever else orders them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.schema.moving import Moving
from optimiser.schema.policy_moving import Deadline, DisruptionBudget
from optimiser.studies.move_freeze import first_fit, freeze_windows, join_windows, longest_gap
from optimiser.twin.way import WayRule

GBIT_PER_GIB = 2**33 / 1e9
SECONDS_PER_HOUR = 3600.0


def local_moment(twin: xr.Dataset, moment: datetime) -> pd.Timestamp:
    """Return a moment in UTC; without an offset it is in the site's local time."""
    found = pd.Timestamp(moment)
    if found.tz is None:
        zone = str(twin.attrs["time_zone"])
        found = found.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return found.tz_convert("UTC")


def first_moment(twin: xr.Dataset, moving: Moving) -> pd.Timestamp:
    """Return when the first wave may start, in UTC."""
    if moving.begin is None:
        return pd.Timestamp(twin["time"].values[0]).tz_localize("UTC")
    return local_moment(twin, moving.begin)


def sent_gib(
    twin: xr.Dataset, workload: np.ndarray, source: np.ndarray, target: np.ndarray, moving: Moving
) -> np.ndarray:
    """Return the data each move sends [GiB]; what starts or stops sends nothing."""
    copied = (source >= 0) & (target >= 0)
    memory = twin["workload_memory_gib"].values[workload]
    return np.where(copied, memory * moving.copy_factor, 0.0)


def seconds_in_waves(
    twin: xr.Dataset,
    workload: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    wave: np.ndarray,
    moving: Moving,
) -> np.ndarray:
    """Return how long each move takes beside those of its wave, (n,) [s]."""
    share = np.ones(len(workload))
    for end in (source, target):
        key = wave.astype(np.int64) * (twin.sizes["host"] + 1) + end
        _, place, count = np.unique(key, return_inverse=True, return_counts=True)
        share = np.where(end >= 0, np.maximum(share, count[place.reshape(-1)]), share)
    data = sent_gib(twin, workload, source, target, moving) * GBIT_PER_GIB
    return np.asarray(data * share / moving.bandwidth_gbit_s + moving.overhead_s)


class MoveClock:
    """Durations of waves, the windows in which some workloads may not be under way, deadlines.

    ``due_s`` (W,) is the last moment for the moves of each workload, infinite without a deadline,
    as ``begin_s`` everywhere in seconds after ``begin`` (UTC).
    """

    def __init__(self, twin: xr.Dataset, moving: Moving, way: Sequence[WayRule] = ()) -> None:
        self.twin, self.moving = twin, moving
        self.begin = first_moment(twin, moving)
        self.zone = str(twin.attrs["time_zone"])
        self.common = freeze_windows(moving.freeze, self.begin, self.zone)
        budgets = [(r, r.policy) for r in way if isinstance(r.policy, DisruptionBudget)]
        self.own = [
            (rule.workloads, freeze_windows(policy.freeze, self.begin, self.zone))
            for rule, policy in budgets
            if policy.freeze
        ]
        self.deadlines = [(r, self._due_s(r.policy)) for r in way if isinstance(r.policy, Deadline)]
        self.due_s = np.full(twin.sizes["workload"], np.inf)
        for rule, due in self.deadlines:
            self.due_s = np.where(rule.workloads, np.minimum(self.due_s, due), self.due_s)
        self._joined: dict[tuple[bool, ...], np.ndarray] = {}

    def _due_s(self, policy: Deadline) -> float:
        if policy.within_h is not None:
            return policy.within_h * SECONDS_PER_HOUR
        assert policy.by is not None  # one of the two is given
        return float((local_moment(self.twin, policy.by) - self.begin).total_seconds())

    @property
    def has_deadlines(self) -> bool:
        """Whether any move has to end by a time."""
        return bool(self.deadlines)

    def windows(self, workloads: np.ndarray) -> np.ndarray:
        """Return the windows (k, 2) in which a wave of some workloads may not be under way."""
        key = tuple(bool(who[workloads].any()) for who, _ in self.own)
        if key not in self._joined:
            chosen = [spans for (_, spans), asked in zip(self.own, key, strict=True) if asked]
            self._joined[key] = join_windows([self.common, *chosen])
        return self._joined[key]

    def seconds(self, workload: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return how long the moves of one wave take, (n,) [s]."""
        wave = np.zeros(len(workload), dtype=np.int64)
        return seconds_in_waves(self.twin, workload, source, target, wave, self.moving)

    def alone(self, workload: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return how long each move takes by itself, (n,) [s]."""
        wave = np.arange(len(workload))
        return seconds_in_waves(self.twin, workload, source, target, wave, self.moving)

    def fit(self, workloads: np.ndarray, now_s: float, length_s: float) -> float:
        """Return when a wave of some workloads may begin; infinite if it is too long for all
        gaps between windows."""
        windows = self.windows(workloads)
        if length_s > longest_gap(windows):
            return np.inf
        return first_fit(windows, now_s, length_s)

    def local(self, seconds: float) -> str:
        """Return a moment in local time, ISO 8601 with offset."""
        moment = self.begin + pd.to_timedelta(round(seconds), unit="s")
        return moment.tz_convert(self.zone).isoformat(timespec="seconds")
