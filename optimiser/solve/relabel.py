"""Which of several interchangeable workloads goes where: as few as can be move, and not far.

Replicas of one service that ask for the same and stand under the same rules may trade places
without changing a plan's cost. A search does not look at who is who, and leaves replicas that pass
each other from rack to rack; in an order of moves they then wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import xarray as xr

from optimiser.distinct import distinct_rows
from optimiser.solve.candidate import Candidate
from optimiser.solve.problem import Problem

PER_WORKLOAD = ("group", "workloads", "amount", "allowed_class")
"""Arrays of a rule that say what a workload is to it."""


def relabel(problem: Problem, plan: Candidate, rules: Iterable[object] = ()) -> Candidate:
    """Return the plan with interchangeable workloads where most of them stay, then in their domain.

    ``rules`` are further ones, such as those about the order of moves. Terms and penalty are the
    plan's; the caller checks them where moves between certain hosts have a price of their own.
    """
    if len(problem.place.class_cost):  # who moves from where has a price
        return plan
    kind = _interchangeable(problem, rules)
    today, goal = problem.today.astype(np.int64), plan.host.astype(np.int64)
    site = _signature(problem)
    taker, giver = np.arange(len(goal)), np.arange(len(goal))
    taken_from = np.full(len(goal), -1)
    for place in (np.arange(problem.num_hosts), site, np.zeros(problem.num_hosts, dtype=np.int64)):
        one, other = _matched(
            _key(kind[taker], today[taker], place), _key(kind[giver], goal[giver], place)
        )
        taken_from[taker[one]] = giver[other]
        taker, giver = np.delete(taker, one), np.delete(giver, other)
    one, other = _matched(kind[taker], kind[giver])  # those that run nowhere, today or later
    taken_from[taker[one]] = giver[other]
    return replace(plan, host=plan.host[taken_from], devices=plan.devices[taken_from])


def _key(kind: np.ndarray, host: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return a number for kind and place (n,), −1 where a workload runs nowhere."""
    return np.where(host >= 0, kind * (int(place.max()) + 1) + place[np.maximum(host, 0)], -1)


def _matched(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions in both arrays that have equal keys, each used once; −1 matches nothing."""
    _, first, second = np.intersect1d(
        _numbered(one), _numbered(other), assume_unique=True, return_indices=True
    )
    known = one[first] >= 0
    return first[known], second[known]


def _numbered(key: np.ndarray) -> np.ndarray:
    """Return keys made unique: the k-th equal one of an array is the k-th of another."""
    order = np.argsort(key, kind="stable")
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.searchsorted(key[order], key[order])
    return key.astype(np.int64) * (len(key) + 1) + rank if len(key) else key.astype(np.int64)


def _signature(problem: Problem) -> np.ndarray:
    """Return a number for each host (host,): equal where all domains larger than a host are."""
    table = problem.counts
    wide = table.domain[table.num_domains < problem.num_hosts]
    rows = np.column_stack([problem.twin["host_rack"].values[:, None], wide.T])
    return distinct_rows(rows)[1]


def _interchangeable(problem: Problem, rules: Iterable[object]) -> np.ndarray:
    """Return a class for each workload (workload,); those of a class may trade places."""
    twin: xr.Dataset = problem.twin
    count = problem.num_workloads
    columns = [
        variable.values
        for name, variable in twin.data_vars.items()
        if variable.dims == ("workload",) and name != "workload_host"
    ]
    for rule in [*_parts(problem.rules), *rules]:
        arrays = [getattr(rule, name, None) for name in PER_WORKLOAD]
        arrays.append(getattr(getattr(rule, "facts", None), "of_workload", None))
        columns += [one for one in arrays if one is not None and np.shape(one) == (count,)]
    columns += [problem.eligibility.of_workload, problem.frame.serving.is_optional]
    kind = np.zeros(count, dtype=np.int64)
    for column in columns:  # one after the other: the product of all would not fit a number
        number = np.unique(column, return_inverse=True)[1].reshape(-1)
        kind = np.unique(kind * (int(number.max(initial=0)) + 1) + number, return_inverse=True)[1]
        kind = kind.reshape(-1)
    return kind


def _parts(rules: Iterable[object]) -> Iterable[object]:
    for rule in rules:
        yield rule
        yield from _parts(getattr(rule, "parts", ()))
