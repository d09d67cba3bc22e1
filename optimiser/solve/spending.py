"""Budgets in the search: what a plan spends, and prices that lead to plans that spend less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.schema.policy import Budget
from optimiser.solve.objective import host_power_w, rack_power_w, rack_prices
from optimiser.solve.problem import Problem
from optimiser.twin.rules import Rule
from optimiser.twin.spending import counted_hours, per_kw, per_litre_an_hour, resolution
from optimiser.twin.surrogate import marginal_w_per_w, surrogate_power

RISE, FALL = 2.0, 0.9
"""Factors of a price while its budget is exceeded, and while it is kept."""
FIRST = 0.25
"""First price of a budget: so large a share of the price of everything else."""


@dataclass(frozen=True)
class Spending:
    """Hard budgets side by side, called ``names``.

    ``per_kw`` and ``per_litre`` (budget, time) as in :mod:`optimiser.twin.spending`; for a budget
    of power the former is 1 where a period counts and ``is_power`` (budget,) is set. ``limit``
    (budget, time) is the largest amount, over all periods or in each.
    """

    names: tuple[str, ...]
    per_kw: np.ndarray
    per_litre: np.ndarray
    is_power: np.ndarray
    limit: np.ndarray

    def __len__(self) -> int:
        return len(self.limit)


def spending_of(problem: Problem) -> Spending:
    """Return the budgets of a problem."""
    rules = [r for r in problem.rules if r.is_hard and isinstance(r.policy, Budget)]
    twin, shape = problem.twin, (len(rules), problem.twin.sizes["time"])
    found = Spending(
        names=tuple(rule.name for rule in rules),
        per_kw=np.array([_per_kw(problem, r) for r in rules]).reshape(shape),
        per_litre=np.array([per_litre_an_hour(_policy(r), twin) for r in rules]).reshape(shape),
        is_power=np.array([_policy(r).measure == "power" for r in rules], dtype=bool),
        limit=np.zeros(shape),
    )
    step = np.array([resolution(rule.limit) for rule in rules])
    limit = np.repeat(np.array([rule.limit for rule in rules])[:, None], shape[1], axis=1)
    lenient = np.array([rule.not_worse for rule in rules], dtype=bool)
    if lenient.any():
        today = spent(problem, found, problem.today, problem.twin["host_on"].values.astype(bool))
        limit = np.where(lenient[:, None], np.maximum(limit, today), limit)
    # the checker compares whole steps, rounded down
    found.limit[:] = (np.floor(limit / step[:, None] + 1e-6) + 1.0) * step[:, None]
    return found


def _policy(rule: Rule) -> Budget:
    assert isinstance(rule.policy, Budget)
    return rule.policy


def _per_kw(problem: Problem, rule: Rule) -> np.ndarray:
    policy = _policy(rule)
    if policy.measure == "power":
        return counted_hours(policy, problem.twin).astype(float)
    return per_kw(policy, problem.twin)


def spent(problem: Problem, spending: Spending, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return what a placement spends (budget, time), sums repeated over all periods."""
    rack = _rack_by_time(problem, host, on)
    power_w, litres = surrogate_power(problem.surrogate, rack)
    drawn = spending.per_kw * (power_w / 1e3) + spending.per_litre * litres
    step = problem.twin["step_of_time"].values
    by_step = np.zeros((problem.twin.sizes["step"], len(spending)))
    np.maximum.at(by_step, step, drawn.T)
    total = np.repeat(drawn.sum(axis=1)[:, None], drawn.shape[1], axis=1)
    return np.where(spending.is_power[:, None], by_step.T[:, step], total)


def _rack_by_time(problem: Problem, host: np.ndarray, on: np.ndarray) -> np.ndarray:
    rack = rack_power_w(problem, host_power_w(problem, host, on))
    return rack[:, problem.twin["step_of_time"].values]


class Purse:
    """Prices of budgets for one line of search: they rise while a budget is exceeded.

    With them every watt costs more in the search, by what it takes from the budgets, until plans
    keep them. The objective of a plan stays what it is.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.spending = problem, spending_of(problem)
        self.price = np.zeros(len(self.spending))

    def holds(self, host: np.ndarray, on: np.ndarray) -> bool:
        """Whether a placement keeps every budget."""
        return not len(self.spending) or not self._excess(host, on).any()

    def exceeded(self, host: np.ndarray, on: np.ndarray) -> list[str]:
        """Return the names of the budgets that a placement exceeds."""
        if not len(self.spending):
            return []
        over = self._excess(host, on)
        return [name for name, is_over in zip(self.spending.names, over, strict=True) if is_over]

    def _excess(self, host: np.ndarray, on: np.ndarray) -> np.ndarray:
        over = spent(self.problem, self.spending, host, on) >= self.spending.limit
        return np.asarray(over.any(axis=1))

    def learn(self, host: np.ndarray, on: np.ndarray) -> bool:
        """Change the prices after a placement; return whether the search has to look at them."""
        if not len(self.spending):
            return False
        over = self._excess(host, on)
        first = FIRST * self._usual_price(host, on)
        raised = np.maximum(self.price * RISE, first)
        self.price = np.where(over, raised, np.where(self.price > first, self.price * FALL, 0.0))
        return bool(over.any())

    def _usual_price(self, host: np.ndarray, on: np.ndarray) -> np.ndarray:
        """Return the price at which a budget weighs as much as everything else (budget,)."""
        problem = self.problem
        amount = spent(problem, self.spending, host, on).max(axis=1)
        rack = rack_power_w(problem, host_power_w(problem, host, on))
        energy = float((rack * rack_prices(problem, host, on)).sum())
        rest = float(problem.host_on_cost[on].sum() + problem.move_cost.sum())
        return (energy + rest) / np.maximum(amount, 1e-9)

    def rack_price(self, host: np.ndarray, on: np.ndarray) -> np.ndarray:
        """Return what one watt of each rack takes from the budgets (rack, step), in money."""
        twin = self.problem.twin
        step = twin["step_of_time"].values
        price = np.zeros((twin.sizes["rack"], twin.sizes["step"]))
        if not self.price.any():
            return price
        rack = _rack_by_time(self.problem, host, on)
        slope = marginal_w_per_w(self.problem.surrogate, rack)
        _, litres = surrogate_power(self.problem.surrogate, rack)
        per_watt = float(litres.sum() / max(float(rack.sum()), 1.0))
        by_time = slope * (self._weight_of_time(host, on) / 1e3)
        by_time = by_time + per_watt * (self.price @ self.spending.per_litre)
        np.add.at(price.T, step, by_time.T)
        return price

    def _weight_of_time(self, host: np.ndarray, on: np.ndarray) -> np.ndarray:
        """Return what one kW in each period is worth (time,): at power, only where it is short."""
        amount = spent(self.problem, self.spending, host, on)
        short = amount >= self.spending.limit * 0.99
        counts = np.where(self.spending.is_power[:, None], short, True)
        return np.asarray(self.price @ (self.spending.per_kw * counts))
