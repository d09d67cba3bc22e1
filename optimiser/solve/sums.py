"""Limits on the sum of a resource, or of rack units that are on, over a domain, for the kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optimiser.schema.policy import DomainCapacity, GroupCapacity
from optimiser.twin.rules import Rule

if TYPE_CHECKING:
    from optimiser.solve.problem import Problem

SPACE = -1


class SumTable(NamedTuple):
    """Hard ``domain_capacity`` rules about anything but power, and ``group_capacity``.

    ``domain`` (rule, host) −1 not counted; ``group`` (rule, workload) −1 not counted, 0 for all
    where groups do not matter; ``column`` (rule, step) demand column, or ``SPACE`` for rack units
    of hosts that are on; ``units`` (rule, host) rack units; ``limit`` (rule, cell, step) the
    largest sum, cell ``group · width + domain`` with ``width`` (rule,) domains.
    """

    domain: np.ndarray
    group: np.ndarray
    width: np.ndarray
    column: np.ndarray
    units: np.ndarray
    limit: np.ndarray


def sum_table(problem: Problem) -> SumTable:
    """Return the sums of a problem's rules."""
    chosen = [
        (rule, rule.policy)
        for rule in problem.rules
        if rule.is_hard
        and isinstance(rule.policy, DomainCapacity | GroupCapacity)
        and rule.policy.resource != "power"
    ]
    num_hosts, num_steps = problem.num_hosts, len(problem.power_column)
    widths = [len(rule.domain_names) for rule, _ in chosen]
    cells = [w * max(1, len(r.group_names)) for w, (r, _) in zip(widths, chosen, strict=True)]
    table = SumTable(
        domain=np.full((len(chosen), num_hosts), -1, dtype=np.int64),
        group=np.zeros((len(chosen), problem.num_workloads), dtype=np.int32),
        width=np.array(widths, dtype=np.int64),
        column=np.full((len(chosen), num_steps), SPACE, dtype=np.int64),
        units=np.zeros((len(chosen), num_hosts)),
        limit=np.full((len(chosen), max(cells, default=0), num_steps), np.inf),
    )
    for index, (rule, policy) in enumerate(chosen):
        _fill(problem, rule, policy, table, index)
    return table


def _fill(
    problem: Problem,
    rule: Rule,
    policy: DomainCapacity | GroupCapacity,
    table: SumTable,
    index: int,
) -> None:
    twin, count = problem.twin, len(rule.domain_names)
    domain = np.where(rule.hosts, rule.domain, -1)
    counted = domain >= 0
    table.domain[index] = domain
    if policy.resource == "space":
        table.units[index] = twin["kind_rack_units"].values[twin["host_kind"].values]
        rating = _heights(problem, rule, count)
    else:
        names = twin["resource"].values.astype(str).tolist()
        columns = np.flatnonzero(problem.column_resource == names.index(policy.resource))
        table.column[index] = columns if len(columns) > 1 else columns[0]
        offered = problem.rated[:, columns[0]]
        rating = np.bincount(domain[counted], weights=offered[counted], minlength=count)
    if policy.limit is not None:
        rating = np.full(count, policy.limit)
    if isinstance(policy, GroupCapacity):
        table.group[index] = rule.group
    num_groups = max(1, len(rule.group_names))
    limit = np.tile(np.floor(rating * policy.limit_fraction + 1e-6), num_groups)[:, None]
    if rule.not_worse:
        limit = np.maximum(limit, _today(problem, table, index, count * num_groups))
    table.limit[index, : count * num_groups] = limit


def _heights(problem: Problem, rule: Rule, count: int) -> np.ndarray:
    """Return the height of the racks of each domain [U]."""
    rack, inside = problem.twin["host_rack"].values, rule.domain >= 0
    pairs = np.unique(np.column_stack([rule.domain[inside], rack[inside]]), axis=0)
    heights = problem.twin["rack_units"].values[pairs[:, 1]]
    return np.floor(np.bincount(pairs[:, 0], weights=heights, minlength=count) + 1e-6)


def _today(problem: Problem, table: SumTable, index: int, count: int) -> np.ndarray:
    """Return today's sum of each cell (cell, step)."""
    domain, columns = table.domain[index], table.column[index]
    total = np.zeros((count, len(columns)))
    if columns[0] == SPACE:
        on = problem.today_on & (domain >= 0)
        np.add.at(total, domain[on], table.units[index][on][:, None])
        return total
    today = problem.today
    group = table.group[index]
    running = np.flatnonzero((today >= 0) & (domain[today] >= 0) & (group >= 0))
    cell = group[running] * table.width[index] + domain[today[running]]
    np.add.at(total, cell, problem.use[problem.flavour[running]][:, columns])
    return total
