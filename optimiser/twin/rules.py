"""Policies resolved against a twin: names and labels become index arrays.

The model, the engine and the verifier read the same :class:`Rule` objects, but each computes what
a rule demands by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.library.site import SiteInput
from optimiser.schema.equipment import ServerCard
from optimiser.schema.policy import (
    AnyPolicy,
    Assign,
    Availability,
    Budget,
    Dependency,
    DisruptionBudget,
    DomainCapacity,
    Flow,
    HostSelector,
    Isolation,
    LabelLevel,
    Latency,
    Licence,
    MoveBudget,
    NotWorse,
    Precedence,
    ResponseTime,
    Route,
    RoutingLatency,
    SafetyCapacity,
    WorkloadLabel,
    WorkloadSelector,
)
from optimiser.schema.policy_moving import WAY_ONLY
from optimiser.twin.availability import Figures, figures_of
from optimiser.twin.declared import labels_of, matches, needs_of, tenant_of
from optimiser.twin.disruption import must_stay
from optimiser.twin.latency import UserFacts, ways_ms
from optimiser.twin.placing import Declared, place_rule
from optimiser.twin.presence import overhead_of
from optimiser.twin.residency import DataFacts
from optimiser.twin.spending import limit_of
from optimiser.twin.topology import card_of

ELSEWHERE = "elsewhere"
"""Hosts that belong to no domain of a level, where that has to be one."""
OTHERS = "others"
"""Workloads that belong to no group of a rule, where that has to be one."""
GROUP_KINDS = (
    "spread", "anti_affinity", "affinity", "max_moves_per_service", "group_capacity",
    "group_count", "isolation_limit", "isolation", "licence", "presence_overhead",
    "group_together_or_not_at_all", "serialize", "sync", "disruption_budget", "response_time",
    "availability",
)  # fmt: skip
"""Kinds that look at sets of workloads."""
TOGETHER = (Dependency, Availability, Flow, Latency, RoutingLatency)
"""Policies about workloads together, for which hosts outside any domain are one more."""
PARTS = 1000
"""Fractions of a unit in which budgets of money and memory are counted."""


@dataclass(frozen=True)
class Rule:
    """One policy with its selectors resolved.

    ``workloads`` (W,) bool and ``hosts`` (H,) bool say who it is about. ``group`` (W,) int32 is the
    index of the set a workload belongs to (−1 none) for kinds that look at sets, named by
    ``group_names``. ``domain`` (H,) int32 is the domain of each host at the rule's level (−1
    none), named by ``domain_names``. ``allowed`` (E, H) bool with ``allowed_class`` (W,) is given
    by kinds that restrict hosts. ``needs`` (pair, 2) int32 are groups of which the workloads of the
    first need one of the second near them; ``group`` then holds whole services, and ``workloads``
    says which of their members need anything. ``amount`` (W,) int64 is what a workload counts
    in a budget, in ``1/PARTS`` of its unit, 0 for those that are not selected. ``takes`` (domain,)
    int64 is what a domain counts that a group uses, and ``overhead`` (domain,) int64 what the
    presence of a group takes of a resource there. ``facts`` are what residency and latency look
    at, ``parts`` the rules that a combination joins. ``limit`` is that of a budget
    over the horizon, ``figures`` say how often domains and servers are down. ``ways_ms`` (domain,
    domain) are the round trips between domains that are places [ms], infinite where not known.
    """

    name: str
    kind: str
    policy: AnyPolicy
    weight: float | None
    not_worse: bool
    workloads: np.ndarray
    hosts: np.ndarray
    group: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    group_names: tuple[str, ...] = ()
    domain: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    domain_names: tuple[str, ...] = ()
    allowed: np.ndarray | None = None
    allowed_class: np.ndarray | None = None
    needs: np.ndarray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int32))
    amount: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    takes: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    overhead: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    facts: DataFacts | UserFacts | None = None
    parts: tuple[Rule, ...] = ()
    limit: float = np.inf
    figures: Figures | None = None
    ways_ms: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def is_hard(self) -> bool:
        """Whether the rule may not be broken at any price."""
        return self.weight is None


def resolve(site_input: SiteInput, policies: Sequence[AnyPolicy], twin: xr.Dataset) -> list[Rule]:
    """Return one rule for each policy that a plan is held against.

    ``not_worse`` marks the others, and some are only about the way to a plan.
    """
    excused = [p for p in policies if isinstance(p, NotWorse)]
    resolver = Resolver(site_input, twin)
    rules = []
    for policy in policies:
        if isinstance(policy, (NotWorse, *WAY_ONLY)):
            continue
        lenient = any(not p.policies or policy.name in p.policies for p in excused)
        # who does not run yet breaks nothing today, so there is nothing to excuse
        rules.append(resolver.rule(policy, lenient and not isinstance(policy, Assign)))
    return rules


def capacity_not_worse(policies: Sequence[AnyPolicy]) -> bool:
    """Return whether a ``not_worse`` policy also covers the capacity of hosts."""
    return any(
        isinstance(p, NotWorse) and (not p.policies or "capacity" in p.policies) for p in policies
    )


def domains(twin: xr.Dataset, level: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the domain of each host at a level, (H,) int32 with −1 for none, and their names.

    Power levels use side A of the rack; electrical sums go through both sides elsewhere.
    """
    rack = twin["host_rack"].values
    if level == "host":
        return np.arange(len(rack), dtype=np.int32), _names(twin, "host")
    if level == "site":
        return np.zeros(len(rack), dtype=np.int32), (str(twin.attrs["site"]),)
    if level == "rack":
        return rack.astype(np.int32), _names(twin, "rack")
    if level in ("row", "zone"):
        return twin[f"rack_{level}"].values[rack].astype(np.int32), _names(twin, level)
    pdu = twin["rack_pdu_a"].values[rack]
    if level == "pdu":
        return pdu.astype(np.int32), _names(twin, "pdu")
    ups = _follow(twin["pdu_ups"].values, pdu)
    if level == "ups":
        return ups, _names(twin, "ups")
    return _follow(twin["ups_feed"].values, ups), _names(twin, "feed")


def _follow(parent: np.ndarray, index: np.ndarray) -> np.ndarray:
    padded = np.append(parent, -1)
    return padded[index].astype(np.int32)


def _names(twin: xr.Dataset, dim: str) -> tuple[str, ...]:
    return tuple(str(name) for name in twin[dim].values)


class Resolver:
    """Selectors against one site; keeps the parsed labels."""

    def __init__(self, site_input: SiteInput, twin: xr.Dataset) -> None:
        self.twin, self.site_input = twin, site_input
        self.hosts = site_input.hosts.reset_index(drop=True)
        self.units = site_input.workload_units.reset_index(drop=True)
        self.row_of = self.units["row"].to_numpy()
        cards = [card_of(site_input, "server", str(c), ServerCard) for c in self.hosts["card"]]
        own = labels_of(self.hosts)
        self.host_labels = [
            {**card.labels, **({"gpu_model": card.gpus.model} if card.gpus else {}), **labels}
            for card, labels in zip(cards, own, strict=True)
        ]
        self.row_labels = labels_of(site_input.workloads)
        self.needs_of = needs_of(site_input)
        self.tenant_of = tenant_of(site_input)
        country = site_input.site.location.country
        self.declared = Declared(twin, country, self.host_labels, self.row_labels, self.row_of)

    def rule(self, policy: AnyPolicy, not_worse: bool) -> Rule:
        """Return a policy with names, labels and domains resolved."""
        if isinstance(policy, SafetyCapacity):
            return self.rule(_as_domain_capacity(policy), not_worse)
        workloads = self.workloads(getattr(policy, "workloads", WorkloadSelector()))
        hosts = self.select_hosts(getattr(policy, "hosts", HostSelector()))
        group, group_names = self.groups(policy, workloads)
        if isinstance(policy, DisruptionBudget):
            workloads = must_stay(policy, self.site_input, workloads, group)
        needs = np.empty((0, 2), dtype=np.int32)
        if isinstance(policy, Dependency):
            group, group_names, needs = self._needs(policy.needs, workloads)
        if isinstance(policy, Latency) and policy.services:
            group, group_names, needs = self._needs(policy.services, workloads)
        if isinstance(policy, Flow | RoutingLatency):
            routes = policy.traffic if isinstance(policy, Flow) else policy.routes
            group, group_names, needs = self._senders(routes)
        domain, domain_names = self._domains(policy)
        parts = tuple(self.rule(one, False) for one in getattr(policy, "rules", ()))
        placing = place_rule(self.declared, policy, workloads, hosts, parts)
        return Rule(
            name=policy.name,
            kind=policy.kind,
            policy=policy,
            weight=policy.soft.weight if policy.soft else None,
            not_worse=not_worse,
            workloads=workloads,
            hosts=hosts,
            group=group,
            group_names=group_names,
            domain=domain,
            domain_names=domain_names,
            allowed=placing.allowed,
            allowed_class=placing.allowed_class,
            facts=placing.facts,
            parts=parts,
            needs=needs,
            amount=self._amount(policy, workloads),
            takes=self._takes(policy, len(domain_names)),
            overhead=overhead_of(policy, self.twin),
            figures=figures_of(policy) if isinstance(policy, Availability) else None,
            ways_ms=self._ways_ms(policy, domain_names),
            limit=limit_of(policy, self.twin) if isinstance(policy, Budget) else np.inf,
        )

    def _takes(self, policy: AnyPolicy, num_domains: int) -> np.ndarray:
        if not isinstance(policy, Licence) or not policy.units_label:
            return np.ones(num_domains, dtype=np.int64)
        texts = [labels.get(policy.units_label, "1") for labels in self.host_labels]
        return np.array([int(text) for text in texts], dtype=np.int64)

    def _ways_ms(self, policy: AnyPolicy, places: tuple[str, ...]) -> np.ndarray:
        if not isinstance(policy, Latency | RoutingLatency) or not places:
            return np.empty((0, 0))
        known = {labels.get(policy.place_label) for labels in self.host_labels} - {None}
        table = ways_ms(policy, places, len(known))
        unknown = policy.unknown_ms if isinstance(policy, RoutingLatency) else np.inf
        return np.where(np.isfinite(table), table, unknown)

    def _amount(self, policy: AnyPolicy, workloads: np.ndarray) -> np.ndarray:
        if not isinstance(policy, MoveBudget):
            return np.empty(0, dtype=np.int64)
        name = "workload_move_cost" if policy.measure == "cost" else "workload_memory_gib"
        parts = np.rint(self.twin[name].values * PARTS).astype(np.int64)
        return np.where(workloads, parts, 0)

    def _domains(self, policy: AnyPolicy) -> tuple[np.ndarray, tuple[str, ...]]:
        level = getattr(policy, "domain", None) or getattr(policy, "level", None)
        if level is None:
            return np.empty(0, dtype=np.int32), ()
        if isinstance(level, LabelLevel):
            values = [labels.get(level.label) for labels in self.host_labels]
            found, distinct = pd.factorize(pd.Series(values, dtype=object))
            code, names = found.astype(np.int32), tuple(map(str, distinct))
        else:
            code, names = domains(self.twin, level)
        if isinstance(policy, TOGETHER) and (code < 0).any():
            # who needs nobody may be outside; who needs others must meet them there too
            return np.where(code < 0, len(names), code), (*names, ELSEWHERE)
        return code, names

    def _needs(
        self, needs: Sequence[str], workloads: np.ndarray
    ) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
        """Return the group of each workload, the names of groups, and who needs whom (pair, 2).

        Without ``needs`` the services table tells them.
        """
        service = self.twin["workload_service"].values
        names = self.twin["service"].values.astype(str)
        number = {name: index for index, name in enumerate(names.tolist())}
        pairs = [
            (int(user), number[name])
            for user in np.unique(service[workloads]).tolist()
            for name in needs or self.needs_of[names[user]]
            if number.get(name, user) != user
        ]
        found = np.array(sorted(set(pairs)), dtype=np.int64).reshape(-1, 2)
        used = np.unique(found)
        renumber = np.full(len(names), -1, dtype=np.int32)
        renumber[used] = np.arange(len(used))
        return renumber[service], tuple(names[used].tolist()), renumber[found]

    def _senders(self, routes: Sequence[Route]) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
        """Return the service of each workload among those with traffic, and who sends to whom."""
        names = self.twin["service"].values.astype(str).tolist()
        pairs = [(one.sender, one.receiver) for one in routes]
        used = sorted({name for pair in pairs for name in pair})
        renumber = np.array([used.index(n) if n in used else -1 for n in names], dtype=np.int32)
        needs = np.array([[used.index(a), used.index(b)] for a, b in pairs], dtype=np.int32)
        return renumber[self.twin["workload_service"].values], tuple(used), needs

    def workloads(self, selector: WorkloadSelector) -> np.ndarray:
        """Return which workloads a selector chooses (W,) bool."""
        chosen = np.ones(len(self.units), dtype=bool)
        if selector.names:
            component = self.units["component"].astype(str)
            name = self.units["name"].astype(str)
            chosen &= (name.isin(selector.names) | component.isin(selector.names)).to_numpy()
        service = self.twin["workload_service"].values
        if selector.services:
            chosen &= np.isin(self.twin["service"].values.astype(str)[service], selector.services)
        if selector.sla_classes:
            names = np.append(self.twin["sla_class"].values.astype(str), "")
            of_service = names[self.twin["service_sla_class"].values]
            chosen &= np.isin(of_service[service], selector.sla_classes)
        if selector.labels:
            match = np.array([matches(have, selector.labels) for have in self.row_labels])
            chosen &= match[self.row_of]
        return chosen

    def select_hosts(self, selector: HostSelector) -> np.ndarray:
        """Return which hosts a selector chooses (H,) bool."""
        twin, chosen = self.twin, np.ones(len(self.hosts), dtype=bool)
        rack = twin["host_rack"].values
        for wanted, labels in (
            (selector.names, twin["host"].values),
            (selector.racks, twin["rack"].values[rack]),
            (selector.cards, twin["kind"].values[twin["host_kind"].values]),
        ):
            if wanted:
                chosen &= np.isin(labels.astype(str), wanted)
        for wanted, level in ((selector.rows, "row"), (selector.zones, "zone")):
            if wanted:
                domain, names = domains(twin, level)
                chosen &= np.isin(np.append(np.array(names, dtype=str), "")[domain], wanted)
        if selector.labels:
            chosen &= np.array([matches(have, selector.labels) for have in self.host_labels])
        return chosen

    def groups(
        self, policy: AnyPolicy, workloads: np.ndarray
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return the group (W,) int32 of each of some workloads, −1 none, and the names."""
        if isinstance(policy, Precedence):
            first, later = self.workloads(policy.before), self.workloads(policy.after)
            return np.where(first, 0, np.where(later, 1, -1)).astype(np.int32), ("before", "after")
        if policy.kind not in GROUP_KINDS:
            return np.empty(0, dtype=np.int32), ()
        whole = isinstance(policy, Licence | ResponseTime)
        each = "all" if whole else getattr(policy, "each", "service")
        if each == "all" and not isinstance(policy, Isolation):
            return np.where(workloads, 0, -1).astype(np.int32), (policy.name,)
        code, names = self._sets(each, policy.name)
        code = np.where(workloads, code, -1)
        used = np.unique(code[code >= 0])
        renumber = np.full(len(names) + 1, -1, dtype=np.int32)
        renumber[used] = np.arange(len(used))
        group, group_names = renumber[code], tuple(names[i] for i in used.tolist())
        if isinstance(policy, Isolation) and (group < 0).any():
            return np.where(group < 0, len(used), group).astype(np.int32), (*group_names, OTHERS)
        return group, group_names

    def _sets(self, each: str | WorkloadLabel, name: str) -> tuple[np.ndarray, list[str]]:
        """Return the set of each workload (W,), −1 for none, and the names of the sets."""
        service = self.twin["workload_service"].values
        if isinstance(each, WorkloadLabel):
            of_row = pd.Series([h.get(each.label) for h in self.row_labels], dtype=object)
            code, names = pd.factorize(of_row)
            return code[self.row_of], [str(value) for value in names]
        if each == "all":
            return np.zeros(len(service), dtype=np.int64), [name]
        if each == "sla_class":
            return (
                self.twin["service_sla_class"].values[service],
                self.twin["sla_class"].values.astype(str).tolist(),
            )
        services = self.twin["service"].values.astype(str).tolist()
        if each == "service":
            return service, services
        tenants = pd.Series([self.tenant_of.get(one) for one in services], dtype=object)
        code, names = pd.factorize(tenants)
        return code[service], [str(value) for value in names]


def _as_domain_capacity(policy: SafetyCapacity) -> DomainCapacity:
    return DomainCapacity(
        name=policy.name,
        why=policy.why,
        soft=policy.soft,
        domain="host",
        resource=policy.resource,
        limit_fraction=policy.fraction,
        hosts=policy.hosts,
    )
