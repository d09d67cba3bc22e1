"""The transportation problem: against a linear program, and against every routing by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from optimiser.twin.transport import cheapest_transport


def by_linear_program(supply, demand, cost):
    """Return the least cost by an LP solver."""
    sources, sinks = cost.shape
    out = np.kron(np.eye(sources), np.ones(sinks))
    into = np.kron(np.ones(sources), np.eye(sinks))
    both = np.append(supply, demand)
    found = linprog(cost.reshape(-1), A_eq=np.vstack([out, into]), b_eq=both)
    return float(found.fun)


def test_the_long_way_is_taken_where_the_short_one_is_full():
    """Two sources of 3 and 1: the first takes 2 of the near sink and has 1 left for the far one."""
    cost = np.array([[1, 5], [2, 9]])
    flow = cheapest_transport(np.array([3, 1]), np.array([3, 1]), cost)
    # 2·1 + 1·5 + 1·2 = 9; all of the first to the near sink costs 3·1 + 1·9 = 12
    assert flow.tolist() == [[2, 1], [1, 0]]
    assert (flow * cost).sum() == 9


@pytest.mark.parametrize("seed", range(60))
def test_costs_are_those_of_a_linear_program(seed):
    """Amounts keep supply and demand and cost what the LP says, also with ties and zeros."""
    rng = np.random.default_rng(seed)
    sources, sinks = rng.integers(1, 7, 2)
    supply = rng.integers(0, 9, sources)
    demand = rng.multinomial(supply.sum(), np.full(sinks, 1.0 / sinks))
    cost = rng.integers(0, 4 if seed % 2 else 900, (sources, sinks))
    flow = cheapest_transport(supply, demand, cost)
    assert (flow >= 0).all()
    assert flow.sum(axis=1).tolist() == supply.tolist()
    assert flow.sum(axis=0).tolist() == demand.tolist()
    assert (flow * cost).sum() == pytest.approx(by_linear_program(supply, demand, cost))


def test_unequal_sides_are_refused():
    """What is left over would go nowhere in silence."""
    with pytest.raises(ValueError, match="supply 3 and demand 2 differ"):
        cheapest_transport(np.array([3]), np.array([2]), np.array([[1]]))
