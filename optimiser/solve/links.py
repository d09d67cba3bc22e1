"""Links between domains in the search: a test of whole plans, and a line that keeps them."""

from __future__ import annotations

import numpy as np

from optimiser.schema.policy import Fence, Flow, HostSelector, RoutingLatency, WorkloadSelector
from optimiser.solve.problem import Problem, lower
from optimiser.solve.routing import Routes, together
from optimiser.twin.flows import PARTS, crossing_mbit_s
from optimiser.twin.rules import Rule


class Links:
    """Tells whether a placement keeps the capacity of every link."""

    def __init__(self, problem: Problem) -> None:
        rules = [r for r in problem.rules if r.is_hard and isinstance(r.policy, Flow)]
        self._rules = [(rule, _limit(rule, problem.today)) for rule in rules]

    def holds(self, host: np.ndarray) -> bool:
        """Whether no link of a placement (workload,) carries more than it can."""
        return all(
            bool((in_parts(crossing_mbit_s(rule, host)) <= limit).all())
            for rule, limit in self._rules
        )


def kept_links(problem: Problem) -> Problem | None:
    """Return the problem with senders and receivers kept in their domains of today.

    There all else may move and links carry, and ways take, what they do today. Services of routes
    that take too long today are brought to places near each other instead. ``None`` where nothing
    is asked of traffic, or where today breaks a link.
    """
    rules = [r for r in problem.rules if r.is_hard and isinstance(r.policy, Flow | RoutingLatency)]
    today = problem.today
    if not rules or not Links(problem).holds(today):
        return None
    routes_hold = Routes(problem).holds(today)
    fences = [
        _kept(rule, today)
        if routes_hold or isinstance(rule.policy, Flow)
        else _gathered(rule, together(rule, problem))
        for rule in rules
    ]
    return lower(problem.twin, [*problem.rules, *fences], problem.weights)


def _kept(rule: Rule, today: np.ndarray) -> Rule:
    """Return the rule that workloads with traffic stay in the domain that they are in."""
    count = len(rule.domain_names)
    inside = (rule.group >= 0) & (today >= 0)
    allowed = rule.domain[None, :] == np.arange(count)[:, None]
    return _fence(rule, inside, allowed, np.where(inside, rule.domain[today], 0))


def _gathered(rule: Rule, domains: np.ndarray) -> Rule:
    """Return the rule that workloads with traffic are in some domains (domain,) bool."""
    inside = rule.group >= 0
    return _fence(rule, inside, domains[rule.domain][None], np.zeros(len(inside), dtype=int))


def _fence(rule: Rule, inside: np.ndarray, allowed: np.ndarray, which: np.ndarray) -> Rule:
    """Return a fence around the workloads ``inside`` (W,); ``which`` (W,) row of ``allowed``."""
    allowed = np.vstack([np.ones(allowed.shape[1], dtype=bool), allowed])
    return Rule(
        name=f"{rule.name} as today",
        kind="fence",
        policy=Fence(name=f"{rule.name}-today", workloads=WorkloadSelector(), hosts=HostSelector()),
        weight=None,
        not_worse=False,
        workloads=inside,
        hosts=np.ones(len(rule.domain), dtype=bool),
        allowed=allowed,
        allowed_class=np.where(inside, which + 1, 0).astype(np.int32),
    )


def _limit(rule: Rule, today: np.ndarray) -> np.ndarray:
    assert isinstance(rule.policy, Flow)
    limit = np.full((len(rule.domain_names), 2), in_parts(np.array(rule.policy.limit_mbit_s)))
    if rule.not_worse:
        limit = np.maximum(limit, in_parts(crossing_mbit_s(rule, today)))
    return limit


def in_parts(mbit_s: np.ndarray) -> np.ndarray:
    """Return rates in whole kbit/s, rounded down."""
    return np.floor(mbit_s * PARTS + 1e-6).astype(np.int64)
