"""The brute force itself: its sieve loses nothing and its costs are those of the engine."""

from __future__ import annotations

import numpy as np
import pytest
from instances.brute_force import brute_force, candidates, objective
from instances.random_sites import random_site, random_weights
from instances.sieve import screen

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.analysis.view import view_of
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower

MOST = 80


def some(number: int, seed: int) -> np.ndarray:
    """Return up to ``MOST`` indices of candidates."""
    return np.random.default_rng(seed).permutation(number)[:MOST]


def test_sieve_never_drops_a_legal_placement():
    """What the vectorised screen refuses, the exact checker refuses too."""
    dropped = 0
    for seed in range(40):
        _, twin, rules = random_site(seed, soft=True)
        host, on = candidates(twin, rules)
        lost = np.flatnonzero(~screen(twin, rules, host, on))
        for index in lost[some(len(lost), seed)][:20]:
            assert not verify(view_of(twin), rules, Placement(host[index], on[index])).is_legal
            dropped += 1
    assert dropped > 50


def test_cost_of_every_candidate_is_the_engines_objective():
    """Batched numpy and the engine's own evaluation agree to a millionth."""
    compared = 0
    for seed in range(25):
        _, twin, rules = random_site(seed)
        host, on = candidates(twin, rules)
        if not len(host) or twin.attrs.get("capacity_not_worse"):
            continue
        chosen = some(len(host), seed)[:3]
        cost = objective(twin, random_weights(seed), host[chosen], on[chosen])
        problem = lower(twin, rules, random_weights(seed))
        for index, value in zip(chosen, cost, strict=True):
            terms = evaluate(problem, host[index], on[index])
            assert sum(terms.values()) == pytest.approx(value, rel=1e-6)
            compared += 1
    assert compared > 30


def test_best_is_the_cheapest_of_all_legal_ones():
    """Stopping at the first legal candidate gives the same as judging all of them."""
    for seed in range(30):
        _, twin, rules = random_site(seed)
        if len(candidates(twin, rules)[0]) > 400:
            continue
        weights = random_weights(seed)
        quick, full = (brute_force(twin, rules, weights, count=count) for count in (False, True))
        assert quick.is_feasible == full.is_feasible
        assert quick.cost == full.cost
        assert full.num_legal is not None
        assert (full.num_legal > 0) == full.is_feasible


def test_too_many_placements_are_refused():
    """The truth is not asked of sites that are not tiny."""
    from instances.tiny import tiny

    _, twin, rules = tiny(8, 8)
    with pytest.raises(ValueError, match="too many"):
        brute_force(twin, rules)
