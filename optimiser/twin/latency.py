"""How far workloads are from users and services: declared places against a table of distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from optimiser.schema.policy import Distance, Latency
from optimiser.twin.residency import Labels, distinct, parts_of


@dataclass(frozen=True)
class UserFacts:
    """Facts of a latency rule.

    ``of_host`` (H,) index into ``places``, names of places (empty: not known); ``of_workload`` (W,)
    index into ``users``, the places of a workload's users.
    """

    places: tuple[str, ...]
    of_host: np.ndarray
    users: tuple[tuple[str, ...], ...]
    of_workload: np.ndarray


def users_of(
    policy: Latency, host_labels: Sequence[Labels], row_labels: Sequence[Labels], row: np.ndarray
) -> UserFacts:
    """Return the facts of one rule; ``row`` (W,) is the row of labels of each workload."""
    places, of_host = distinct([labels.get(policy.place_label, "") for labels in host_labels])
    own = tuple(policy.users)
    users, of_row = distinct([own or parts_of(one.get(policy.users_label)) for one in row_labels])
    return UserFacts(tuple(places), of_host, tuple(users), of_row[row])


def near_places(policy: Latency, facts: UserFacts) -> np.ndarray:
    """Return whether each set of users is near each place (users, place) bool."""
    table = [[_is_near(policy, place, users) for place in facts.places] for users in facts.users]
    return np.array(table, dtype=bool).reshape(len(facts.users), len(facts.places))


def _is_near(policy: Latency, place: str, users: tuple[str, ...]) -> bool:
    return all(way_ms(policy, place, user) <= policy.limit_ms for user in users)


class Ways(Protocol):
    """What tells how long the ways between places take."""

    @property
    def distances(self) -> list[Distance]: ...

    @property
    def inside_ms(self) -> float: ...


def way_ms(policy: Ways, place: str, user: str) -> float:
    """Return the round trip between a host's place and a user's [ms]; infinite if not known."""
    if not place:
        return np.inf
    if place == user:
        return policy.inside_ms
    ways = [one.ms for one in policy.distances if {one.a, one.b} == {place, user}]
    return min(ways, default=np.inf)


def ways_ms(policy: Ways, places: Sequence[str], num_known: int) -> np.ndarray:
    """Return the round trips between places (place, place) [ms], infinite where not known.

    Only the first ``num_known`` are places; what comes after is nowhere in particular, hence far
    from everything and from itself.
    """
    names = [*places[:num_known], *("" for _ in places[num_known:])]
    table = [[way_ms(policy, one, other) for other in names] for one in names]
    return np.array(table, dtype=float).reshape(len(names), len(names))
