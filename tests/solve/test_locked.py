"""Groups that fill every domain there is: who can never leave, and plans that know it."""

from __future__ import annotations

import numpy as np
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.schema.study import Weights
from optimiser.solve.locked import locked_rule
from optimiser.solve.problem import Problem, lower
from optimiser.studies.moves import order_moves

RACKS = [{"name": f"h{1 + i}", "rack": f"r{1 + i // 2}"} for i in range(6)]
APART = {"kind": "anti_affinity", "name": "apart", "workloads": {}, "domain": "rack"}


def _site(places: list[str | None], *policies: dict, hosts: list[dict] = RACKS) -> Problem:
    rows = [{"service": "s", "host": place} for place in places]
    _, twin, rules = tiny(hosts, rows, policies)
    return lower(twin, rules, Weights())


def test_three_replicas_in_three_racks_stay_in_theirs():
    """Each may use both hosts of its rack and none of another."""
    problem = _site(["h1", "h3", "h5"], APART)
    rule = locked_rule(problem)
    assert rule is not None and rule.workloads.all()
    allowed = rule.allowed[rule.allowed_class]
    assert allowed.tolist() == [
        [True, True, False, False, False, False],
        [False, False, True, True, False, False],
        [False, False, False, False, True, True],
    ]


def test_no_order_of_moves_lets_them_leave():
    """A ring of three gets stuck at once, moves inside racks do not."""
    problem = _site(["h1", "h3", "h5"], APART)
    on = np.ones(6, dtype=bool)
    for goal, is_complete in (([2, 4, 0], False), ([1, 3, 5], True)):
        target = Placement(np.array(goal, dtype=np.int32), on)
        order = order_moves(problem.twin, problem.rules, target)
        assert order.is_complete == is_complete
        assert is_complete or len(order.workload) == 0


def test_a_free_rack_lets_everybody_move():
    """So does a replica that runs nowhere yet, no rule at all, or one with room for two."""
    assert locked_rule(_site(["h1", "h3"], APART)) is None
    assert locked_rule(_site(["h1", "h3", None], APART)) is None
    assert locked_rule(_site(["h1", "h3", "h5"])) is None
    two = {"kind": "spread", "name": "two", "workloads": {}, "domain": "rack", "max_per_domain": 2}
    assert locked_rule(_site(["h1", "h3", "h5"], two)) is None


def test_hosts_that_may_not_be_used_are_no_way_out():
    """Two replicas, three racks, the third forbidden: they are as stuck as if it were not there."""
    ban = {"kind": "ban", "name": "b", "workloads": {}, "hosts": {"names": ["h5", "h6"]}}
    rule = locked_rule(_site(["h1", "h3"], APART, ban))
    assert rule is not None and rule.workloads.tolist() == [True, True]


def test_several_rules_hold_at_once():
    """Locked by rack and by host: the hosts of both."""
    hosts = [{"name": f"h{1 + i}", "rack": f"r{1 + i // 2}"} for i in range(4)]
    crowd = {"kind": "spread", "name": "two", "workloads": {}, "domain": "rack",
             "max_per_domain": 2}  # fmt: skip
    each = {"kind": "anti_affinity", "name": "each", "workloads": {}, "domain": "host"}
    rule = locked_rule(_site(["h1", "h2", "h3", "h4"], crowd, each, hosts=hosts))
    assert rule is not None
    assert rule.allowed[rule.allowed_class].sum(axis=1).tolist() == [1, 1, 1, 1]
