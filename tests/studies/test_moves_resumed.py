"""Any part of the moves done, in any order that can be: the rest is legal and leads to the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from instances.random_sites import random_site

from optimiser.schema.moving import Moving
from optimiser.studies.move_replay import replay
from optimiser.studies.move_times import time_moves
from optimiser.studies.moves import MoveOrder, order_moves
from optimiser.workflow.resume import broken_at, left_of, placement_after
from tests.studies.test_moves_random import legal_plan


def first_moves(order: MoveOrder, count: int) -> np.ndarray:
    """Return the mask of the first moves of an order."""
    return np.arange(len(order.workload)) < count


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31 - 1),
    per_host=st.integers(1, 4),
    concurrent=st.one_of(st.none(), st.integers(1, 3)),
    rack=st.integers(1, 3),
)
def test_every_prefix_is_legal_and_can_be_gone_on_from(
    seed: int, per_host: int, concurrent: int | None, rack: int
) -> None:
    """Under any limits on moves at once: each prefix breaks nothing, and its rest is an order.

    The rest of the stored order is legal from the state after each prefix, as is a new order from
    there, and both end where the whole order ends.
    """
    rng = np.random.default_rng(seed)
    _, twin, rules = random_site(seed)
    plan = legal_plan(twin, rules, rng)
    if plan is None:
        return
    throttle = [{"domain": "rack", "limit": rack}]
    moving = Moving.model_validate(
        {"concurrent_per_host": per_host, "concurrent": concurrent, "throttle": throttle}
    )
    order = order_moves(twin, rules, plan, moving=moving)
    order, _ = time_moves(twin, order, moving)
    assert [v.sentence for v in replay(twin, rules, order, moving)] == []
    if not order.is_complete:
        return
    for count in range(len(order.workload) + 1):
        done = first_moves(order, count)
        state = placement_after(twin, rules, order, done)
        assert broken_at(twin, rules, state, (order.start, order.end)) == []
        rest = left_of(order, done, state)
        assert [v.sentence for v in replay(twin, rules, rest, moving)] == [], count
        host = np.array(state.host)
        host[rest.workload] = rest.target
        assert np.array_equal(host, order.end.host)


def test_a_state_that_breaks_a_rule_is_told() -> None:
    """Two replicas on one host, where both ends keep them apart, is named."""
    from instances.tiny import tiny

    from optimiser.analysis.verdict import Placement

    policy = {"kind": "anti_affinity", "workloads": {}}
    replicas = {"name": "web", "service": "s", "replicas": 2, "host": ["h1", "h2"]}
    _, twin, rules = tiny(3, [replicas], [policy])
    ends = [
        Placement(np.array(h, dtype=np.int32), np.ones(3, dtype=bool)) for h in ([0, 1], [1, 2])
    ]
    state = replace(ends[0], host=np.array([1, 1], dtype=np.int32))
    assert any("rule-0" in sentence for sentence in broken_at(twin, rules, state, ends))
    assert broken_at(twin, rules, ends[0], ends) == []
