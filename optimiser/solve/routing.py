"""Routes between services in the search: a test of whole plans, and places near each other."""

from __future__ import annotations

import numpy as np

from optimiser.schema.policy import RoutingLatency
from optimiser.solve.problem import Problem
from optimiser.twin.routing import is_near, route
from optimiser.twin.rules import Rule


class Routes:
    """Tells whether a placement keeps the limit of every route."""

    def __init__(self, problem: Problem) -> None:
        rules = [r for r in problem.rules if r.is_hard and isinstance(r.policy, RoutingLatency)]
        self._rules = [(rule, _most(rule, problem.today)) for rule in rules]

    def holds(self, host: np.ndarray) -> bool:
        """Whether no route of a placement (workload,) takes too long."""
        return all(
            one.cost <= limit
            for rule, most in self._rules
            for one, limit in zip(route(rule, host), most, strict=True)
        )


def _most(rule: Rule, today: np.ndarray) -> list[int]:
    """Return what the routing of each route may cost: the limit, or today's where excused."""
    return [max(one.limit, one.cost if rule.not_worse else 0) for one in route(rule, today)]


def together(rule: Rule, problem: Problem) -> np.ndarray:
    """Return the largest set of places that are near each other (place,) bool, none if none are.

    Services that are all in them keep any limit. From each place on, the place with most capacity
    that is near all of the set is added until none is left; of all sets that with most is taken.
    """
    assert isinstance(rule.policy, RoutingLatency)
    near = is_near(rule.policy, rule.ways_ms)
    usable = problem.eligibility.allowed.any(axis=0)
    share = (problem.rated / np.maximum(problem.rated.sum(axis=0), 1)).sum(axis=1) * usable
    room = np.bincount(rule.domain, weights=share, minlength=len(rule.domain_names))
    best = np.zeros(len(room), dtype=bool)
    for place in np.flatnonzero(near.diagonal()).tolist():
        found = np.zeros(len(room), dtype=bool)
        found[place] = True
        for other in np.argsort(-room, kind="stable").tolist():
            if near[other, other] and near[other][found].all() and near[:, other][found].all():
                found[other] = True
        if room[found].sum() > room[best].sum():
            best = found
    return best
