"""A rolling controller: at every step a reading comes in and a few moves go out.

It sees the past only. Each step it expects demand from the readings so far, moves workloads off
hosts that are too full, empties hosts that are not worth their idle power and wakes one where that
costs less than what would not be served. Every hard rule of the site holds as for a plan, with the
request of a workload in place of its demand; only the power resource may be promised more than
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.errors import Problem as Mistake
from optimiser.errors import UsageError, raise_all
from optimiser.schema.study import Weights
from optimiser.solve.arrays import State
from optimiser.solve.candidate import Candidate
from optimiser.solve.problem import Problem, lower
from optimiser.solve.rolling_kernel import (
    FREE,
    Demand,
    empty_hosts,
    exchange_hosts,
    shift_all,
    wake_host,
)
from optimiser.solve.search import Searcher
from optimiser.studies.admission import device_masks
from optimiser.studies.forecast import Forecast
from optimiser.twin.rules import Rule

BOUNDLESS = np.int64(2**40)


@dataclass(frozen=True)
class RollingSettings:
    """What the controller weighs.

    ``unmet_price`` (> 0) is what a unit of demand that is not served costs, in energy that serves
    such a unit on a full host; ``horizon_steps`` (≥ 1) for how many steps a change is expected to
    be of use; ``move_price`` (≥ 0) what a move costs, in steps of idle power of the mean host;
    ``recent_steps`` and ``memory_steps`` (≥ 1) belong to the forecast.
    """

    unmet_price: float = 16.0
    horizon_steps: float = 24.0
    move_price: float = 0.5
    recent_steps: int = 12
    memory_steps: int = 288

    def __post_init__(self) -> None:
        """Raise ``UsageError`` for a value outside of its interval."""
        lowest = {"unmet_price": 1e-9, "horizon_steps": 1, "move_price": 0}
        lowest |= {"recent_steps": 1, "memory_steps": 1}
        for name, least in lowest.items():
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= least):
                raise UsageError(f"{name} is {value}", f"it must be at least {least:g}")


@dataclass(frozen=True)
class Shift:
    """One move of a step: workload, from host, to host."""

    workload: str
    source: str
    target: str


class Rolling:
    """A running site under control.

    ``twin`` tells hosts, workloads with their requests, and rules; demand it may know of times to
    come is never looked at. ``placement`` is where everything runs (today's by default).
    ``knows_step``: whether a reading is that of the step that begins (a monitor that is asked now)
    or of the one that has ended.
    """

    def __init__(
        self,
        twin: xr.Dataset,
        rules: Sequence[Rule] = (),
        settings: RollingSettings | None = None,
        placement: Placement | None = None,
        knows_step: bool = True,
    ) -> None:
        self.settings = settings or RollingSettings()
        self.knows_step = knows_step
        self.problem = _without_demand(twin, rules)
        self.names: list[str] = twin["workload"].values.astype(str).tolist()
        self.hosts: list[str] = twin["host"].values.astype(str).tolist()
        start = placement if placement is not None else placement_today(twin)
        self._searcher = Searcher(self.problem)
        host = np.asarray(start.host, dtype=np.int32)
        masks, _ = device_masks(self.problem, host, start.devices)
        on = np.zeros(self.problem.num_hosts, dtype=bool)  # hosts without workloads may sleep
        self._searcher.load_candidate(Candidate(host, on, masks, {}))
        power = int(twin.attrs["power_resource"])
        self.request = twin["flavour_request"].values[self.problem.flavour, power].astype(float)
        self.forecast = Forecast(
            self.request, self.settings.recent_steps, self.settings.memory_steps
        )
        self._hosts = _host_figures(twin, power)

    def step(self, reading: np.ndarray) -> list[Shift]:
        """Take in what every workload uses (workload,) and return the moves to make now.

        Units are those of the resource that drives power. The moves are made at once, in any
        order. Raises ``InputError`` with every reading that is no amount.
        """
        used = self._checked(reading)
        self.forecast.see(used)
        before = self._state.host.copy()
        demand = self._demand(used if self.knows_step else np.zeros_like(used))
        data, state = self._searcher.data_ref, self._searcher.state_ref
        empty_hosts(data, state, demand, _lightest_first(demand, self._state))
        exchange_hosts(data, state, demand, _lightest_first(demand, self._state))
        shift_all(data, state, demand)
        while (asleep := self._asleep(demand)) >= 0 and wake_host(data, state, demand, asleep):
            pass
        moved = np.flatnonzero(self._state.host != before).tolist()
        return [
            Shift(self.names[w], self.hosts[before[w]], self.hosts[self._state.host[w]])
            for w in moved
        ]

    @property
    def placement(self) -> Placement:
        """Where everything runs now and which hosts are awake (a copy)."""
        return Placement(self._state.host.copy(), self._state.members > 0)

    @property
    def _state(self) -> State:
        assert self._searcher.state is not None
        return self._searcher.state

    def _checked(self, reading: np.ndarray) -> np.ndarray:
        used = np.asarray(reading, dtype=float)
        if used.shape != (len(self.names),):
            raise UsageError(
                f"a reading of shape {used.shape}", f"one amount for each of {len(self.names)}"
            )
        wrong = np.flatnonzero(~(np.isfinite(used) & (used >= 0.0))).tolist()
        raise_all(
            [
                Mistake(what="is no amount", field=self.names[w], value=float(used[w]),
                        expected="a finite number, at least 0")
                for w in wrong
            ]
        )  # fmt: skip
        return used

    def _demand(self, now: np.ndarray) -> Demand:
        capacity, idle_w, slope_w = self._hosts
        mean, variance = self.forecast.mean, self.forecast.variance
        host, count = self._state.host, self.problem.num_hosts
        placed = np.flatnonzero(host >= 0)
        on = host[placed]
        full_w = (idle_w + slope_w * capacity).sum() / max(float(capacity.sum()), 1e-9)
        return Demand(
            mean=mean,
            variance=variance,
            now=now,
            on_mean=np.bincount(on, weights=mean[placed], minlength=count),
            on_variance=np.bincount(on, weights=variance[placed], minlength=count),
            on_now=np.bincount(on, weights=now[placed], minlength=count),
            capacity=capacity,
            idle_w=idle_w,
            slope_w=slope_w,
            part=np.full(count, FREE, dtype=np.int8),
            unmet_price=float(self.settings.unmet_price * full_w),
            steps=float(self.settings.horizon_steps),
            move_price=float(self.settings.move_price * idle_w.mean()),
        )

    def _asleep(self, demand: Demand) -> int:
        """Return the sleeping host that costs least for its size, −1 for none."""
        may = (self._state.members == 0) & (demand.part == FREE) & self._searcher.data.usable
        if not may.any():
            return -1
        full_w = demand.idle_w + demand.slope_w * demand.capacity
        dear = np.where(may & (demand.capacity > 0.0), full_w, np.inf)
        best = int(np.argmin(dear / np.maximum(demand.capacity, 1e-9)))
        return best if np.isfinite(dear[best]) else -1


def _lightest_first(demand: Demand, state: State) -> np.ndarray:
    """Return the awake hosts, dearest for its load first."""
    awake = np.flatnonzero(state.members > 0)
    return awake[np.argsort(demand.on_mean[awake] / np.maximum(demand.idle_w[awake], 1e-9))]


def _host_figures(twin: xr.Dataset, power: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return capacity (host,), idle power above standby [W] and W per unit of load."""
    kind = twin["host_kind"].values
    capacity = twin["host_capacity"].values[:, power].astype(float)
    curve = twin["kind_curve_w"].values.astype(float)
    idle_w = (curve[:, 0] - twin["kind_standby_w"].values)[kind]
    slope_w = (curve[:, -1] - curve[:, 0])[kind] / np.maximum(capacity, 1e-9)
    return capacity, idle_w, slope_w


def _without_demand(twin: xr.Dataset, rules: Sequence[Rule]) -> Problem:
    """Return the site with requests for demand, and no limit on the power resource of a host."""
    request = twin["flavour_request"].values[:, :, None]
    sized = twin.isel(step=[0]).assign(
        flavour_usage=(("flavour", "resource", "step"), request),
        step_of_time=("time", np.zeros(twin.sizes["time"], dtype=np.int32)),
    )
    problem = lower(sized, rules, Weights())
    capacity = problem.capacity.copy()
    capacity[:, problem.power_column] = BOUNDLESS
    return replace(problem, capacity=capacity)
