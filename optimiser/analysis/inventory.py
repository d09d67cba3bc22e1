"""Every limited element of a site: what it can carry, what the agreed redundancy leaves of it, how
it is used, and what of it is stranded.

Loads are planning values, the ones that rules are checked against. Stranded is the free part that
nothing can use because another limit is reached first: free resource of hosts beyond the share that
is free of their scarcest one, power of racks beyond what their hosts draw at full load and more of
them would in the free height, height of racks without power for more hosts, free capacity of PDUs,
UPS units, feeds and zones beyond what the racks behind them can still draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.analysis.capacity import resource_unit
from optimiser.analysis.electrical import STAGES, paths, stage_loads_uw
from optimiser.analysis.loads import MICROWATT_PER_WATT, Loads, host_power, measure_loads, rack_sums
from optimiser.analysis.thermal import zone_heat_uw
from optimiser.analysis.verdict import Placement
from optimiser.schema.policy import Headroom, SurviveDomain
from optimiser.twin.plant_limit import plant_capacity_w
from optimiser.twin.rules import Rule

MICROWATT_PER_KILOWATT = 1000.0 * MICROWATT_PER_WATT
WATT_PER_KILOWATT = 1000.0
PLANT = "cooling plant"


@dataclass(frozen=True, slots=True)
class Element:
    """One limited element, in ``unit``.

    ``rated`` is its capacity, ``usable`` what redundancy and agreed reserves leave of it, with
    ``reserve`` naming them; ``mean``, ``p95`` and ``peak`` are its use over the study, ``stranded``
    the free part that another limit keeps from being used.
    """

    kind: str
    name: str
    unit: str
    rated: float
    usable: float
    mean: float
    p95: float
    peak: float
    stranded: float = 0.0
    reserve: str = ""

    @property
    def id(self) -> str:
        """Kind and name: how documents refer to it."""
        return f"{self.kind} {self.name}".strip()

    @property
    def free(self) -> float:
        """What is left of the usable capacity at the peak; negative when it is overfull."""
        return self.usable - self.peak


@dataclass(frozen=True)
class _Racks:
    """Racks, (rack,) each: power limit and power at full load of all hosts [kW], height and used
    height [U], and what each can still draw above its peak [kW]."""

    limit_kw: np.ndarray
    full_kw: np.ndarray
    height: np.ndarray
    used_height: np.ndarray
    more_kw: np.ndarray

    @property
    def kw_per_unit(self) -> np.ndarray:
        """Power of hosts at full load by height [kW/U]; the site's where a rack is empty."""
        site = self.full_kw.sum() / max(self.used_height.sum(), 1.0)
        own = self.full_kw / np.maximum(self.used_height, 1.0)
        return np.where(self.used_height > 0, own, site)

    def stranded_kw(self) -> np.ndarray:
        """Return power that no host now or later could draw."""
        filled = self.full_kw + (self.height - self.used_height) * self.kw_per_unit
        return np.where(np.isfinite(self.limit_kw), np.maximum(self.limit_kw - filled, 0.0), 0.0)

    def stranded_height(self) -> np.ndarray:
        """Return height without power for more hosts."""
        powered = np.maximum(self.limit_kw - self.full_kw, 0.0) / np.maximum(self.kw_per_unit, 1e-9)
        return np.maximum(self.height - self.used_height - powered, 0.0)


def inventory(twin: xr.Dataset, rules: Sequence[Rule], placement: Placement) -> list[Element]:
    """Return every limited element: resources of the site, racks, PDUs, UPS units, feeds, zones,
    plant."""
    loads = measure_loads(twin, placement)
    rack_kw = loads.rack_uw / MICROWATT_PER_KILOWATT
    racks = _racks(twin, rack_kw)
    names, limit, height = twin["rack"].values, racks.limit_kw, racks.height
    used = racks.used_height[:, None]
    return [
        *_resources(twin, rules, loads),
        *_many("rack", names, "kW", limit, limit, rack_kw, racks.stranded_kw()),
        *_many("rack space", names, "U", height, height, used, racks.stranded_height()),
        *_chain(twin, loads, racks.more_kw),
        *_cooling(twin, loads, racks.more_kw),
    ]


def _racks(twin: xr.Dataset, rack_kw: np.ndarray) -> _Racks:
    every = np.arange(twin.sizes["host"])
    capacity = twin["host_capacity"].values[:, :, None]
    full_uw = host_power(twin).planning_uw(every, capacity, np.ones(len(every), dtype=bool))
    full = rack_sums(twin, full_uw)[:, 0] / MICROWATT_PER_KILOWATT
    units = twin["kind_rack_units"].values[twin["host_kind"].values].astype(float)
    limit = twin["rack_power_limit_w"].values / WATT_PER_KILOWATT
    height = twin["rack_units"].values.astype(float)
    used = _added(units, twin["host_rack"].values, len(limit))
    found = _Racks(limit, full, height, used, np.zeros(len(limit)))
    filled = full + np.maximum(height - used, 0.0) * found.kw_per_unit
    more = np.maximum(np.minimum(limit, filled) - rack_kw.max(axis=1, initial=0.0), 0.0)
    return replace(found, more_kw=more)


def _added(values: np.ndarray, index: np.ndarray, count: int) -> np.ndarray:
    """Add up real numbers (n,) by index, −1 nowhere."""
    inside = index >= 0
    return np.bincount(index[inside], weights=values[inside], minlength=count)


def _many(
    kind: str, names: np.ndarray, unit: str, rated: np.ndarray, usable: np.ndarray,
    use: np.ndarray, stranded: np.ndarray, reserve: str = "",
) -> Iterator[Element]:  # fmt: skip
    """Yield the elements of a kind that have a limit; ``use`` (element, step)."""
    if not use.size:
        return
    mean, p95, peak = use.mean(axis=1), np.quantile(use, 0.95, axis=1), use.max(axis=1)
    for row in np.flatnonzero(np.isfinite(rated)).tolist():
        yield Element(
            kind, str(names[row]), unit, float(rated[row]), float(usable[row]), float(mean[row]),
            float(p95[row]), float(peak[row]), float(stranded[row]),
            reserve if usable[row] < rated[row] else "",
        )  # fmt: skip


def _resources(twin: xr.Dataset, rules: Sequence[Rule], loads: Loads) -> Iterator[Element]:
    """Yield each resource over all hosts that are not under maintenance, asleep or not."""
    may = twin["host_usable"].values
    capacity = np.where(may[:, None], twin["host_capacity"].values.astype(float), 0.0)
    rated = twin["host_capacity"].values.astype(float).sum(axis=0)
    busiest = loads.usage.max(axis=2, initial=0)
    share = np.where(capacity > 0, 1.0 - busiest / np.maximum(capacity, 1e-9), 1.0)
    share = np.clip(share, 0.0, None)
    stranded = (capacity * (share - share.min(axis=1, keepdims=True))).sum(axis=0)
    for index, name in enumerate(twin["resource"].values.astype(str).tolist()):
        reserve, words = _reserve(twin, rules, name, capacity[:, index])
        usable = max(0.0, float(capacity[:, index].sum()) - reserve)
        use = loads.usage[:, index].sum(axis=0)[None, :].astype(float)
        yield from _many(name, np.array([""]), resource_unit(twin, index), rated[[index]],
                         np.array([usable]), use, stranded[[index]], words)  # fmt: skip


def _reserve(
    twin: xr.Dataset, rules: Sequence[Rule], name: str, capacity: np.ndarray
) -> tuple[float, str]:
    """Return the largest reserve that a rule keeps of a resource, and the words for it."""
    lost = float(twin["host_capacity"].values[:, _index(twin, name)].sum() - capacity.sum())
    found = [(0.0, "hosts under maintenance" if lost > 0 else "")]
    for rule in rules:
        policy = rule.policy
        if isinstance(policy, Headroom) and policy.resource == name:
            domains = len(np.unique(rule.domain[rule.domain >= 0])) or 1
            kept = float(capacity[rule.hosts].sum()) * policy.fraction + policy.amount * domains
            found.append((kept, f"rule {rule.name}"))
        if isinstance(policy, SurviveDomain) and name in (policy.resources or [name]):
            by_domain = _added(capacity, rule.domain, len(rule.domain_names))
            found.append((float(by_domain.max(initial=0.0)), f"rule {rule.name}"))
    return max(found)


def _index(twin: xr.Dataset, name: str) -> int:
    return twin["resource"].values.astype(str).tolist().index(name)


def _chain(twin: xr.Dataset, loads: Loads, more_kw: np.ndarray) -> Iterator[Element]:
    """Yield PDUs, UPS units and feeds; with two feeds they must carry the load of a lost one."""
    outputs = stage_loads_uw(twin, loads.rack_uw)
    num_feeds = twin.sizes["feed"]
    failures = [stage_loads_uw(twin, loads.rack_uw, "feed", lost) for lost in range(num_feeds)]
    path = paths(twin)
    sides = np.maximum((path["pdu"] >= 0).sum(axis=0), 1)
    for stage in STAGES:
        use = outputs[stage] / MICROWATT_PER_KILOWATT
        rated = twin[f"{stage}_rating_w"].values / WATT_PER_KILOWATT
        usable = rated * _share_when_one_fails(use, [one[stage] for one in failures])
        behind = np.zeros(len(rated))
        for side in path[stage]:
            behind += _added(more_kw / sides, side, len(rated))
        free = np.maximum(usable - use.max(axis=1, initial=0.0), 0.0)
        yield from _many(stage, twin[stage].values, "kW", rated, usable, use,
                         np.maximum(free - behind, 0.0), "any one feed lost")  # fmt: skip


def _share_when_one_fails(use: np.ndarray, failed_uw: list[np.ndarray]) -> np.ndarray:
    """Return normal load over the load of the worst failure, at most 1, by element.

    An element reaches its rating in that failure when its normal load is this share of it.
    """
    share = np.ones(len(use))
    if len(failed_uw) < 2 or not use.size:
        return share
    worst = np.max([one.max(axis=1) for one in failed_uw], axis=0) / MICROWATT_PER_KILOWATT
    peak = use.max(axis=1)
    return np.where(worst > peak, peak / np.maximum(worst, 1e-12), share)


def _cooling(twin: xr.Dataset, loads: Loads, more_kw: np.ndarray) -> Iterator[Element]:
    num_zones = twin.sizes["zone"]
    if not num_zones:
        return
    heat_kw = zone_heat_uw(twin, loads.rack_uw) / MICROWATT_PER_KILOWATT
    unit_kw = twin["zone_crah_cooling_w"].values / WATT_PER_KILOWATT
    count, spare = twin["zone_crah_count"].values, twin["zone_crah_redundant"].values
    rated, usable = count * unit_kw, (count - spare) * unit_kw
    free = np.maximum(usable - heat_kw.max(axis=1), 0.0)
    racks = _added(more_kw, twin["rack_zone"].values, num_zones)
    yield from _many("zone", twin["zone"].values, "kW", rated, usable, heat_kw,
                     np.maximum(free - racks, 0.0), "redundant units failed")  # fmt: skip
    if twin.attrs["plant"]:
        yield from _plant(twin, heat_kw, float(free.sum()))


def _plant(twin: xr.Dataset, heat_kw: np.ndarray, zones_free_kw: float) -> Iterator[Element]:
    """Yield the plant at the hour in which it can do least for the heat of that hour."""
    use = heat_kw.sum(axis=0)[twin["step_of_time"].values]
    whole, left = (plant_capacity_w(twin, spare) / WATT_PER_KILOWATT for spare in (False, True))
    if not np.isfinite(left).all():
        return
    worst = int(np.argmax(use / np.maximum(left, 1e-9)))
    stranded = max(0.0, float(left[worst] - use[worst]) - zones_free_kw)
    yield from _many(PLANT, np.array([""]), "kW", whole[[worst]], left[[worst]], use[None, :],
                     np.array([stranded]), "redundant machines failed")  # fmt: skip
