"""The exact checker: every rule of a plan re-checked in whole numbers, without model or solver.

Loads, losses and temperatures are computed here from the twin, independently of the coefficients
that the model and the search use. Power is compared in whole watts and temperature in hundredths
of a kelvin, both rounded down; everything else is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import xarray as xr

from optimiser.analysis import (
    availability,
    capacity,
    counts,
    electrical,
    flows,
    nearness,
    placement_rules,
    reserves,
    routing,
    serving,
    sharing,
    spending,
    thermal,
    transit,
)
from optimiser.analysis.loads import Loads, measure_loads
from optimiser.analysis.rows import MOST_LISTED, Rows, violations_of
from optimiser.analysis.verdict import Placement, Verdict, Violation, placement_today
from optimiser.analysis.view import TwinView, view_of
from optimiser.schema.policy import DomainCapacity
from optimiser.twin.nearness import is_nearness
from optimiser.twin.placing import PLACEMENT_KINDS
from optimiser.twin.rules import Rule

Measure = Callable[[xr.Dataset, Rule, Placement, Loads], list[Rows]]
CAPACITY_KINDS = ("capacity", "devices")


def _domain_capacity(
    twin: xr.Dataset, rule: Rule, placement: Placement, loads: Loads
) -> list[Rows]:
    assert isinstance(rule.policy, DomainCapacity)
    if rule.policy.resource == "power":
        return electrical.measure_domain_power(twin, rule, loads)
    return capacity.measure_domain_resource(twin, rule, loads)


def _presence(twin: xr.Dataset, rule: Rule, placement: Placement, loads: Loads) -> list[Rows]:
    return sharing.measure_presence_overhead(twin, rule, placement.host, loads.usage)


def _on_loads(measure: Callable[[xr.Dataset, Rule, Loads], list[Rows]]) -> Measure:
    return lambda twin, rule, placement, loads: measure(twin, rule, loads)


def _on_hosts(measure: Callable[[xr.Dataset, Rule, np.ndarray], list[Rows]]) -> Measure:
    return lambda twin, rule, placement, loads: measure(twin, rule, placement.host)


def _latency(twin: xr.Dataset, rule: Rule, placement: Placement, loads: Loads) -> list[Rows]:
    if is_nearness(rule):
        return nearness.measure_service_latency(twin, rule, placement.host)
    return placement_rules.measure_allowed_hosts(twin, rule, placement.host)


_ALLOWED = _on_hosts(placement_rules.measure_allowed_hosts)
MEASURES: dict[str, Measure] = {
    "domain_capacity": _domain_capacity,
    "redundant_feed": _on_loads(electrical.measure_redundant_feed),
    "cooling_capacity": _on_loads(thermal.measure_cooling_capacity),
    "inlet_temperature": _on_loads(thermal.measure_inlet_temperature),
    "assign": _on_hosts(serving.measure_unserved),
    "group_together_or_not_at_all": _on_hosts(serving.measure_gangs),
    "headroom": _on_loads(capacity.measure_headroom),
    "spread": _on_hosts(placement_rules.measure_spread),
    "anti_affinity": _on_hosts(placement_rules.measure_anti_affinity),
    "availability": _on_hosts(availability.measure_availability),
    "flow": _on_hosts(flows.measure_flow),
    "routing_latency": _on_hosts(routing.measure_routing_latency),
    "affinity": _on_hosts(placement_rules.measure_affinity),
    "dependency": _on_hosts(nearness.measure_dependency),
    "transient_capacity": _on_loads(transit.measure_transient_capacity),
    **dict.fromkeys(PLACEMENT_KINDS, _ALLOWED),
    "latency": _latency,
    **dict.fromkeys(("isolation_limit", "licence"), _on_hosts(sharing.measure_used_domains)),
    **dict.fromkeys(("group_count", "isolation"), _on_hosts(sharing.measure_groups_in_domain)),
    "group_capacity": _on_hosts(sharing.measure_group_capacity),
    "survive_domain": _on_loads(reserves.measure_survive_domain),
    "presence_overhead": _presence,
    "response_time": _presence,
    "free_units": _on_loads(reserves.measure_free_units),
    "max_moves": _on_hosts(counts.measure_max_moves),
    "max_moves_per_service": _on_hosts(counts.measure_max_moves_per_service),
    "move_budget": _on_hosts(counts.measure_move_budget),
    "min_hosts_on": lambda twin, rule, placement, loads: counts.measure_min_hosts_on(
        twin, rule, placement.host_on
    ),
    "budget": _on_loads(spending.measure_budget),
    "max_hosts_on": lambda twin, rule, placement, loads: counts.measure_max_hosts_on(
        twin, rule, placement.host_on
    ),
}


def verify(
    twin: xr.Dataset | TwinView,
    rules: Sequence[Rule],
    placement: Placement,
    *,
    capacity_not_worse: bool | None = None,
) -> Verdict:
    """Check a placement against every rule, and against the hosts themselves.

    ``capacity_not_worse`` lets hosts stay as overfull as they are today (what ``not_worse`` says of
    ``capacity``); by default the twin's attribute of that name decides. Rules marked
    ``not_worse`` keep, limit by limit, at least what is the case today. Soft rules are measured
    and priced but never refuse. 10,000 hosts and 100,000 workloads take about a second; who asks
    thousands of times about one small twin passes ``view_of(twin)``.
    """
    view = view_of(twin)
    return _verify(view, rules, _shaped(view, placement), capacity_not_worse)


def _verify(
    twin: xr.Dataset, rules: Sequence[Rule], shaped: Placement, capacity_not_worse: bool | None
) -> Verdict:
    lenient = capacity_not_worse
    if lenient is None:
        lenient = bool(twin.attrs.get("capacity_not_worse", False))
    today = placement_today(twin)
    loads = measure_loads(twin, shaped)
    needs_today = lenient or any(rule.not_worse for rule in rules)
    before = measure_loads(twin, today) if needs_today else None
    tally = _Tally(twin)
    waiting = serving.may_wait(twin, rules)
    tally.hosts(shaped, loads, before if lenient else None, today, waiting)
    for rule in rules:
        measure = MEASURES[rule.kind]
        rows = measure(twin, rule, shaped, loads)
        old = measure(twin, rule, today, before) if rule.not_worse and before is not None else None
        tally.add(rule.name, rule.kind, rows, old, rule.weight)
    return tally.verdict()


def violations_today(twin: xr.Dataset | TwinView, rules: Sequence[Rule]) -> Verdict:
    """Return what is broken today, as strictly as if nothing were excused.

    Workloads that do not run yet are no violation.
    """
    return _violations_today(view_of(twin), rules)


def _violations_today(twin: xr.Dataset, rules: Sequence[Rule]) -> Verdict:
    today = placement_today(twin)
    loads = measure_loads(twin, today)
    tally = _Tally(twin)
    tally.hosts(today, loads, None, today)
    for rule in rules:
        tally.add(
            rule.name, rule.kind, MEASURES[rule.kind](twin, rule, today, loads), None, rule.weight
        )
    return tally.verdict()


def _shaped(twin: xr.Dataset, placement: Placement) -> Placement:
    """Return the placement as arrays of the twin's size; anything else is a caller's mistake.

    A host that does not exist is no host at all.
    """
    host = np.asarray(placement.host, dtype=np.int64)
    on = np.asarray(placement.host_on, dtype=bool)
    expected = (twin.sizes["workload"],), (twin.sizes["host"],)
    if (host.shape, on.shape) != expected:
        raise ValueError(f"placement of shapes {host.shape}, {on.shape}; expected {expected}")
    known = (host >= 0) & (host < len(on))
    return Placement(np.where(known, host, -1), on, placement.devices)


class _Tally:
    """Collects violations and counts over all rules."""

    def __init__(self, twin: xr.Dataset) -> None:
        self.twin = twin
        self.hard: list[Violation] = []
        self.soft: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.penalty = 0.0

    def hosts(
        self,
        placement: Placement,
        loads: Loads,
        before: Loads | None,
        today: Placement,
        may_wait: np.ndarray | None = None,
    ) -> None:
        """Check what needs no policy: assignment, capacity and devices.

        ``may_wait`` (W,) bool may have no host; without it today is looked at.
        """
        twin = self.twin
        if may_wait is None:
            # today a host may wait for its workloads to leave before it goes into maintenance
            assign = capacity.measure_assign(twin, placement)[1:-1]
        else:
            assign = capacity.measure_assign(twin, placement, may_wait)
        self.add("assign", "assign", assign, None, None)
        rows = capacity.measure_capacity(twin, loads)
        old = capacity.measure_capacity(twin, before) if before is not None else None
        self.add("capacity", "capacity", rows, old, None)
        devices = capacity.measure_devices(twin, placement)
        if before is not None and placement.devices is None:
            devices = capacity.excuse_devices(twin, devices, placement.host, today.host)
        self.add("devices", "devices", devices, None, None)

    def add(
        self,
        name: str,
        kind: str,
        rows: Sequence[Rows],
        today: Sequence[Rows] | None,
        weight: float | None,
    ) -> None:
        """Compare the rows of one rule; ``weight`` prices it when it is soft."""
        old: Iterable[Rows | None] = today if today is not None else [None] * len(rows)
        for row, before in zip(rows, old, strict=True):
            self.checked[kind] += row.num_checked
            excess = row.excess(before)
            worst = excess.max(axis=1, initial=0)
            count = int(np.count_nonzero(worst))
            if not count:
                continue
            found = violations_of(self.twin, name, kind, row, excess, weight)
            (self.hard if weight is None else self.soft).extend(found)
            self.broken[name] += count
            self.penalty += (weight or 0.0) * float(worst.sum()) / row.scale

    def verdict(self) -> Verdict:
        """Return everything judged so far."""
        return Verdict(self.hard, self.soft, dict(self.checked), dict(self.broken), self.penalty)


__all__ = ["MOST_LISTED", "verify", "violations_today"]
