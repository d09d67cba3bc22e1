"""Traffic that crosses the link of each domain at a placement."""

from __future__ import annotations

import numpy as np

from optimiser.schema.policy import Flow
from optimiser.twin.rules import Rule

PARTS = 1000
"""Rates are compared in kbit/s, rounded down."""


def group_sizes(rule: Rule) -> np.ndarray:
    """Return the replicas of each service of a rule (group,), with or without a host."""
    return np.bincount(rule.group[rule.group >= 0], minlength=len(rule.group_names))


def shares(rule: Rule, host: np.ndarray) -> np.ndarray:
    """Return the share of each service in each domain (group, domain) at a placement (W,)."""
    table = np.zeros((len(rule.group_names), len(rule.domain_names)))
    placed = (rule.group >= 0) & (host >= 0)
    np.add.at(table, (rule.group[placed], rule.domain[host[placed]]), 1.0)
    return table / np.maximum(group_sizes(rule), 1)[:, None]


def crossing_mbit_s(rule: Rule, host: np.ndarray) -> np.ndarray:
    """Return what leaves and what enters each domain (domain, 2) [Mbit/s] at a placement (W,).

    Of the traffic T from A to B, domain d sends out :math:`T (a_d - b_d)^+` and takes in
    :math:`T (b_d - a_d)^+` with its shares a and b of the two services.
    """
    policy, share = rule.policy, shares(rule, host)
    assert isinstance(policy, Flow)
    rate = np.array([one.mbit_s for one in policy.traffic])[:, None]
    surplus = rate * (share[rule.needs[:, 0]] - share[rule.needs[:, 1]])
    out, into = np.maximum(surplus, 0.0).sum(axis=0), np.maximum(-surplus, 0.0).sum(axis=0)
    return np.column_stack([out, into])
