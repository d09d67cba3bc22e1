"""Worths of shares of a device: no way to fill one exceeds 1, and none are better."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from optimiser.solve.device_weights import best_way, device_weights

ROOM = 24


def _ways(sizes: np.ndarray) -> np.ndarray:
    """Return every way to fill a device (w, s), by trying all."""
    counts = [range(ROOM // size + 1) for size in sizes.tolist()]
    ways = np.array(list(itertools.product(*counts)))
    return ways[ways @ sizes <= ROOM]


def _draw(seed: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    rng = np.random.default_rng(seed)
    sizes = np.sort(rng.choice(np.arange(5, ROOM), rng.integers(1, 5), replace=False))
    return sizes, rng.integers(1, 30, len(sizes)), int(rng.integers(3, 30)), int(rng.integers(0, 9))


@pytest.mark.parametrize("seed", range(40))
def test_no_way_to_fill_a_device_is_worth_more_than_one(seed: int) -> None:
    """Whatever is asked for, checked on all ways."""
    sizes, supply, devices, whole = _draw(seed)
    worth = device_weights(sizes, supply, ROOM, devices, whole)
    assert len(worth) >= 1
    assert (_ways(sizes) @ worth.T).max() <= 1.0 + 1e-12


@pytest.mark.parametrize("seed", range(40))
def test_worths_prove_what_all_ways_together_prove(seed: int) -> None:
    """The fewest devices for all, and the most of few devices, as by a program over all ways."""
    sizes, supply, devices, whole = _draw(seed)
    worth, ways = device_weights(sizes, supply, ROOM, devices, whole), _ways(sizes)
    fewest = linprog(np.ones(len(ways)), A_ub=-ways.T, b_ub=-supply).fun
    assert worth[0] @ supply == pytest.approx(fewest, rel=1e-4)
    given = np.append(ways @ sizes / ROOM, 1.0)
    rows = np.vstack([np.hstack([ways.T, np.zeros((len(sizes), 1))]), np.ones(len(ways) + 1)])
    limits = [(0.0, None)] * len(ways) + [(0.0, whole)]
    most = -linprog(-given, A_ub=rows, b_ub=[*supply, devices], bounds=limits).fun
    limits = [*((0.0, count) for count in supply), (0.0, whole)]
    ours = np.hstack([worth, np.ones((len(worth), 1))])
    found = -linprog(
        -np.append(sizes / ROOM, 1.0), A_ub=ours, b_ub=[devices] * len(ours), bounds=limits
    ).fun
    assert found == pytest.approx(most, rel=1e-4)


def test_the_best_way_is_the_best_of_all() -> None:
    """On random worths, and what is returned fits."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        sizes = np.sort(rng.choice(np.arange(4, ROOM), 4, replace=False))
        worth = rng.random(4)
        most, way = best_way(sizes, ROOM, worth)
        assert most == pytest.approx((_ways(sizes) @ worth).max())
        assert way @ worth == pytest.approx(most) and way @ sizes <= ROOM


def test_shares_too_fine_are_left_alone() -> None:
    """A device of a million units is not searched unit by unit."""
    assert len(device_weights(np.array([1, 333_333]), np.array([5, 5]), 1_000_000, 3)) == 0


def test_without_shares_there_is_nothing_to_say() -> None:
    """Whole devices need no worth."""
    nothing = np.zeros(0, dtype=int)
    assert device_weights(nothing, nothing, 100, 4, 9).shape == (0, 0)
