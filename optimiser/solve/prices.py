"""What stands in the way of a better plan, and what one more unit of it is worth a year.

Prices are the duals of a linear relaxation: exact for small changes of the relaxation, and a fair
guide for the plan. Only limits that the plan itself has used up are told.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimiser.errors import DcoptError
from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.schema.plan import Binding
from optimiser.schema.policy import Budget
from optimiser.solve.candidate import Candidate
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled
from optimiser.solve.prices_use import is_used_up
from optimiser.solve.problem import Problem
from optimiser.solve.settings import SolveResult, SolveSettings
from optimiser.solve.worker import solve
from optimiser.twin.spending import row_scale, unit_of
from optimiser.units import HOURS_PER_YEAR

MOST_BINDINGS = 12
MOST_CAPACITIES = 4
LARGEST_MODEL = 40_000
LEAST_WORTH = 0.005
"""Money a year below which a limit is not worth a line."""
RACK_KINDS = ("domain_capacity", "redundant_feed", "cooling_capacity", "inlet_temperature")
GROUP_KINDS = (
    "spread_max_per_domain",
    "spread_min_domains",
    "spread_max_skew",
    "anti_affinity",
    "affinity",
)
SINGLE_KINDS = {
    "max_moves": "moves",
    "move_budget": "unit",
    "max_hosts_on": "hosts",
    "min_hosts_on": "hosts",
    "budget": "unit",
}
"""Unit of kinds with one limit for the whole site."""
PRICED = (*RACK_KINDS, *GROUP_KINDS, *SINGLE_KINDS, "capacity", "headroom", "max_moves_per_service")
LARGER_UNITS = {"MiB": ("GiB", 1024.0), "MB": ("GB", 1000.0), "millicore": ("core", 1000.0)}
SINGULAR = {"replicas": "replica", "domains": "domain", "hosts": "host", "moves": "move"}

Duals = Mapping[tuple[str, ...], float]
"""Worth of one more unit over the horizon, by constraint and the words of its index."""


@dataclass(frozen=True)
class Limit:
    """One limit of the site as a person knows it: constraint, rule, place and unit."""

    constraint: str
    rule: str
    where: str
    unit: str


def read_duals(compiled: Compiled, result: SolveResult) -> dict[tuple[str, ...], float]:
    """Return what one more unit of the right-hand side of each priced row is worth [money].

    Keys are the constraint's name and the words of its index. Rows that do not bind are left out.
    """
    if result.row_dual is None:
        return {}
    found = {}
    for row in np.flatnonzero(result.row_dual < -1e-12).tolist():
        constraint = compiled.constraints[row]
        name = constraint.parent_component().name
        if name in PRICED:
            index = constraint.index()
            words = index if isinstance(index, tuple) else (index,)
            found[(name, *map(str, words))] = -float(result.row_dual[row])
    return found


def solve_duals(problem: Problem, time_limit_s: float = 20.0) -> dict[tuple[str, ...], float]:
    """Return duals of the relaxation that tells racks apart, or zones on a large site."""
    for levels in (("rack",), ("zone",)):
        grouping = group_hosts(problem.frame, levels)
        if grouping.num_groups * grouping.num_hosts > LARGEST_MODEL:
            continue
        compiled = compile_model(build(Instance(problem.frame, grouping)))
        settings = SolveSettings(time_limit_s=time_limit_s)
        return read_duals(compiled, solve(compiled.as_relaxation(), settings))
    return {}


def binding_prices(
    problem: Problem, candidate: Candidate, duals: Duals | None = None, time_limit_s: float = 20.0
) -> list[Binding]:
    """Return the limits that a plan has used up and that cost money, dearest first.

    ``duals`` are those of the bound (:func:`read_duals`); without them a relaxation is solved here
    within ``time_limit_s``. A limit holds at every step, so the duals of its steps add up; of
    classes of hosts of one kind the dearest counts. At most ``MOST_BINDINGS``, of them
    ``MOST_CAPACITIES`` about hosts.
    """
    if duals is None:
        try:
            duals = solve_duals(problem, time_limit_s)
        except DcoptError:  # a plan without prices is still a plan
            return []
    per_year = HOURS_PER_YEAR / float(problem.twin["period_h"].values.sum())
    parts: dict[tuple[Limit, str], float] = defaultdict(float)
    for key, value in duals.items():
        limit, factor = _limit_of(problem, key)
        parts[limit, key[1] if key[0] == "capacity" else ""] += value * factor * per_year
    worth: dict[Limit, float] = defaultdict(float)
    for (limit, _), amount in parts.items():
        worth[limit] = max(worth[limit], amount)
    held = is_used_up(problem, candidate)
    dear = [(w, limit) for limit, w in worth.items() if w >= LEAST_WORTH and held(limit)]
    dear.sort(key=lambda pair: -pair[0])
    return [_binding(problem, limit, amount) for amount, limit in _at_most(dear)]


def _at_most(dear: list[tuple[float, Limit]]) -> list[tuple[float, Limit]]:
    hosts = [pair for pair in dear if pair[1].constraint == "capacity"][MOST_CAPACITIES:]
    return [pair for pair in dear if pair not in hosts][:MOST_BINDINGS]


def _limit_of(problem: Problem, key: tuple[str, ...]) -> tuple[Limit, float]:
    """Return the limit behind a row and what its dual is multiplied by."""
    name, first, *rest = key
    if name == "capacity":
        host, resource = first, rest[0]
        unit, factor = _resource_unit(problem, resource)
        limit = Limit(name, resource, f"a host of kind {_kind(problem, host)}", unit)
        return limit, factor / _scale(problem, resource)
    if name in GROUP_KINDS:
        unit = "domains" if name in ("spread_min_domains", "affinity") else "replicas"
        return Limit(name, first, rest[0], unit), 1.0
    if name == "budget":
        return _budget_limit(problem, first)
    if name in SINGLE_KINDS:
        return Limit(name, first, "", SINGLE_KINDS[name]), 1.0
    if name == "max_moves_per_service":
        return Limit(name, first, rest[0], "moves"), 1.0
    rule = next((r for r in problem.rules if first == r.name), None)
    if rule is None:  # rows over rack power join the names of rule and place
        rule = max(
            (r for r in problem.rules if first.startswith(f"{r.name} ")),
            key=lambda r: len(r.name),
        )
        place = first.removeprefix(f"{rule.name} ")
        unit = "K" if name == "inlet_temperature" else "kW"
        return Limit(name, rule.name, place, unit), 1.0
    resource = rule.policy.resource  # type: ignore[union-attr]
    place = f"{rule.policy.domain} {rest[0]}"  # type: ignore[union-attr]
    if resource == "space":
        return Limit(name, rule.name, place, "U"), 1.0
    unit, factor = _resource_unit(problem, resource)
    return Limit(name, rule.name, place, unit), factor / _scale(problem, resource)


def _budget_limit(problem: Problem, name: str) -> tuple[Limit, float]:
    rule = next(r for r in problem.rules if r.name == name)
    assert isinstance(rule.policy, Budget)
    limit = Limit("budget", name, "", unit_of(rule.policy, problem.twin))
    return limit, 1.0 / row_scale(rule.limit)


def _index(problem: Problem, resource: str) -> int:
    return problem.twin["resource"].values.astype(str).tolist().index(resource)


def _scale(problem: Problem, resource: str) -> float:
    return float(problem.frame.scale[_index(problem, resource)])


def _resource_unit(problem: Problem, resource: str) -> tuple[str, float]:
    """Return the unit in which one more is worth telling, and how many of the site's it is."""
    unit = json.loads(problem.twin.attrs["resource_units"])[_index(problem, resource)]
    return LARGER_UNITS.get(unit, (unit, 1.0))


def _kind(problem: Problem, host: str) -> str:
    twin = problem.twin
    index = twin["host"].values.astype(str).tolist().index(host)
    return str(twin["kind"].values[twin["host_kind"].values[index]])


def _binding(problem: Problem, limit: Limit, price: float) -> Binding:
    unit = SINGULAR.get(limit.unit, limit.unit)
    return Binding(
        rule="capacity" if limit.constraint == "capacity" else limit.rule,
        where=limit.where or str(problem.twin.attrs["site"]),
        sentence=f"{_subject(limit, unit)} is worth {_money(price)} "
        f"{problem.twin.attrs['currency']} a year",
        price=price,
        unit=unit,
        method="dual",
    )


def _money(price: float) -> str:
    return f"{price:,.0f}" if price >= 10 else f"{price:,.2f}"


def _subject(limit: Limit, unit: str) -> str:
    rule, where = limit.rule, limit.where
    if limit.constraint == "capacity":
        return f"one more {unit} of {rule} on {where}"
    told = {
        "cooling_capacity": f"one more kW of cooling for {where} ('{rule}')",
        "inlet_temperature": f"one more kelvin at {where} ('{rule}')",
        "headroom": f"one {unit} less kept free in {where} ('{rule}')",
        "spread_max_per_domain": f"one more replica of {where} in each domain ('{rule}')",
        "spread_min_domains": f"one domain fewer for {where} ('{rule}')",
        "spread_max_skew": f"one more replica of difference for {where} ('{rule}')",
        "anti_affinity": f"letting one more of {where} be together ('{rule}')",
        "affinity": f"one more domain for {where} ('{rule}')",
        "max_moves": f"one more move than '{rule}' allows",
        "max_moves_per_service": f"one more move of {where} than '{rule}' allows",
        "move_budget": f"one more of the budget '{rule}'",
        "budget": f"one more {unit} of the budget '{rule}'",
        "max_hosts_on": f"one more host on than '{rule}' allows",
        "min_hosts_on": f"one host fewer on than '{rule}' asks for",
    }
    return told.get(limit.constraint, f"one more {unit} at {where} ('{rule}')")
