"""Replay an order of moves and check every prefix exactly, in whole numbers.

Nothing here is shared with the code that made the order: loads are added up again wave by wave,
power is rolled up by the exact checker, groups are recounted after every single move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from optimiser.analysis.capacity import resource_unit
from optimiser.analysis.loads import Loads, host_power, host_usage, rack_sums
from optimiser.analysis.rows import Rows, violations_of
from optimiser.analysis.verdict import Placement, Violation
from optimiser.analysis.verify import MEASURES
from optimiser.analysis.view import view_of
from optimiser.schema.moving import Moving
from optimiser.schema.policy import DomainCapacity, Headroom
from optimiser.studies.move_groups import GroupReplay
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_sharing import SharingReplay
from optimiser.studies.move_state import keeps_reserve, sleeps_last
from optimiser.studies.move_throttle import Wave, check_throttles
from optimiser.studies.move_uses import OverheadReplay, UseReplay
from optimiser.studies.move_way_check import check_way
from optimiser.twin.devices import assign_devices
from optimiser.twin.eligibility import eligibility
from optimiser.twin.rules import Rule
from optimiser.twin.way import WayRule

ON_KINDS = ("min_hosts_on", "survive_domain")
"""Kinds that ask for hosts that are on at every moment; a workload counts once."""
POWER_KINDS = ("redundant_feed", "cooling_capacity", "inlet_temperature")


def replay(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    order: MoveOrder,
    moving: Moving | None = None,
    way: Sequence[WayRule] = (),
) -> list[Violation]:
    """Return every rule that some prefix of an order breaks; an empty list is a proof.

    With ``moving`` its limits on moves at the same time are counted too, with ``way`` the policies
    about the order of moves are asked.
    Before each wave its targets wake; while it runs, its workloads count at both ends. A limit
    that is already exceeded at one end of the order may stay so, but not grow beyond that.
    """
    run = _Replay(twin, [r for r in rules if r.is_hard], order)
    run.go()
    if moving is not None:
        run.found += check_throttles(twin, moving.limits, _waves(order))
    run.found += check_way(twin, way, order)
    return run.found


def _waves(order: MoveOrder) -> list[Wave]:
    chosen = [order.wave == wave for wave in range(order.num_waves)]
    return [
        Wave(number, order.workload[c], order.source[c], order.target[c])
        for number, c in enumerate(chosen)
    ]


class _Replay:
    def __init__(self, twin: xr.Dataset, rules: Sequence[Rule], order: MoveOrder) -> None:
        self.twin, self.order = view_of(twin), order
        self.found: list[Violation] = []
        self.host = np.array(order.start.host, dtype=np.int64)
        self.on = np.array(order.start.host_on, dtype=bool)
        self.end_on = np.asarray(order.end.host_on, dtype=bool)
        self.power = host_power(twin)
        self.use = twin["flavour_usage"].values
        self.flavour = twin["workload_flavour"].values
        self.usage = host_usage(twin, self.host)
        self.elig = eligibility(twin, rules)
        early = keeps_reserve(rules), sleeps_last(rules)
        self.wakes_first, self.sleeps_last = early[::-1] if order.is_reverse else early
        self.summed = [r for r in rules if _is_sum(r)]
        self.counted = [r for r in rules if r.kind in ON_KINDS]
        self.powered = [r for r in rules if r.kind in POWER_KINDS or _is_power(r)]
        ends = order.start.host, order.end.host
        self.groups: list[GroupReplay | SharingReplay | UseReplay | OverheadReplay] = []
        for rule in rules:
            if rule.kind in ("spread", "anti_affinity"):
                self.groups.append(GroupReplay(rule, *ends))
            elif rule.kind in ("group_count", "isolation"):
                self.groups.append(SharingReplay(rule, *ends))
            elif rule.kind == "group_capacity":
                self.groups.append(UseReplay(twin, rule, *ends))
            elif rule.kind in ("presence_overhead", "response_time"):
                self.groups.append(OverheadReplay(twin, rule, *ends))
        self._set_bounds()

    def _set_bounds(self) -> None:
        """Measure both ends: what is exceeded there may stay exceeded."""
        twin, ends = self.twin, (self.order.start, self.order.end)
        usage = [host_usage(twin, np.asarray(end.host)) for end in ends]
        capacity = twin["host_capacity"].values.astype(np.int64)[:, :, None]
        self.room = np.maximum(capacity, np.maximum(*usage))
        loads = [
            self._loads(np.asarray(end.host_on, dtype=bool), use)
            for end, use in zip(ends, usage, strict=True)
        ]
        self.bounds = {
            rule.name: [
                replace(first, value=np.maximum(first.value, last.value))
                for first, last in zip(
                    *(MEASURES[rule.kind](twin, rule, end, load)
                      for end, load in zip(ends, loads, strict=True)),
                    strict=True,
                )
            ]
            for rule in [*self.summed, *self.powered, *self.counted]
        }  # fmt: skip

    def _loads(self, on: np.ndarray, usage: np.ndarray) -> Loads:
        host_uw = self.power.planning_uw(np.arange(len(on)), usage, on)
        return Loads(self.host, on, usage, host_uw, rack_sums(self.twin, host_uw))

    def go(self) -> None:
        """Replay wave after wave and collect what is broken."""
        order = self.order
        if np.any(np.diff(order.wave) < 0):
            self._tell("sequence", "moves", "waves are not in order")
            return
        if self.wakes_first:
            self.on |= self.end_on
        for wave in range(order.num_waves):
            index = np.flatnonzero(order.wave == wave)
            self._sleep(index[0] if len(index) else 0)
            self._wave(wave, index)
        self.on &= self.end_on | (
            np.bincount(self.host[self.host >= 0], minlength=len(self.on)) > 0
        )
        self._arrived()

    def _wave(self, wave: int, index: np.ndarray) -> None:
        order = self.order
        workload, source, target = order.workload[index], order.source[index], order.target[index]
        if np.any(self.host[workload] != source) or len(np.unique(workload)) < len(workload):
            self._tell("sequence", f"wave {wave + 1}", "a workload is not where its move begins")
            return
        arrives = target >= 0
        self.on[target[arrives]] = True
        self._allowed(wave, workload[arrives], target[arrives])
        self._hosts(wave, workload[arrives], target[arrives])
        self._sums(wave, workload, source, target)
        for group in self.groups:
            self._report(f"{group.rule.name} in wave {wave + 1}", group.rule.kind,
                         group.moves(workload, source, target))  # fmt: skip
        usage = self.use[self.flavour[workload]]
        np.add.at(self.usage, target[arrives], usage[arrives])
        leaves = source >= 0
        np.subtract.at(self.usage, source[leaves], usage[leaves])
        self.host[workload] = target

    def _hosts(self, wave: int, workload: np.ndarray, target: np.ndarray) -> None:
        """Check capacity, devices and power while both ends count."""
        peak = self.usage.copy()
        np.add.at(peak, target, self.use[self.flavour[workload]])
        resources = self.twin["resource"].values
        for host, resource in np.unique(np.argwhere((peak > self.room).any(axis=2)), axis=0):
            where = f"host {self.twin['host'].values[host]}, {resources[resource]}"
            unit = resource_unit(self.twin, int(resource))
            self._tell("capacity", where, f"overfull by a move in wave {wave + 1}", unit)
        self._devices(wave, workload, target)
        loads = self._loads(self.on, peak)
        here = Placement(self.host, self.on)
        for rule in self.powered:
            self._compare(wave, rule, MEASURES[rule.kind](self.twin, rule, here, loads))
        once = self._loads(self.on, self.usage)
        for rule in self.counted:
            self._compare(wave, rule, MEASURES[rule.kind](self.twin, rule, here, once))

    def _devices(self, wave: int, workload: np.ndarray, target: np.ndarray) -> None:
        resource = int(self.twin.attrs["device_resource"])
        if resource < 0:
            return
        order, size = self.order, int(self.twin.attrs["device_size"])
        request = self.use[:, resource, :].max(axis=1)[self.flavour].astype(np.int64)
        for host in np.unique(target[request[workload] > 0]):
            held = np.concatenate([np.flatnonzero(self.host == host), workload[target == host]])
            held = held[request[held] > 0]
            if any(np.all(np.asarray(end.host)[held] == host) for end in (order.start, order.end)):
                continue  # what one end holds, the way may hold
            count = int(self.twin["host_capacity"].values[host, resource]) // size
            if assign_devices(request[held], count, size) is None:
                name = str(self.twin["host"].values[host])
                self._tell("devices", f"host {name}", f"devices overfull in wave {wave + 1}")

    def _sums(
        self, wave: int, workload: np.ndarray, source: np.ndarray, target: np.ndarray
    ) -> None:
        """Check sums over domains; a workload counts once in a domain that holds both ends."""
        for rule in self.summed:
            domain = np.append(rule.domain, -1)
            enters = (target >= 0) & ((source < 0) | (domain[source] != domain[target]))
            usage = self.usage.copy()
            np.add.at(usage, target[enters], self.use[self.flavour[workload[enters]]])
            loads = Loads(self.host, self.on, usage, np.empty(0), np.empty(0))
            here = Placement(self.host, self.on)
            self._compare(wave, rule, MEASURES[rule.kind](self.twin, rule, here, loads))

    def _allowed(self, wave: int, workload: np.ndarray, target: np.ndarray) -> None:
        allowed = self.elig.allowed[self.elig.of_workload[workload], target]
        back = target == np.asarray(self.order.start.host)[workload]
        back |= target == np.asarray(self.order.end.host)[workload]
        for index in np.flatnonzero(~allowed & ~back):
            name = str(self.twin["workload"].values[workload[index]])
            self._tell("eligibility", name, f"goes to a forbidden host in wave {wave + 1}")

    def _compare(self, wave: int, rule: Rule, rows: Sequence[Rows]) -> None:
        pairs = zip(rows, self.bounds[rule.name], strict=True)
        self._report(
            f"{rule.name} in wave {wave + 1}", rule.kind,
            [(row, row.excess(bound)) for row, bound in pairs],
        )  # fmt: skip

    def _report(self, name: str, kind: str, pairs: Sequence[tuple[Rows, np.ndarray]]) -> None:
        for rows, excess in pairs:
            if excess.any():
                self.found += violations_of(self.twin, name, kind, rows, excess, None)

    def _tell(self, kind: str, where: str, what: str, unit: str = "") -> None:
        sentence = f"{kind}: {where}: {what}"
        self.found.append(Violation(kind, kind, where, 0.0, 1.0, unit, sentence))

    def _sleep(self, position: int) -> None:
        """Let emptied hosts sleep that the plan leaves asleep and that get nothing more."""
        if self.sleeps_last:
            return
        needed = np.zeros(len(self.on), dtype=bool)
        later = self.order.target[position:][~self.order.bounce[position:]]
        needed[later[later >= 0]] = True
        needed[self.host[self.host >= 0]] = True
        self.on &= self.end_on | needed

    def _arrived(self) -> None:
        if self.order.is_complete and np.any(self.host != np.asarray(self.order.end.host)):
            count = int((self.host != np.asarray(self.order.end.host)).sum())
            self._tell("sequence", "moves", f"{count} workloads do not end where the plan says")


def _is_power(rule: Rule) -> bool:
    return isinstance(rule.policy, DomainCapacity) and rule.policy.resource == "power"


def _is_sum(rule: Rule) -> bool:
    policy = rule.policy
    is_resource = isinstance(policy, DomainCapacity) and policy.resource != "power"
    return is_resource or isinstance(policy, Headroom)
