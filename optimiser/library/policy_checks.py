"""What policies refer to: hosts, racks, services, labels, resources and other policies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from optimiser.library.placing_checks import (
    check_latency,
    check_residency,
    check_routes,
    check_routing,
)
from optimiser.library.references import DocumentCheck
from optimiser.library.reliability import load_components
from optimiser.schema.policy import (
    AnyPolicy,
    Availability,
    Dependency,
    DisruptionBudget,
    DomainCapacity,
    Flow,
    FreeUnits,
    GroupCapacity,
    GroupCount,
    GroupTogether,
    Headroom,
    HostSelector,
    Isolation,
    IsolationLimit,
    LabelLevel,
    Latency,
    Licence,
    NotWorse,
    Pin,
    PresenceOverhead,
    RequireLabel,
    Residency,
    ResponseTime,
    RoutingLatency,
    SafetyCapacity,
    Serialize,
    SurviveDomain,
    Sync,
    TransientCapacity,
    WorkloadLabel,
    WorkloadSelector,
)
from optimiser.schema.site import Site
from optimiser.schema.study import Weights

Labels = dict[str, set[str]]
GROUPED = (
    GroupCapacity, GroupCount, IsolationLimit, Isolation, PresenceOverhead, GroupTogether,
    Serialize, Sync, DisruptionBudget,
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """The names a policy may refer to."""

    resources: Collection[str] = ()
    sla_classes: Collection[str] = ()
    zones: Collection[str] = ()
    cards: Collection[str] = ()
    hosts: Collection[str] = ()
    racks: Collection[str] = ()
    rows: Collection[str] = ()
    services: Collection[str] = ()
    tenants: Collection[str] = ()
    workloads: Collection[str] = ()
    host_labels: Labels = field(default_factory=dict)
    workload_labels: Labels = field(default_factory=dict)


def check_policies(
    check: DocumentCheck, policies: Sequence[AnyPolicy], known: Known, others: Sequence[str] = ()
) -> None:
    """Report the names in policies that refer to nothing; ``others`` are policies elsewhere."""
    names = [*others, *(policy.name for policy in policies)]
    for index, policy in enumerate(policies):
        here = check.at("policies", index)
        if policy.name in names[: len(others) + index]:
            what = f"the policy {policy.name!r} is given twice"
            here.add(("name",), what, remedy="give each policy a name of its own")
        if isinstance(policy, NotWorse):
            for place, name in enumerate(policy.policies):
                here.refer(("policies", place), name, [*names, "capacity"], "policy")
        _check_fields(here, policy, known)


def _check_fields(check: DocumentCheck, policy: AnyPolicy, known: Known) -> None:
    for name, value in policy:
        if isinstance(value, WorkloadSelector):
            _check_workloads(check.at(name), value, known)
        if isinstance(value, HostSelector):
            _check_hosts(check.at(name), value, known)
        if isinstance(value, LabelLevel):
            check.refer((name, "label"), value.label, known.host_labels, "host label")
    if isinstance(policy, Dependency):
        _check_names(check, "needs", policy.needs, known.services, "service")
    for place, inner in enumerate(getattr(policy, "rules", ())):
        _check_fields(check.at("rules", place), inner, known)
    if isinstance(policy, Residency):
        check_residency(check, policy, known.host_labels, known.workload_labels)
    if isinstance(policy, Latency):
        check_latency(check, policy, known.host_labels, known.workload_labels, known.services)
    _check_resources(check, policy, known)
    if isinstance(policy, GROUPED):
        _check_groups(check, policy.each, known)
    if isinstance(policy, Licence) and policy.units_label:
        _check_units(check, policy.units_label, known.host_labels)
    if isinstance(policy, Pin):
        check.refer(("host",), policy.host, known.hosts, "host")
    if isinstance(policy, RequireLabel):
        _check_label_values(check, policy, known.host_labels)


def _check_resources(check: DocumentCheck, policy: AnyPolicy, known: Known) -> None:
    if isinstance(policy, TransientCapacity | SurviveDomain):
        _check_names(check, "resources", policy.resources, known.resources, "resource")
    if isinstance(policy, DomainCapacity):
        allowed = ["power", "space", *known.resources]
        check.refer(("resource",), policy.resource, allowed, "resource")
    with_resource = Headroom | GroupCapacity | PresenceOverhead | SafetyCapacity | ResponseTime
    if isinstance(policy, with_resource):
        check.refer(("resource",), policy.resource, known.resources, "resource")
    if isinstance(policy, Availability):
        _check_components(check, policy)
    if isinstance(policy, Flow):
        check_routes(check, "traffic", policy.traffic, known.services)
    if isinstance(policy, RoutingLatency):
        check_routes(check, "routes", policy.routes, known.services)
        check_routing(check, policy, known.host_labels)
    if isinstance(policy, FreeUnits):
        for name in policy.size:
            check.refer(("size", name), name, known.resources, "resource")


def _check_components(check: DocumentCheck, policy: Availability) -> None:
    known = [*load_components(), *(one.name for one in policy.figures)]
    _check_names(check, "components", policy.components, known, "component")
    check.refer(("server",), policy.server, known, "component")


def _check_groups(check: DocumentCheck, each: str | WorkloadLabel, known: Known) -> None:
    if isinstance(each, WorkloadLabel):
        check.refer(("each", "label"), each.label, known.workload_labels, "workload label")
    elif each == "tenant" and not known.tenants:
        remedy = "fill the column tenant of the services table, or group by service"
        check.add(("each",), "no service of the site has a tenant", remedy=remedy)


def _check_units(check: DocumentCheck, label: str, labels: Labels) -> None:
    if check.refer(("units_label",), label, labels, "host label"):
        wrong = sorted(value for value in labels[label] if not value.isdigit())
        if wrong:
            what = f"the host label {label!r} is not a whole number everywhere"
            check.add(("units_label",), what, wrong[0], remedy="give it as 0, 1, 2 …")


def check_weights(check: DocumentCheck, weights: Weights, site: Site) -> None:
    """Report resources in the weights of a study that the site does not have."""
    known = [resource.name for resource in site.resources]
    for place, safety in enumerate(weights.safety):
        check.refer(("safety", place, "resource"), safety.resource, known, "resource")
    for place, balance in enumerate(weights.balance):
        check.refer(("balance", place, "resource"), balance.resource, known, "resource")
        check.refer(("balance", place, "per"), balance.per, known, "resource")


def _check_label_values(check: DocumentCheck, policy: RequireLabel, labels: Labels) -> None:
    if check.refer(("label",), policy.label, labels, "host label"):
        noun = f"value of the host label {policy.label!r}"
        for place, value in enumerate(policy.values):
            check.refer(("values", place), value, labels[policy.label], noun)


def _check_workloads(check: DocumentCheck, selector: WorkloadSelector, known: Known) -> None:
    for name, noun, allowed in (
        ("names", "workload", known.workloads),
        ("services", "service", known.services),
        ("sla_classes", "SLA class", known.sla_classes),
    ):
        _check_names(check, name, getattr(selector, name), allowed, noun)
    _check_labels(check, selector.labels, known.workload_labels, "workload")


def _check_hosts(check: DocumentCheck, selector: HostSelector, known: Known) -> None:
    for name, noun, allowed in (
        ("names", "host", known.hosts),
        ("racks", "rack", known.racks),
        ("rows", "row", known.rows),
        ("zones", "cooling zone", known.zones),
        ("cards", "server card on any host", known.cards),
    ):
        _check_names(check, name, getattr(selector, name), allowed, noun)
    _check_labels(check, selector.labels, known.host_labels, "host")


def _check_names(
    check: DocumentCheck, field_name: str, names: Sequence[str], known: Collection[str], noun: str
) -> None:
    for place, name in enumerate(names):
        check.refer((field_name, place), name, known, noun)


def _check_labels(check: DocumentCheck, wanted: dict[str, str], known: Labels, whose: str) -> None:
    for key, value in wanted.items():
        if check.refer(("labels", key), key, known, f"{whose} label"):
            check.refer(("labels", key), value, known[key], f"value of the {whose} label {key!r}")
