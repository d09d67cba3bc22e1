"""Room for more workloads of a size, as tables for the kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.schema.policy import FreeUnits
from optimiser.solve.problem import Problem


class UnitTable(NamedTuple):
    """Hard ``free_units`` rules.

    ``domain`` (rule, host) −1 not counted; ``size`` (rule, column) 0 for columns that do not
    matter; ``need`` (rule,) units in the best domain; ``room`` (rule, host) units on empty hosts;
    ``total`` (rule, domain) their sums.
    """

    domain: np.ndarray
    size: np.ndarray
    need: np.ndarray
    room: np.ndarray
    total: np.ndarray


def unit_table(problem: Problem) -> UnitTable:
    """Return the free units that a problem's rules ask for."""
    twin, found = problem.twin, []
    names = twin["resource"].values.astype(str).tolist()
    for rule in problem.rules:
        policy = rule.policy
        if not rule.is_hard or not isinstance(policy, FreeUnits):
            continue
        size = np.zeros(problem.rated.shape[1], dtype=np.int64)
        for name, amount in policy.size.items():
            size[problem.column_resource == names.index(name)] = amount
        counted = rule.hosts & twin["host_usable"].values
        domain = np.where(counted, rule.domain, -1)
        need = policy.count
        if rule.not_worse:
            load, today = np.zeros_like(problem.rated), problem.today
            running = today >= 0
            np.add.at(load, today[running], problem.use[problem.flavour[running]])
            need = min(need, int(_total(domain, _fit(problem.rated - load, size)).max()))
        found.append((domain, size, need, _fit(problem.rated, size)))
    totals = [_total(domain, room) for domain, _, _, room in found]
    total = np.zeros((len(found), max((len(t) for t in totals), default=0)), dtype=np.int64)
    for index, one in enumerate(totals):
        total[index, : len(one)] = one
    return UnitTable(
        domain=np.array([d for d, _, _, _ in found], np.int64).reshape(-1, problem.num_hosts),
        size=np.array([s for _, s, _, _ in found], np.int64).reshape(-1, problem.rated.shape[1]),
        need=np.array([n for _, _, n, _ in found], dtype=np.int64),
        room=np.array([r for _, _, _, r in found], np.int64).reshape(-1, problem.num_hosts),
        total=total,
    )


def _fit(left: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the units that fit into what is left (host, column)."""
    asked = size > 0
    fit = np.maximum(left[:, asked], 0) // size[asked]
    return np.asarray(fit.min(axis=1), dtype=np.int64)


def _total(domain: np.ndarray, room: np.ndarray) -> np.ndarray:
    counted = domain >= 0
    total = np.zeros(int(domain.max(initial=-1)) + 1 or 1, dtype=np.int64)
    np.add.at(total, domain[counted], room[counted])
    return total
