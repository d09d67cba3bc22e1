"""What a placement costs by load and by moves: prices lowered to arrays, and the exact terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.schema.study import BalancePrice, SafetyPrice, Weights

TERMS = ("safety_load", "balance", "service_moves", "host_moves")


@dataclass(frozen=True)
class PlacementCost:
    """Prices of load and moves, as arrays.

    ``safety_limit`` (price, host) int64 amounts, ``safety_column`` (price, step) demand columns;
    ``balance_column`` and ``balance_per`` (price, step) the columns of both sides; prices are
    money over the horizon, ``service_price`` and ``class_cost`` (move class, move class) already
    spread over the days that a plan stays in force. ``service`` (workload,) and ``move_class``
    (host,) index, −1 none.
    """

    safety_limit: np.ndarray
    safety_column: np.ndarray
    safety_price: np.ndarray
    balance_column: np.ndarray
    balance_per: np.ndarray
    balance_ratio: np.ndarray
    balance_price: np.ndarray
    service: np.ndarray
    service_price: float
    move_class: np.ndarray
    class_cost: np.ndarray

    @property
    def is_by_load(self) -> bool:
        """Whether the load of single hosts has a price."""
        return bool(len(self.safety_price) or len(self.balance_price))

    @property
    def is_active(self) -> bool:
        """Whether anything has a price."""
        return self.is_by_load or self.service_price > 0.0 or bool((self.class_cost > 0.0).any())

    def by_load(self, load: np.ndarray, rated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return safety and balance cost of each host (host,) at loads (host, column) int64."""
        safety, balance = np.zeros(len(load)), np.zeros(len(load))
        for limit, column, price in zip(
            self.safety_limit, self.safety_column, self.safety_price, strict=True
        ):
            above = load[:, column].max(axis=1) - limit
            safety += price * np.maximum(above, 0)
        free = rated - load
        for column, per, ratio, price in zip(
            self.balance_column, self.balance_per, self.balance_ratio, self.balance_price,
            strict=True,
        ):  # fmt: skip
            missing = (ratio * free[:, per] - free[:, column]).max(axis=1)
            balance += price * np.maximum(missing, 0)
        return safety, balance

    def terms(
        self, load: np.ndarray, rated: np.ndarray, today: np.ndarray, host: np.ndarray
    ) -> dict[str, float]:
        """Return the terms of a placement, in money over the horizon.

        ``load`` and ``rated`` (host, column) int64, ``today`` and ``host`` (workload,). Sums of
        whole prices and amounts are exact up to 2**53.
        """
        away = (today >= 0) & (host != today)
        moved = np.bincount(self.service[away], minlength=1)
        safety, balance = self.by_load(load, rated)
        between = 0.0
        if len(self.class_cost):
            placed = away & (host >= 0)
            pair = self.move_class[today[placed]], self.move_class[host[placed]]
            between = float(self.class_cost[pair].sum())
        return {
            "safety_load": float(safety.sum()),
            "balance": float(balance.sum()),
            "service_moves": float(moved.max()) * self.service_price,
            "host_moves": between,
        }

    def floor(self, load: np.ndarray, rated: np.ndarray) -> float:
        """Return what every placement costs at least, in money over the horizon.

        All hosts count as one: each cost is convex in the load of a host, so that of the sum is
        not above the sum of the costs. ``load`` (column,) of all workloads, ``rated`` (host,
        column). Sums over hosts at one step do not exceed the sum of their worst steps.
        """
        total = 0.0
        for limit, column, price in zip(
            self.safety_limit, self.safety_column, self.safety_price, strict=True
        ):
            total += price * max(0, int((load[column] - limit.sum()).max()))
        free = rated.sum(axis=0) - load
        for column, per, ratio, price in zip(
            self.balance_column, self.balance_per, self.balance_ratio, self.balance_price,
            strict=True,
        ):  # fmt: skip
            total += price * max(0, int((ratio * free[per] - free[column]).max()))
        return total


def placement_cost(
    twin: xr.Dataset, weights: Weights, column_resource: np.ndarray, num_steps: int
) -> PlacementCost:
    """Return the prices of a study as arrays; see :class:`optimiser.solve.problem.Problem`."""
    names = [str(name) for name in twin["resource"].values]
    share = float(twin["period_h"].values.sum()) / 24.0 / weights.hold_days

    def columns(resources: Sequence[str]) -> np.ndarray:
        found = [np.flatnonzero(column_resource == names.index(r)) for r in resources]
        wide = [c if len(c) == num_steps else np.full(num_steps, c[0]) for c in found]
        return np.array(wide, dtype=np.int64).reshape(len(wide), num_steps)

    safety: list[SafetyPrice] = [p for p in weights.safety if p.price > 0]
    balance: list[BalancePrice] = [p for p in weights.balance if p.price > 0]
    limit = [twin["host_safety"].values[:, names.index(p.resource)] for p in safety]
    return PlacementCost(
        safety_limit=np.array(limit, dtype=np.int64).reshape(len(safety), twin.sizes["host"]),
        safety_column=columns([p.resource for p in safety]),
        safety_price=np.array([p.price for p in safety], dtype=float),
        balance_column=columns([p.resource for p in balance]),
        balance_per=columns([p.per for p in balance]),
        balance_ratio=np.array([p.ratio for p in balance], dtype=np.int64),
        balance_price=np.array([p.price for p in balance], dtype=float),
        service=twin["workload_service"].values.astype(np.int64),
        service_price=weights.service_move_cost * share,
        move_class=twin["host_move_class"].values.astype(np.int64),
        class_cost=twin["move_class_cost"].values * weights.host_move_weight * share,
    )
