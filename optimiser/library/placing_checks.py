"""Whether labels and ways say what residency, latency and routes ask of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from itertools import combinations

from optimiser.library.references import DocumentCheck, listed, nearest
from optimiser.library.transfers import load_transfers
from optimiser.schema.policy import Distance, Latency, Residency, Route, RoutingLatency

Labels = Mapping[str, Set[str]]


def check_residency(
    check: DocumentCheck, policy: Residency, hosts: Labels, workloads: Labels
) -> None:
    """Report classes, countries and conditions that labels give and no rule knows."""
    names = [one.name for one in policy.classes]
    label = policy.data_label
    if label in workloads:
        for value in _unknown(workloads[label], names):
            what = f"the workload label {label!r} names a class of data that the policy has not"
            check.add(("classes",), what, value, listed(names), nearest(value, names))
    elif label != "data_class":
        check.refer(("data_label",), label, workloads, "workload label")
    if policy.place_label != "country":
        check.refer(("place_label",), policy.place_label, hosts, "host label")
    for field in ("access_label", "condition_label"):
        if getattr(policy, field):
            check.refer((field,), getattr(policy, field), hosts, "host label")
    for field in ("place_label", "access_label"):
        _check_countries(check, field, hosts.get(getattr(policy, field), set()))
    conditions = {row.condition for row in load_transfers().adequacy if row.condition}
    for value in _unknown(hosts.get(policy.condition_label, set()), conditions):
        what = f"no adequacy decision has the condition that {policy.condition_label!r} names"
        check.add(("condition_label",), what, value, listed(conditions), nearest(value, conditions))


def _check_countries(check: DocumentCheck, field: str, values: Iterable[str]) -> None:
    for value in _parts(values):
        if not (len(value) == 2 and value.isascii() and value.isupper()):
            remedy = "give countries as ISO 3166 codes, such as DE"
            check.add((field,), "the label is not a country everywhere", value, remedy=remedy)


def check_latency(
    check: DocumentCheck,
    policy: Latency,
    hosts: Labels,
    workloads: Labels,
    services: Collection[str],
) -> None:
    """Report labels and services that do not exist, and users that are no known way from a host."""
    for place, name in enumerate(policy.services):
        check.refer(("services", place), name, services, "service")
    if not check.refer(("place_label",), policy.place_label, hosts, "host label"):
        return
    if policy.services:
        check_ways(check, policy.distances, hosts[policy.place_label], policy.place_label)
        return
    if not policy.users and not check.refer(
        ("users_label",), policy.users_label, workloads, "workload label"
    ):
        return
    users = policy.users or _parts(workloads[policy.users_label])
    known = {end for one in policy.distances for end in (one.a, one.b)} | hosts[policy.place_label]
    for user in users:
        check.refer(("distances",), user, known, "place with a distance to the users")


def check_ways(
    check: DocumentCheck, ways: Sequence[Distance], places: Set[str], label: str
) -> None:
    """Report ends of ways that are no place of any host, and ways that are given twice."""
    seen: dict[frozenset[str], float] = {}
    for index, way in enumerate(ways):
        for end in ("a", "b"):
            noun = f"value of the host label {label!r}"
            check.refer(("distances", index, end), getattr(way, end), places, noun)
        ends = frozenset((way.a, way.b))
        if len(ends) == 1:
            remedy = "leave it out; inside_ms is the round trip inside a place"
            check.add(("distances", index), "the way ends where it begins", way.a, remedy=remedy)
        if seen.setdefault(ends, way.ms) != way.ms:
            what = f"the way between {way.a} and {way.b} is given twice, also as {seen[ends]:g} ms"
            check.add(("distances", index, "ms"), what, way.ms, remedy="keep one of them")


def check_routes(
    check: DocumentCheck, field: str, routes: Sequence[Route], services: Collection[str]
) -> None:
    """Report senders and receivers that are no service."""
    for place, one in enumerate(routes):
        check.refer((field, place, "sender"), one.sender, services, "service")
        check.refer((field, place, "receiver"), one.receiver, services, "service")


def check_routing(check: DocumentCheck, policy: RoutingLatency, hosts: Labels) -> None:
    """Report a label that no host has, places that do not exist, and ways that are missing."""
    label = policy.place_label
    if not check.refer(("place_label",), label, hosts, "host label"):
        return
    check_ways(check, policy.distances, hosts[label], label)
    known = {frozenset((way.a, way.b)) for way in policy.distances}
    missing = [
        f"{a} and {b}"
        for a, b in combinations(sorted(hosts[label]), 2)
        if frozenset((a, b)) not in known
    ]
    if missing and "unknown_ms" not in policy.model_fields_set:
        more = f", nor for {len(missing) - 1} more pairs" if len(missing) > 1 else ""
        what = f"no way is given between {missing[0]}{more}"
        remedy = "give it, or unknown_ms, the round trip that counts where none is known"
        check.add(("distances",), what, remedy=remedy)


def _unknown(values: Iterable[str], known: Iterable[str]) -> list[str]:
    return [value for value in _parts(values) if value not in set(known)]


def _parts(values: Iterable[str]) -> list[str]:
    return sorted({part for value in values for part in value.split("|") if part})
