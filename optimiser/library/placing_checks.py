"""Whether labels say what residency and latency ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from optimiser.library.references import DocumentCheck, listed, nearest
from optimiser.library.transfers import load_transfers
from optimiser.schema.policy import Latency, Residency

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


def check_latency(check: DocumentCheck, policy: Latency, hosts: Labels, workloads: Labels) -> None:
    """Report labels that do not exist, and users that are no known way from any host."""
    if not check.refer(("place_label",), policy.place_label, hosts, "host label"):
        return
    if not policy.users and not check.refer(
        ("users_label",), policy.users_label, workloads, "workload label"
    ):
        return
    users = policy.users or _parts(workloads[policy.users_label])
    known = {end for one in policy.distances for end in (one.a, one.b)} | hosts[policy.place_label]
    for user in users:
        check.refer(("distances",), user, known, "place with a distance to the users")


def _unknown(values: Iterable[str], known: Iterable[str]) -> list[str]:
    return [value for value in _parts(values) if value not in set(known)]


def _parts(values: Iterable[str]) -> list[str]:
    return sorted({part for value in values for part in value.split("|") if part})
