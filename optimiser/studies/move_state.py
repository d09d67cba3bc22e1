"""The site between today and the plan: what is under way, and what may start next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.loads import MICROWATT_PER_WATT, host_power, measure_loads
from optimiser.analysis.verdict import Placement
from optimiser.schema.policy import (
    DomainCapacity,
    Headroom,
    HostSelector,
    MinHostsOn,
    SurviveDomain,
)
from optimiser.studies.move_guards import DeviceGuard, RackGuard, group_guards, sum_guards
from optimiser.twin.eligibility import eligibility
from optimiser.twin.rules import Rule


class Transit:
    """A placement on its way from ``start`` to ``end``, kept up to date move by move.

    ``load`` (host, resource, step) counts moving workloads at both ends; ``room`` is the largest
    load each host may carry: its capacity, or today's load where that is more. ``host`` (W,) is
    where each workload is; ``on`` (H,) which hosts are on.
    """

    def __init__(
        self, twin: xr.Dataset, rules: Sequence[Rule], start: Placement, end: Placement
    ) -> None:
        self.twin = twin
        self.host = np.array(start.host, dtype=np.int64)
        self.on = np.array(start.host_on, dtype=bool)
        self.end_on = np.asarray(end.host_on, dtype=bool)
        first, last = measure_loads(twin, start), measure_loads(twin, end)
        self.usage = twin["flavour_usage"].values
        self.flavour = twin["workload_flavour"].values
        self.load = first.usage.copy()
        self.capacity = twin["host_capacity"].values.astype(np.int64)[:, :, None]
        self.room = np.maximum(np.maximum(self.capacity, first.usage), last.usage)
        self.rack = twin["host_rack"].values
        self.power = host_power(twin)
        self.host_w = first.host_uw / MICROWATT_PER_WATT
        self.racks = RackGuard(
            twin,
            rules,
            first.rack_uw / MICROWATT_PER_WATT,
            last.rack_uw / MICROWATT_PER_WATT,
        )
        self.groups = group_guards(twin, rules, self.host, np.asarray(end.host))
        self.sums = sum_guards(twin, rules, first, last)
        self.devices = DeviceGuard(twin, self.host)
        self.host_limit_w = _host_limits_w(rules, self.host_w, last.host_uw / MICROWATT_PER_WATT)
        self.limits_power = bool(self.racks.names) or bool(np.isfinite(self.host_limit_w).any())
        self.eligibility = eligibility(twin, rules)
        self.members = np.bincount(self.host[self.host >= 0], minlength=len(self.on))
        self.arrivals = np.zeros(len(self.on), dtype=np.int64)
        self.sleeps_last = sleeps_last(rules)
        if keeps_reserve(rules):
            for index in np.flatnonzero(self.end_on & ~self.on):
                self.switch(int(index), True)

    @property
    def num_racks(self) -> int:
        """Number of racks."""
        return int(self.twin.sizes["rack"])

    def demand(self, workload: int) -> np.ndarray:
        """Return the use of one workload, (resource, step)."""
        return self.usage[self.flavour[workload]]

    def fits(self, workloads: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return whether capacity alone lets each of some moves start, (n,) bool."""
        wanted = self.load[targets] + self.usage[self.flavour[workloads]]
        return (wanted <= self.room[targets]).all(axis=(1, 2))

    def blocked_by(self, workload: int, target: int) -> str:
        """Return what keeps a workload from starting to move to a host, or an empty string."""
        source, demand = int(self.host[workload]), self.demand(workload)
        wanted = self.load[target] + demand
        if np.any(wanted > self.room[target]):
            return "capacity"
        if not self.devices.allows(workload, target):
            return "devices"
        wakes = not self.on[target]
        for total in self.sums:
            if not total.allows(demand, source, target, wakes):
                return total.name
        for guard in self.groups:
            if not guard.allows(workload, source, target):
                return guard.rule.name
        return self._power_blocks(target, wanted)

    def _power_blocks(self, target: int, wanted: np.ndarray) -> str:
        if not self.limits_power:
            return ""
        power = self._planning_w(target, wanted, True)
        if np.any(power > self.host_limit_w[target]):
            return "host power"
        added = power - self.host_w[target]
        return "" if self.racks.allows(int(self.rack[target]), added) else "power or cooling"

    def _planning_w(self, host: int, load: np.ndarray, is_on: bool) -> np.ndarray:
        found = self.power.planning_uw(np.array([host]), load[None], np.array([is_on]))
        return found[0] / MICROWATT_PER_WATT

    def start(self, workload: int, target: int) -> None:
        """Let a move start: the workload counts at both ends, an asleep target wakes.

        A workload that goes nowhere (−1) counts where it is until it settles.
        """
        source, demand = int(self.host[workload]), self.demand(workload)
        wakes = target >= 0 and not self.on[target]
        for total in self.sums:
            total.start(demand, source, target, wakes)
        for guard in self.groups:
            guard.start(workload, source, target)
        if target < 0:
            return
        self.devices.start(workload, target)
        self.load[target] += demand
        self.on[target] = True
        self.members[target] += 1
        self._repower(target)

    def cancel(self, workload: int, target: int, was_on: bool) -> None:
        """Take back the start of a move, onto a target that was on before or not."""
        home = int(self.host[workload])
        self.settle(workload, target)
        self.go_back(workload, home)
        self.switch(target, was_on)

    def go_back(self, workload: int, home: int) -> None:
        """Put a workload back where it was without asking whether it may; −1 stops it."""
        self.start(workload, home)
        self.settle(workload, home)

    def settle(self, workload: int, target: int) -> None:
        """Let a move end: the workload no longer counts at its source."""
        source, demand = int(self.host[workload]), self.demand(workload)
        for total in self.sums:
            total.settle(demand, source, target)
        for guard in self.groups:
            guard.settle(workload, source, target)
        self.devices.settle(workload, source)
        self.host[workload] = target
        if source >= 0:
            self.load[source] -= demand
            self.members[source] -= 1
            self._repower(source)

    def switch(self, host: int, is_on: bool) -> None:
        """Wake a host or let it sleep."""
        if self.on[host] == is_on:
            return
        self.on[host] = is_on
        for total in self.sums:
            total.switch(host, 1 if is_on else -1)
        self._repower(host)

    def _repower(self, host: int) -> None:
        if not self.limits_power:
            return
        power = self._planning_w(host, self.load[host], bool(self.on[host]))
        self.racks.add(int(self.rack[host]), power - self.host_w[host])
        self.host_w[host] = power

    def refresh(self) -> None:
        """Recompute the power rows from the hosts, so that rounding does not build up."""
        rack_w = np.zeros((self.num_racks, self.host_w.shape[1]))
        np.add.at(rack_w, self.rack, self.host_w)
        self.racks.refresh(rack_w)

    def sleep_emptied(self, is_last: bool) -> None:
        """Put hosts to sleep that the plan leaves asleep, are empty and get nothing more.

        With a reserve to keep in a part of the site, hosts stay on until all moves are done.
        """
        if self.sleeps_last and not is_last:
            return
        for host in np.flatnonzero(
            self.on & ~self.end_on & (self.members == 0) & (self.arrivals == 0)
        ):
            self.switch(int(host), False)

    def allowed_hosts(self, workload: int) -> np.ndarray:
        """Return which hosts the rules let a workload use, (H,) bool."""
        return self.eligibility.allowed[self.eligibility.of_workload[workload]]


RESERVES = (Headroom, MinHostsOn, SurviveDomain)
"""Policies that ask for hosts which are on."""


def keeps_reserve(rules: Sequence[Rule]) -> bool:
    """Whether a hard rule keeps hosts on, or room free on those that are.

    Then the hosts of the plan wake first. That is all that a number of hosts on, or what the site
    has without a domain, asks for: until the last move, all that the plan keeps on are.
    """
    return any(rule.is_hard and isinstance(rule.policy, RESERVES) for rule in rules)


def sleeps_last(rules: Sequence[Rule]) -> bool:
    """Whether emptied hosts stay on until all moves are done.

    A reserve over the whole site does not ask for that: the hosts of the plan wake first, and what
    is used in total never changes. One in a part of the site does, as load may still leave it.
    """
    reserves = [r.policy for r in rules if r.is_hard and isinstance(r.policy, Headroom)]
    return any(p.domain != "site" or p.hosts != HostSelector() for p in reserves)


def _host_limits_w(rules: Sequence[Rule], first_w: np.ndarray, last_w: np.ndarray) -> np.ndarray:
    """Return the largest planning power of each host (host, step) [W] under rules per host."""
    limit = np.full(first_w.shape, np.inf)
    for rule in rules:
        policy = rule.policy
        if not (rule.is_hard and isinstance(policy, DomainCapacity) and policy.domain == "host"):
            continue
        if policy.resource == "power" and policy.limit is not None:
            own = np.floor(policy.limit * 1e3 * policy.limit_fraction + 1e-6) + 0.999
            limit[rule.hosts] = np.minimum(limit[rule.hosts], own)
    return np.maximum(limit, np.maximum(first_w, last_w))
