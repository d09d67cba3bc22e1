"""What one move saves: the workload's share of its host's energy, before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.units import HOURS_PER_YEAR
from optimiser.workflow.judgement import Side


@dataclass(frozen=True)
class MoveWorth:
    """Arrays (workload,): IT energy saved [kWh/year] and days until the move has paid."""

    saved_kwh_per_year: np.ndarray
    payback_days: np.ndarray


def move_worth(twin: xr.Dataset, before: Side, after: Side) -> MoveWorth:
    """Return what moving each workload is worth.

    A host's energy is shared among its workloads by the use each makes of the resource that
    drives power, so that the shares of all workloads add up to the energy of all hosts in use.
    The payback is NaN for a move that saves nothing, and for one that does not happen.
    """
    hours = float(twin["period_h"].values.sum())
    per_year = HOURS_PER_YEAR / hours
    saved = (_share_kwh(twin, before) - _share_kwh(twin, after)) * per_year
    price = np.average(twin["price_per_kwh"].values, weights=twin["period_h"].values)
    worth_per_day = saved * price / (HOURS_PER_YEAR / 24.0)
    moved = np.asarray(before.placement.host) != np.asarray(after.placement.host)
    pays = moved & (worth_per_day > 0)
    payback = np.full(len(saved), np.nan)
    payback[pays] = twin["workload_move_cost"].values[pays] / worth_per_day[pays]
    return MoveWorth(saved, payback)


def _share_kwh(twin: xr.Dataset, side: Side) -> np.ndarray:
    """Return the energy of each workload over the horizon (workload,) [kWh]."""
    host = np.asarray(side.placement.host)
    placed = host >= 0
    use = _mean_use(twin)[twin["workload_flavour"].values]
    use = np.maximum(use, 1e-9)  # a workload that uses nothing still shares the idle host
    total = np.bincount(host[placed], use[placed], minlength=twin.sizes["host"])
    share = np.zeros(len(host))
    energy = side.simulation["host_energy_kwh"].values
    share[placed] = use[placed] / total[host[placed]] * energy[host[placed]]
    return share


def _mean_use(twin: xr.Dataset) -> np.ndarray:
    """Return the mean use of the power resource by each flavour (flavour,)."""
    step = twin["step_of_time"].values
    hours = np.bincount(step, twin["period_h"].values, minlength=twin.sizes["step"])
    usage = twin["flavour_usage"].values[:, int(twin.attrs["power_resource"]), :]
    return np.asarray(usage @ hours / hours.sum())


def reasons(twin: xr.Dataset, before: Side, after: Side) -> list[str]:
    """Return why each workload moves, in words; empty for those that stay."""
    source, target = np.asarray(before.placement.host), np.asarray(after.placement.host)
    names = twin["host"].values.astype(str)
    kind = twin["kind"].values.astype(str)[twin["host_kind"].values]
    asleep = np.asarray(before.placement.host_on) & ~np.asarray(after.placement.host_on)
    woken = ~np.asarray(before.placement.host_on) & np.asarray(after.placement.host_on)
    broken = _broken_hosts(twin, before)
    words = [""] * len(source)
    for w in np.flatnonzero(source != target).tolist():
        here, there = int(source[w]), int(target[w])
        if here < 0:
            words[w] = "starts here; it ran nowhere before"
        elif asleep[here]:
            words[w] = f"empties {names[here]} ({kind[here]}), which goes to sleep"
        elif here in broken:
            words[w] = f"mends {broken[here]}"
        elif woken[there]:
            words[w] = f"moves to {names[there]} ({kind[there]}), which wakes to do more per watt"
        elif kind[here] != kind[there]:
            words[w] = f"runs with less power on {kind[there]} than on {kind[here]}"
        else:
            words[w] = f"makes room on {names[here]} so that other hosts can sleep"
    return words


def _broken_hosts(twin: xr.Dataset, side: Side) -> dict[int, str]:
    """Return the hosts that today's violations name, with the rule."""
    index = {str(name): i for i, name in enumerate(twin["host"].values)}
    found: dict[int, str] = {}
    for violation in side.verdict.violations:
        for word in violation.where.replace(",", " ").split():
            if word in index:
                found.setdefault(index[word], violation.rule)
    return found
