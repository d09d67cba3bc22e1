"""Count rules with all cells in memory and with those in use only say the same."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from instances.random_sites import random_site

from optimiser.schema.study import Weights
from optimiser.solve import counts
from optimiser.solve.counts import CountTable
from optimiser.solve.precheck import precheck
from optimiser.solve.problem import Problem, lower
from optimiser.solve.search import Searcher


def _lower(seed: int, most_dense: int) -> Problem:
    _, twin, rules = random_site(seed)
    with mock.patch.object(counts, "MOST_DENSE", most_dense):
        return lower(twin, rules, Weights())


def _cells(table: CountTable, rule: int) -> np.ndarray:
    return np.arange(int(table.num_groups[rule] * table.num_domains[rule]))


def _searched(problem: Problem) -> list[np.ndarray]:
    """Return the placement after each kind of step that moves workloads."""
    searcher, found = Searcher(problem), []
    left = searcher.load(problem.today, problem.today_on)
    found.append(left)
    searcher.place(left, 1)
    for steps in (lambda: searcher.run(30, 0.04, 0.01, 2), lambda: searcher.settle(3000, 0.05, 3)):
        steps()
        assert searcher.state is not None
        found.append(searcher.state.host.copy())
    return [*found, np.array([searcher.is_legal])]


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_sparse_cells_search_as_dense_ones_do(first: int):
    """The same seeds lead to the same placements, whichever way counts are kept."""
    sparse_rules = 0
    for seed in range(first, first + 10):
        dense, sparse = _lower(seed, 2**27), _lower(seed, -1)
        assert not (dense.counts.offset < 0).any()
        sparse_rules += int((sparse.counts.offset < 0).sum())
        for one, other in zip(_searched(dense), _searched(sparse), strict=True):
            assert np.array_equal(one, other), seed
        assert precheck(dense) == precheck(sparse)
    assert sparse_rules > 0


def test_limits_of_sparse_cells():
    """Every cell has the limit of its group, or what is excused today."""
    excused = 0
    for seed in range(60):
        dense, sparse = _lower(seed, 2**27).counts, _lower(seed, -1).counts
        excused += len(sparse.excused)
        for rule in range(len(dense.rules)):
            cells = _cells(dense, rule)
            assert np.array_equal(dense.limit_of(rule, cells), sparse.limit_of(rule, cells))
            alive = np.arange(int(dense.num_domains[rule])) % 2 == 0
            assert np.array_equal(dense.room_of(rule, alive), sparse.room_of(rule, alive))
    assert excused > 0


def test_rules_about_skew_stay_dense():
    """The fullest and the emptiest domain of a group are read from all of its cells."""
    skewed = 0
    for seed in range(60):
        table = _lower(seed, -1).counts
        has_skew = (table.skew < counts.NO_LIMIT).any(axis=1)
        skewed += int(has_skew.sum())
        assert (table.offset[has_skew] >= 0).all()
    assert skewed > 0
