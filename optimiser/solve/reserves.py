"""Room that must stay free on hosts that are on, as tables for the kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.schema.policy import Headroom, SurviveDomain
from optimiser.solve.problem import Problem
from optimiser.twin.rules import Rule


class Reserve(NamedTuple):
    """One resource of one rule.

    ``domain`` (host,) −1 not counted; ``columns`` (step,) demand columns; ``num_domains`` those
    that have a reserve or may be lost: hosts in none that may be lost are in one more;
    ``excess`` (domain, step) what may be missing.
    """

    domain: np.ndarray
    columns: np.ndarray
    fraction: float
    amount: float
    num_domains: int
    excess: np.ndarray
    survives: bool


def reserves(problem: Problem) -> dict[str, np.ndarray]:
    """Return the reserves of the hard rules, as fields of the kernels' data."""
    found = [reserve for rule in problem.rules if rule.is_hard for reserve in _of(problem, rule)]
    num_hosts, num_steps = problem.num_hosts, len(problem.power_column)
    widest = max((len(r.excess) for r in found), default=0)
    excess = np.zeros((len(found), widest, num_steps))
    for index, reserve in enumerate(found):
        excess[index, : len(reserve.excess)] = reserve.excess
    return {
        "reserve_domain": np.array([r.domain for r in found], np.int64).reshape(-1, num_hosts),
        "reserve_column": np.array([r.columns for r in found], np.int64).reshape(-1, num_steps),
        "reserve_fraction": np.array([r.fraction for r in found], dtype=float),
        "reserve_amount": np.array([r.amount for r in found], dtype=float),
        "reserve_excess": excess,
        "reserve_num_domains": np.array([r.num_domains for r in found], dtype=np.int64),
        "reserve_survives": np.array([r.survives for r in found], dtype=np.bool_),
    }


def _of(problem: Problem, rule: Rule) -> list[Reserve]:
    names = problem.twin["resource"].values.astype(str).tolist()
    if isinstance(rule.policy, Headroom):
        return [_headroom(problem, rule, rule.policy, names.index(rule.policy.resource))]
    if isinstance(rule.policy, SurviveDomain):
        chosen = rule.policy.resources or names
        return [_survival(problem, rule, names.index(name)) for name in chosen]
    return []


def _headroom(problem: Problem, rule: Rule, policy: Headroom, resource: int) -> Reserve:
    domain = _numbered(np.where(rule.hosts, rule.domain, -1))
    columns = _columns_of(problem, resource)
    count = int(domain.max(initial=-1)) + 1
    excess = np.zeros((count, len(columns)))
    if rule.not_worse:
        capacity, used = _today(problem, domain, columns, count)
        room = capacity * (1.0 - policy.fraction)
        excess = np.maximum(used - room[:, None] + policy.amount, 0.0)
    return Reserve(domain, columns, policy.fraction, policy.amount, count, excess, False)


def _survival(problem: Problem, rule: Rule, resource: int) -> Reserve:
    domain, columns = _numbered(rule.domain), _columns_of(problem, resource)
    count = int(domain.max(initial=-1)) + 1
    domain = np.where(domain < 0, count, domain)
    excess = np.zeros((count + 1, len(columns)))
    if rule.not_worse:
        capacity, used = _today(problem, domain, columns, count + 1)
        left = capacity.sum() - capacity
        excess = np.maximum(used.sum(axis=0)[None, :] - left[:, None], 0.0)
    return Reserve(domain, columns, 0.0, 0.0, count, excess, True)


def _numbered(domain: np.ndarray) -> np.ndarray:
    """Return domains (H,) numbered without gaps, so that those without a host are left out."""
    used = np.unique(domain[domain >= 0])
    return np.where(domain >= 0, np.searchsorted(used, domain), -1)


def _today(
    problem: Problem, domain: np.ndarray, columns: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return today's capacity that is on (domain,) and use (domain, step)."""
    counted, today = domain >= 0, problem.today
    on = problem.today_on & counted
    capacity, used = np.zeros(count), np.zeros((count, len(columns)))
    np.add.at(capacity, domain[on], problem.rated[on, columns[0]])
    running = np.flatnonzero((today >= 0) & counted[today])
    amount = problem.use[problem.flavour[running]][:, columns]
    np.add.at(used, domain[today[running]], amount)
    return capacity, used


def _columns_of(problem: Problem, resource: int) -> np.ndarray:
    num_steps = len(problem.power_column)
    columns = np.flatnonzero(problem.column_resource == resource)
    return columns if len(columns) == num_steps else np.full(num_steps, columns[0])
