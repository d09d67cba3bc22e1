"""What each group present on a host costs there, as tables for the kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.schema.policy import PresenceOverhead, ResponseTime
from optimiser.solve.problem import Problem
from optimiser.twin.rules import Rule


class Overheads(NamedTuple):
    """Hard ``presence_overhead`` and ``response_time`` rules among the counting rules.

    ``amount`` (counting rule, host or none) of each group, 0 for other rules; ``column`` (rule,
    step) demand column; ``limit`` (rule, host or none, step) what a host may carry, overheads
    included.
    """

    amount: np.ndarray
    column: np.ndarray
    limit: np.ndarray


def overheads(problem: Problem) -> Overheads:
    """Return the overheads of a problem's counting rules."""
    rules, num_steps = problem.counts.rules, len(problem.power_column)
    has_any = any(isinstance(rule.policy, PresenceOverhead | ResponseTime) for rule in rules)
    num_hosts = problem.num_hosts if has_any else 0
    table = Overheads(
        amount=np.zeros((len(rules), num_hosts), dtype=np.int64),
        column=np.zeros((len(rules), num_steps), dtype=np.int64),
        limit=np.zeros((len(rules), num_hosts, num_steps), dtype=np.int64),
    )
    names = problem.twin["resource"].values.astype(str).tolist()
    for index, rule in enumerate(rules):
        if not isinstance(rule.policy, PresenceOverhead | ResponseTime):
            continue
        columns = np.flatnonzero(problem.column_resource == names.index(rule.policy.resource))
        table.amount[index] = rule.overhead
        table.column[index] = columns if len(columns) > 1 else columns[0]
        limit = problem.rated[:, table.column[index]]
        if rule.not_worse:
            limit = np.maximum(limit, _today(problem, rule, table, index))
        table.limit[index] = limit
    return table


def _today(problem: Problem, rule: Rule, table: Overheads, index: int) -> np.ndarray:
    """Return what each host carries today, overheads included (host, step)."""
    today = problem.today
    total = np.zeros((problem.num_hosts, table.column.shape[1]), dtype=np.int64)
    running = np.flatnonzero(today >= 0)
    use = problem.use[problem.flavour[running]][:, table.column[index]]
    np.add.at(total, today[running], use)
    grouped = running[rule.group[running] >= 0]
    pairs = np.unique(np.column_stack([rule.group[grouped], today[grouped]]), axis=0)
    crowd = np.bincount(pairs[:, 1], minlength=problem.num_hosts)
    return total + (table.amount[index] * crowd)[:, None]
