"""Orders on random tiny sites: whatever they claim, an independent replay agrees."""

from __future__ import annotations

import numpy as np
import pytest
from instances.brute_force import candidates
from instances.catalogue_sites import catalogue_site
from instances.random_sites import random_site
from instances.sieve import screen

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.studies.move_replay import replay
from optimiser.studies.moves import order_moves


def legal_plan(twin, rules, rng) -> Placement | None:
    """Return some legal placement of a tiny site, or ``None``."""
    host, on = candidates(twin, rules)
    left = np.flatnonzero(screen(twin, rules, host, on))
    for index in rng.permutation(left)[:20]:
        plan = Placement(host[index], on[index])
        if verify(twin, rules, plan).is_legal:
            return plan
    return None


def _ordered(seed: int, twin, rules) -> int | None:
    """Check the order to some legal plan and back; return its moves, ``None`` without a plan."""
    plan = legal_plan(twin, rules, np.random.default_rng(seed))
    if plan is None:
        return None
    order = order_moves(twin, rules, plan)
    found = replay(twin, rules, order)
    assert not found, (seed, found[0].sentence)
    if order.is_complete:
        found = replay(twin, rules, order.reverse())
        assert not found, (seed, "reverse", found[0].sentence)
    return len(order.workload)


@pytest.mark.parametrize("block", range(4))
def test_every_prefix_of_every_order_is_legal(block):
    """Forward and back, complete or stuck: no prefix breaks a hard rule more than its ends do."""
    seeds = range(25 * block, 25 * (block + 1))
    moves = [m for s in seeds for m in [_ordered(s, *random_site(s)[1:])] if m is not None]
    assert len(moves) > 8
    assert sum(moves) > 15


@pytest.mark.parametrize("block", range(4))
def test_every_prefix_is_legal_with_the_further_kinds(block):
    """The same holds with the further kinds of the catalogue among the rules."""
    seeds = range(25 * block, 25 * (block + 1))
    moves = [m for s in seeds for m in [_ordered(s, *catalogue_site(s))] if m is not None]
    assert len(moves) > 5
    assert sum(moves) > 8


def test_stuck_workloads_and_moves_cover_all_that_must_move():
    """A workload either arrives or is named as stuck, never neither."""
    for seed in range(300, 320):
        rng = np.random.default_rng(seed)
        _, twin, rules = random_site(seed)
        plan = legal_plan(twin, rules, rng)
        if plan is None:
            continue
        order = order_moves(twin, rules, plan)
        host = np.array(order.start.host)
        host[order.workload] = order.target  # later moves of a workload overwrite earlier ones
        away = {str(n) for n in twin["workload"].values[host != plan.host]}
        assert away == {name for name, _ in order.stuck}
