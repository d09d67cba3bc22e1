"""Rules about needs, transit and domains by label, and what loads and moves cost."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.placement_cost import placement_terms
from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import Weights
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower

PLACES = [{"labels": "place=north"}, {"labels": "place=north"}, {"labels": "place=south"}, {}]
PLACE = {"label": "place"}


def judge(policies, hosts, *, rows=PLACES, services=("web", "db", "web"), lenient=False, **options):
    """Return the verdict on workloads of the given services, which all start on the first host."""
    workloads = [{"service": name, "host": "h1"} for name in services]
    rules = [*policies, {"kind": "not_worse"}] if lenient else policies
    _, twin, resolved = tiny(rows, workloads, rules, **options)
    return verify(twin, resolved, Placement(np.array(hosts), np.ones(len(rows), dtype=bool)))


NEED = {"kind": "dependency", "workloads": {"services": ["web"]}, "needs": ["db"], "domain": PLACE}


@pytest.mark.parametrize(
    ("policy", "good", "bad"),
    [
        (NEED, [0, 1, 0], [0, 1, 2]),
        (NEED, [3, 3, 3], [3, 3, 0]),
        (NEED | {"domain": "host"}, [2, 2, 2], [2, 2, 1]),
        ({"kind": "spread", "min_domains": 2, "domain": PLACE}, [0, 0, 2], [0, 0, 1]),
        ({"kind": "anti_affinity", "workloads": {}, "domain": PLACE}, [0, 0, 2], [0, 0, 1]),
        ({"kind": "affinity", "workloads": {}, "domain": PLACE}, [0, 2, 1], [0, 2, 2]),
        ({"kind": "transient_capacity"}, [1, 1, 1], None),
    ],
)
def test_rule_bites_and_lets_pass(policy, good, bad):
    """Each rule accepts one placement and refuses another, by its own name and place."""
    assert judge([policy], good).is_legal
    if bad is not None:
        verdict = judge([policy], bad)
        assert {violation.kind for violation in verdict.violations} == {policy["kind"]}


def test_needs_come_from_the_services_table():
    """Without a list in the policy, each service needs what its own row says."""
    services = [{"name": "web", "needs": "db"}, {"name": "db", "needs": ""}]
    policy = {"kind": "dependency", "domain": PLACE}
    assert judge([policy], [0, 1, 1], services=("web", "db", "db")).is_legal
    verdict = judge([policy], [2, 0, 0], **{"services": ("web", "db", "db")})
    assert verdict.is_legal  # nobody needs anybody without a table
    _, twin, rules = tiny(
        PLACES, [{"service": "web"}, {"service": "db"}], [policy], services=services
    )
    found = verify(twin, rules, Placement(np.array([2, 0]), np.ones(4, dtype=bool)))
    assert found.violations[0].where == "web in place south without db"
    assert verify(twin, rules, Placement(np.array([1, 0]), np.ones(4, dtype=bool))).is_legal


def test_what_is_without_today_may_stay_so_and_not_grow():
    """With ``not_worse`` as many may lack what they need in a domain as do today."""
    rows = [{"labels": "place=north"}, {"labels": "place=south"}]
    policies = [NEED, {"kind": "not_worse"}]
    workloads = [
        {"service": "web", "host": "h1"}, {"service": "web", "host": "h2"},
        {"service": "db", "host": "h2"},
    ]  # fmt: skip
    _, twin, rules = tiny(rows, workloads, policies)
    on = np.ones(2, dtype=bool)
    assert verify(twin, rules, Placement(np.array([0, 1, 1]), on)).is_legal
    assert not verify(twin, rules, Placement(np.array([0, 0, 1]), on)).is_legal


def test_what_leaves_still_counts_where_it_was():
    """Two workloads of 60 % cannot change places; one may go to an empty host."""
    workloads = [{"cpu": 60, "host": "h1"}, {"cpu": 60, "host": "h2"}]
    on = np.ones(3, dtype=bool)
    _, twin, rules = tiny(3, workloads, [{"kind": "transient_capacity", "resources": ["cpu"]}])
    verdict = verify(twin, rules, Placement(np.array([1, 0]), on))
    assert [v.where for v in verdict.violations] == ["host h1, cpu", "host h2, cpu"]
    assert [v.value for v in verdict.violations] == [120, 120]
    assert verify(twin, rules, Placement(np.array([2, 1]), on)).is_legal
    _, twin, rules = tiny(3, workloads, [{"kind": "transient_capacity", "resources": ["memory"]}])
    assert verify(twin, rules, Placement(np.array([1, 0]), on)).is_legal


def test_soft_transit_and_needs_are_priced():
    """A workload without what it needs costs its weight, a unit too much in transit too."""
    verdict = judge([NEED | {"soft": {"weight": 2.0}}], [2, 0, 2])
    assert (verdict.is_legal, verdict.penalty) == (True, 4.0)
    workloads = [{"cpu": 60, "memory": 0, "host": "h1"}, {"cpu": 60, "memory": 0, "host": "h2"}]
    policy = {"kind": "transient_capacity", "soft": {"weight": 3.0}}
    _, twin, rules = tiny(2, workloads, [policy])
    found = verify(twin, rules, Placement(np.array([1, 0]), np.ones(2, dtype=bool)))
    assert (found.is_legal, found.penalty) == (True, 3.0 * 2 * 20)


def test_costs_of_loads_and_moves_by_hand():
    """Checker and search count the same: safety, balance, busiest service, host to host."""
    weights = {
        "safety": [{"resource": "cpu", "price": 3}],
        "balance": [{"resource": "memory", "per": "cpu", "ratio": 11, "price": 2}],
        "service_move_cost": 5, "host_move_weight": 10, "hold_days": 1 / 24,
    }  # fmt: skip
    rows = [{"cpu_safety": 15}, {"cpu_safety": 100, "move_class": "far"}]
    workloads = [{"service": name, "host": "h1"} for name in ("web", "web", "db")]
    costs = [{"source": "h1", "target": "far", "cost": 7}]
    _, twin, rules = tiny(rows, workloads, weights=weights, move_costs=costs)
    host, on = np.array([1, 0, 0], dtype=np.int32), np.ones(2, dtype=bool)
    found = placement_terms(twin, Weights.model_validate(weights), host)
    assert found == {
        "safety_load": 3 * (20 - 15),  # two workloads of 10 on h1
        # h1: 11 free memory for each of 80 free cpu, has 800; h2: 11 for each of 90, has 900
        "balance": 2 * ((11 * 80 - 800) + (11 * 90 - 900)),
        "service_moves": 5,
        "host_moves": 70,
    }
    terms = evaluate(lower(twin, rules, Weights.model_validate(weights)), host, on)
    assert {name: terms[name] for name in found} == found
