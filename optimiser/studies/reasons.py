"""Why each workload moves and what the move saves, read from quantities before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.loads import MICROWATT_PER_WATT, Loads, measure_loads
from optimiser.analysis.verdict import Placement
from optimiser.solve.counts import CountTable, count_table
from optimiser.twin.limits import all_rack_rows
from optimiser.twin.rules import Rule
from optimiser.units import HOURS_PER_YEAR

HOURS_PER_DAY = 24.0
LARGEST_FACTOR = 4.0
"""Facility energy per IT energy beyond which the rest is not spread over moves."""


@dataclass(frozen=True)
class MoveReasons:
    """What every workload's move is for and worth; arrays (workload,).

    ``words`` are empty for workloads that stay. ``saved_kwh_per_year`` is facility energy, negative
    for moves that make others possible; with ``other_kwh_per_year`` (empty hosts that fall
    asleep, and what no move explains) it sums to the whole saving. ``payback_days`` is NaN where a
    move saves nothing or costs nothing.
    """

    words: list[str]
    saved_kwh_per_year: np.ndarray
    payback_days: np.ndarray
    other_kwh_per_year: float


def explain_moves(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    before: Placement,
    after: Placement,
    simulated_before: xr.Dataset,
    simulated_after: xr.Dataset,
) -> MoveReasons:
    """Return why each workload moves and what that saves.

    ``simulated_before`` and ``simulated_after`` are the full simulations of the two placements
    (:func:`optimiser.twin.simulate.simulate`). The first reason that applies is told: today's
    violation, a host that falls asleep, a rule that staying would break, less power for the same
    work. 4,000 moves take a fraction of a second.
    """
    saved, other = _attribute(twin, before, after, simulated_before, simulated_after)
    words = _Reasons(twin, rules, before, after, simulated_before, simulated_after).words()
    return MoveReasons(words, saved, _payback(twin, before, after, saved), other)


def _attribute(
    twin: xr.Dataset,
    before: Placement,
    after: Placement,
    simulated_before: xr.Dataset,
    simulated_after: xr.Dataset,
) -> tuple[np.ndarray, float]:
    """Share the saving of each host among the workloads that left it, its growth among arrivals.

    Facility overhead follows IT energy in proportion.
    """
    source, target = np.asarray(before.host), np.asarray(after.host)
    drop = simulated_before["host_energy_kwh"].values - simulated_after["host_energy_kwh"].values
    use = np.maximum(_mean_use(twin)[twin["workload_flavour"].values], 1e-9)
    moved = source != target
    saved = np.zeros(len(source))
    spread = np.zeros(len(drop), dtype=bool)
    for host, gain in ((source, np.maximum(drop, 0.0)), (target, np.minimum(drop, 0.0))):
        chosen = moved & (host >= 0)
        total = np.bincount(host[chosen], use[chosen], minlength=len(drop))
        saved[chosen] += use[chosen] / total[host[chosen]] * gain[host[chosen]]
        spread |= (total > 0) & (gain != 0.0)
    rest = float(drop[~spread].sum())
    years = HOURS_PER_YEAR / float(twin["period_h"].values.sum())
    whole = _facility_kwh(twin, simulated_before) - _facility_kwh(twin, simulated_after)
    factor = whole / float(drop.sum()) if abs(drop.sum()) > 1e-9 else 1.0
    if not 0.0 < factor < LARGEST_FACTOR:
        factor = 1.0
    return saved * factor * years, (
        whole - float(saved.sum()) * factor
    ) * years if moved.any() else (rest * years)


def _facility_kwh(twin: xr.Dataset, simulated: xr.Dataset) -> float:
    return float(simulated["facility_w"].values @ twin["period_h"].values) / 1e3


def _mean_use(twin: xr.Dataset) -> np.ndarray:
    """Return the mean use of the resource that drives power, by flavour."""
    step = twin["step_of_time"].values
    hours = np.bincount(step, twin["period_h"].values, minlength=twin.sizes["step"])
    usage = twin["flavour_usage"].values[:, int(twin.attrs["power_resource"]), :]
    return np.asarray(usage @ hours / hours.sum())


def _payback(
    twin: xr.Dataset, before: Placement, after: Placement, saved_kwh_per_year: np.ndarray
) -> np.ndarray:
    """Return days until a move has paid for itself at the mean energy price (workload,)."""
    price = np.average(twin["price_per_kwh"].values, weights=twin["period_h"].values)
    per_day = saved_kwh_per_year * price / (HOURS_PER_YEAR / HOURS_PER_DAY)
    cost = twin["workload_move_cost"].values
    pays = (np.asarray(before.host) != np.asarray(after.host)) & (per_day > 0) & (cost > 0)
    days = np.full(len(cost), np.nan)
    days[pays] = cost[pays] / per_day[pays]
    return days


class _Reasons:
    """Finds the first reason that applies to each move, one vectorised test after the other."""

    def __init__(
        self,
        twin: xr.Dataset,
        rules: Sequence[Rule],
        before: Placement,
        after: Placement,
        simulated_before: xr.Dataset,
        simulated_after: xr.Dataset,
    ) -> None:
        self.twin = twin
        self.rules = [rule for rule in rules if rule.is_hard]
        self.old, self.new = measure_loads(twin, before), measure_loads(twin, after)
        host_before, host_after = np.asarray(before.host), np.asarray(after.host)
        self.moves = np.flatnonzero((host_before != host_after) & (host_after >= 0))
        self.source, self.target = host_before[self.moves], host_after[self.moves]
        self.was_on = np.asarray(before.host_on, dtype=bool).copy()
        self.was_on[host_before[host_before >= 0]] = True
        self.is_on = np.asarray(after.host_on, dtype=bool)
        per_day = HOURS_PER_DAY / float(twin["period_h"].values.sum())
        self.day_kwh = [
            s["host_energy_kwh"].values * per_day for s in (simulated_before, simulated_after)
        ]
        self.names = twin["host"].values.astype(str)
        self.open = np.ones(len(self.moves), dtype=bool)
        self.found = np.full(len(self.moves), "", dtype=object)

    def words(self) -> list[str]:
        """Return the reason of every workload, empty for those that stay."""
        self._tell(self.source < 0, lambda i: "starts here; it ran nowhere before")
        self._mends()
        self._empties()
        self._keeps_counts()
        self._makes_room()
        self._saves_power()
        woken = ~self.was_on[self.target]
        self._tell(woken, lambda i: f"moves to {self._target(i)}, which wakes for it and others")
        self._tell(
            np.ones(len(self.moves), dtype=bool),
            lambda i: f"lets {self._target(i)} and {self._source(i)} be filled more evenly",
        )
        result = [""] * self.twin.sizes["workload"]
        for index, workload in enumerate(self.moves.tolist()):
            result[workload] = str(self.found[index])
        return result

    def _tell(self, applies: np.ndarray, text) -> None:  # type: ignore[no-untyped-def]
        for index in np.flatnonzero(self.open & applies).tolist():
            self.found[index] = text(index)
        self.open &= ~applies

    def _source(self, index: int) -> str:
        return f"host {self.names[self.source[index]]}"

    def _target(self, index: int) -> str:
        return f"host {self.names[self.target[index]]}"

    def _mends(self) -> None:
        """Moves off places where a rule is broken today."""
        twin = self.twin
        self._tell(
            ~twin["host_usable"].values[self.source],
            lambda i: f"leaves {self._source(i)}, which is under maintenance",
        )
        for rule in self.rules:
            if rule.allowed is not None and rule.allowed_class is not None:
                row = rule.allowed_class[self.moves]
                mended = ~rule.allowed[row, self.source] & rule.allowed[row, self.target]
                self._tell(
                    mended, lambda i, r=rule: f"may not run on {self._source(i)} ('{r.name}')"
                )
        over = np.greater(self.old.usage, twin["host_capacity"].values[:, :, None])
        for resource in np.flatnonzero(over.any(axis=(0, 2))).tolist():
            name = str(twin["resource"].values[resource])
            self._tell(
                over[self.source, resource].any(axis=1),
                lambda i, n=name: f"{self._source(i)} was short of {n}",
            )
        self._mends_racks()

    def _mends_racks(self) -> None:
        rack = self.twin["host_rack"].values
        racks = self.twin["rack"].values.astype(str)
        for block in all_rack_rows(self.twin, self.rules):
            step = 1.0 if block.unit == "W" else 0.01  # what the checker counts in
            value = self._row_value(block.coefficient, block.offset, self.old)
            broken = np.asarray(value >= block.limit + step)
            rows = np.flatnonzero(broken.any(axis=1))
            if not len(rows):
                continue
            involved = np.asarray((block.coefficient[rows] > 0).any(axis=0))
            leaves = involved[rack[self.source]] & (rack[self.source] != rack[self.target])
            self._tell(
                leaves,
                lambda i, r=block.rule, n=block.names[rows[0]]: (
                    f"{n} was above its limit ('{r.name}'); takes load off rack "
                    f"{racks[rack[self.source[i]]]}"
                ),
            )

    @staticmethod
    def _row_value(coefficient: np.ndarray, offset: np.ndarray, loads: Loads) -> np.ndarray:
        return coefficient @ (loads.rack_uw / MICROWATT_PER_WATT) + offset[:, None]

    def _empties(self) -> None:
        """Moves off hosts that sleep afterwards."""
        sleeps = self.was_on & ~self.is_on
        saved = self.day_kwh[0] - self.day_kwh[1]
        self._tell(
            sleeps[self.source],
            lambda i: (
                f"empties {self._source(i)}, which sleeps from then on: "
                f"{saved[self.source[i]]:,.1f} kWh a day"
            ),
        )

    def _keeps_counts(self) -> None:
        """Moves that a group rule asks for: staying would put too many into one domain."""
        table = count_table(self.twin, self.rules)
        for index, rule in enumerate(table.rules):
            crowded = self._would_crowd(table, index)
            self._tell(
                crowded,
                lambda i, r=rule: (
                    f"keeps replicas of {r.group_names[r.group[self.moves[i]]]} as '{r.name}' asks"
                ),
            )

    def _would_crowd(self, table: CountTable, index: int) -> np.ndarray:
        """Return which moves (n,) would break a count in the old domain by staying there."""
        group, domains = table.group[index], int(table.num_domains[index])
        host = self.new.host
        placed = (group >= 0) & (host >= 0)
        domain = table.domain[index][np.where(placed, host, 0)]
        placed &= domain >= 0
        cell = group.astype(np.int64) * domains + domain
        used, number = np.unique(cell[placed], return_counts=True)
        old_domain = table.domain[index][self.source]
        new_domain = table.domain[index][self.target]
        inside = (group[self.moves] >= 0) & (old_domain >= 0) & (old_domain != new_domain)
        old_cell = group[self.moves].astype(np.int64) * domains + old_domain
        old_cell = np.where(inside, old_cell, 0)
        position = np.minimum(np.searchsorted(used, old_cell), max(0, len(used) - 1))
        there = used[position] == old_cell if len(used) else np.zeros(len(old_cell), dtype=bool)
        count = np.where(there, number[position] if len(used) else 0, 0)
        return inside & (count + 1 > table.limit_of(index, old_cell))

    def _makes_room(self) -> None:
        """Moves off hosts that are too full afterwards for them to have stayed."""
        usage = self.twin["flavour_usage"].values[self.twin["workload_flavour"].values[self.moves]]
        room = self.twin["host_capacity"].values[self.source][:, :, None]
        full = (self.new.usage[self.source] + usage > room).any(axis=(1, 2))
        arrivals = np.bincount(self.target, minlength=len(self.names))
        self._tell(
            full & (arrivals[self.source] > 0),
            lambda i: (
                f"makes room on {self._source(i)} for {arrivals[self.source[i]]} "
                f"{'workload' if arrivals[self.source[i]] == 1 else 'workloads'} that "
                f"{'comes' if arrivals[self.source[i]] == 1 else 'come'} in"
            ),
        )

    def _saves_power(self) -> None:
        """Moves to hosts of a kind that draws less for the same work."""
        twin = self.twin
        kind = twin["host_kind"].values
        curve, capacity = twin["kind_curve_w"].values, twin["host_capacity"].values
        size = np.maximum(capacity[:, int(twin.attrs["power_resource"])], 1)
        watts = (curve[kind, -1] - curve[kind, 1]) / size
        labels = twin["kind"].values.astype(str)
        better: np.ndarray = (kind[self.source] != kind[self.target]) & (
            watts[self.target] < watts[self.source]
        )
        self._tell(
            better,
            lambda i: (
                f"does the same work on {self._target(i)} ({labels[kind[self.target[i]]]}) with "
                f"{1.0 - watts[self.target[i]] / watts[self.source[i]]:.0%} less power"
            ),
        )
