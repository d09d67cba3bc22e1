"""Small seeded models that several bridge tests share."""

from __future__ import annotations

import itertools

import numpy as np

from optimiser.solve.compiled import Compiled, build_compiled


def make_knapsack(seed: int, columns: int = 12, rows: int = 3) -> Compiled:
    """A random multi-dimensional knapsack with integer data, to maximise."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(0, 60, (rows, columns)).astype(float)
    cost = rng.integers(10, 100, columns).astype(float)
    return build_compiled(matrix, -np.inf, matrix.sum(axis=1) // 3, 0, 1, cost, True, sense=-1)


def make_hard(seed: int = 1, columns: int = 200, rows: int = 60) -> Compiled:
    """A knapsack that HiGHS does not close within a test's patience but improves often."""
    rng = np.random.default_rng(seed)
    filled = rng.random((rows, columns)) < 0.2
    matrix = filled * rng.integers(1, 60, (rows, columns)).astype(float)
    cost = rng.integers(10, 100, columns).astype(float)
    return build_compiled(matrix, -np.inf, matrix.sum(axis=1) // 3, 0, 1, cost, True, sense=-1)


def make_mixed(seed: int) -> Compiled:
    """A random model with all kinds of rows and senses, whole columns in 0..3."""
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    matrix = rng.integers(-9, 10, (rows, columns)).astype(float)
    lower = rng.integers(-30, 10, rows).astype(float)
    upper = lower + rng.integers(0, 40, rows)
    lower[rng.random(rows) < 0.4] = -np.inf
    upper[rng.random(rows) < 0.4] = np.inf
    cost = rng.integers(-20, 21, columns).astype(float)
    offset, sense = float(rng.integers(-50, 50)), int(rng.choice([1, -1]))
    top = rng.integers(0, 4, columns).astype(float)
    return build_compiled(matrix, lower, upper, 0, top, cost, True, offset, sense)


def make_wild(seed: int) -> Compiled:
    """A badly scaled model with free columns, mixed kinds and both senses."""
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 8)), int(rng.integers(1, 10))
    size = 10.0 ** rng.integers(-2, 3)
    matrix = np.round(rng.normal(size=(rows, columns)) * size, 3)
    matrix *= rng.random((rows, columns)) < 0.6
    lower = np.round(rng.normal(size=rows) * 5, 2)
    upper = lower + np.round(rng.random(rows) * 8, 2) * (rng.random(rows) < 0.8)
    lower[rng.random(rows) < 0.5] = -np.inf
    upper[rng.random(rows) < 0.4] = np.inf
    bottom = np.where(rng.random(columns) < 0.3, -np.inf, -rng.integers(0, 4, columns))
    top = np.where(rng.random(columns) < 0.4, np.inf, rng.integers(0, 5, columns))
    cost = np.round(rng.normal(size=columns), 2) * (rng.random(columns) < 0.7)
    whole = rng.random(columns) < rng.choice([0, 0.5])
    sense = int(rng.choice([1, -1]))
    return build_compiled(matrix, lower, upper, bottom, top, cost, whole, 0.3, sense)


def enumerate_best(model: Compiled) -> float | None:
    """The true optimum of an all-whole model with small bounds, by trying every point."""
    ranges = [
        range(int(a), int(b) + 1) for a, b in zip(model.col_lower, model.col_upper, strict=True)
    ]
    points = np.array(list(itertools.product(*ranges)), dtype=float)
    dense = np.zeros((model.num_row, model.num_col))
    dense[model.index, model.entry_column] = model.value
    sums = points @ dense.T
    legal = ((sums >= model.row_lower) & (sums <= model.row_upper)).all(axis=1)
    if not legal.any():
        return None
    values = points[legal] @ model.cost + model.offset
    return float(values.min() if model.sense == 1 else values.max())
