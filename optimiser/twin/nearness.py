"""Which rules ask for workloads near others, and which domains are near each other."""

from __future__ import annotations

import numpy as np

from optimiser.schema.policy import Dependency, Latency
from optimiser.twin.rules import Rule


def is_nearness(rule: Rule) -> bool:
    """Whether a rule asks for workloads of services near others."""
    policy = rule.policy
    return isinstance(policy, Dependency) or (isinstance(policy, Latency) and bool(policy.services))


def asks_for_all(rule: Rule) -> bool:
    """Whether every workload of a service must be near, not just one."""
    return isinstance(rule.policy, Latency) and rule.policy.near_to == "all"


def near_domains(rule: Rule) -> np.ndarray:
    """Return which domains of a latency rule are near each other (domain, domain) bool."""
    assert isinstance(rule.policy, Latency)
    return np.asarray(rule.ways_ms <= rule.policy.limit_ms)


def lacking(rule: Rule, members: np.ndarray) -> np.ndarray:
    """Return in which domains a group counts as not near (group, domain) bool.

    ``members`` (group, domain) are the placed workloads of each group.
    """
    if isinstance(rule.policy, Dependency):
        return members == 0
    near = near_domains(rule)
    if asks_for_all(rule):
        return members @ ~near > 0
    return members @ near == 0
