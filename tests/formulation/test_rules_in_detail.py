"""Hard, soft, not_worse and elastic rules, rules about some hosts, neighbourhood models."""

from __future__ import annotations

import numpy as np
import pytest
from instances.constraint_cases import facility, replicas, together
from instances.solve_tiny import frame_of, instance_of, solve_instance, solve_model, solve_tiny
from instances.tiny import GPU_RESOURCES
from instances.tiny_facility import facility_options

from optimiser.errors import InfeasibleError
from optimiser.formulation.capacity import rounded_share
from optimiser.formulation.context import context_of
from optimiser.formulation.extract import extract
from optimiser.formulation.grouping import group_exact
from optimiser.formulation.instance import Background, Instance
from optimiser.formulation.model import build
from optimiser.formulation.steps import covering_steps, step_cover
from optimiser.formulation.values import set_placement, set_today

PLACEMENT_RULES = [
    {"kind": "ban", "workloads": {"names": ["w1"]}, "hosts": {"names": ["h1", "h3"]}},
    {"kind": "fence", "workloads": {"names": ["w1"]}, "hosts": {"names": ["h2"]}},
    {"kind": "pin", "workloads": {"names": ["w1"]}, "host": "h2"},
    {"kind": "drain", "hosts": {"names": ["h1", "h3"]}},
    {"kind": "require_label", "label": "disk", "values": ["ssd"]},
]


@pytest.mark.parametrize("policy", PLACEMENT_RULES, ids=lambda policy: policy["kind"])
def test_hard_placement_rule_leaves_only_h2(policy):
    """Each kind of placement rule, written for h2, sends the workload there without any row."""
    hosts = [{"labels": "disk=hdd"}, {"labels": "disk=ssd"}, {}]
    answer = solve_tiny(hosts, [{"host": "h1"}], [policy])
    assert answer.where == {"w1": "h2"}
    assert len(answer.model.component(policy["kind"])) == 0


def test_preserve_keeps_a_workload_where_it_is():
    """A preserved workload stays although moving it would save a host."""
    rules = [{"kind": "preserve", "workloads": {"names": ["w1"]}}]
    rules += [{"kind": "pin", "workloads": {"names": ["w2"]}, "host": "h2"}]
    answer = solve_tiny(2, 2, rules)
    assert answer.where == {"w1": "h1", "w2": "h2"}


def test_soft_rule_is_broken_when_that_is_cheaper():
    """An idle host costs 0.0209 an hour: a price of 0.01 breaks the rule, 0.03 keeps it."""
    policy = {"kind": "anti_affinity", "workloads": {}, "each": "all"}
    cheap = solve_tiny(2, 2, [{**policy, "soft": {"weight": 0.01}}])
    dear = solve_tiny(2, 2, [{**policy, "soft": {"weight": 0.03}}])
    assert cheap.terms["soft_rules"] == pytest.approx(0.01)
    assert len(cheap.awake) == 1
    assert dear.terms["soft_rules"] == 0.0
    assert len(dear.awake) == 2


def test_soft_rule_over_time_counts_its_worst_hour():
    """Power of 0.13 and 0.12 kW over a limit of 0.1 kW costs 0.03 kW once, not 0.05."""
    policy = {"kind": "domain_capacity", "resource": "power", "limit": 0.1, "soft": {"weight": 2.0}}
    answer = solve_tiny(1, [{"cpu": 30, "profile": "p"}], [policy], demand={"p": [1.0, 2 / 3]})
    # limits are compared in whole watts, rounded down: up to a watt is for free
    assert answer.terms["soft_rules"] == pytest.approx(2.0 * 0.029002)


def test_not_worse_lets_a_violation_stay():
    """Two members together today may stay together; without not_worse they must part."""
    workloads = [{"host": "h1"}, {"host": "h1"}]
    apart = {"kind": "anti_affinity", "workloads": {}, "each": "all", "name": "apart"}
    lenient = solve_tiny(2, workloads, [apart, {"kind": "not_worse"}])
    assert lenient.where == {"w1": "h1", "w2": "h1"}
    assert len(solve_tiny(2, workloads, [apart]).awake) == 2


def test_not_worse_never_lets_it_grow():
    """Three members of which two are together today: the third may not join them."""
    workloads = [{"host": "h1"}, {"host": "h1"}, {"host": "h2"}]
    apart = {"kind": "anti_affinity", "workloads": {}, "each": "all", "name": "apart"}
    answer = solve_tiny(2, workloads, [apart, {"kind": "not_worse"}])
    assert answer.where["w3"] == "h2"


NOT_WORSE = [
    (replicas(3, kind="spread", max_per_domain=1, name="r"), ["h1", "h1", "h2"]),
    (replicas(3, kind="spread", min_domains=3, name="r"), ["h1", "h1", "h2"]),
    (replicas(3, kind="spread", max_skew=0, name="r"), ["h1", "h1", "h2"]),
    ({"hosts": 2, "policies": [{"kind": "headroom", "fraction": 0.97, "name": "r"}]}, ["h1"]),
    (
        {
            "hosts": 2,
            "policies": [
                {"kind": "domain_capacity", "resource": "power", "limit": 0.01, "name": "r"}
            ],
        },
        ["h1"],
    ),
    (
        {
            "hosts": 2,
            "policies": [
                {"kind": "domain_capacity", "resource": "memory", "limit": 1, "name": "r"}
            ],
        },
        ["h1"],
    ),
    (
        {
            "hosts": 2,
            "policies": [{"kind": "domain_capacity", "resource": "space", "limit": 0, "name": "r"}],
        },
        ["h1"],
    ),
    ({"hosts": 2, "policies": [{"kind": "max_hosts_on", "limit": 0, "name": "r"}]}, ["h1"]),
    ({"hosts": 2, "policies": [{"kind": "drain", "hosts": {"names": ["h1", "h2"]}}]}, ["h1"]),
]


@pytest.mark.parametrize(("case", "today"), NOT_WORSE)
def test_not_worse_makes_today_legal(case, today):
    """A rule that today breaks is impossible or costs, and with not_worse today is a plan again."""
    dear = {"weights": {"move_cost": 1e4}}
    workloads = [
        {"replicas": len(today), "service": "web", "host": today if len(today) > 1 else today[0]}
    ]
    lenient = {
        **case,
        "workloads": workloads,
        "policies": [*case["policies"], {"kind": "not_worse"}],
    }
    answer = solve_tiny(**lenient, **dear)
    assert answer is not None
    assert answer.terms["migration"] == pytest.approx(0.0)
    try:
        strict = solve_tiny(**{**case, "workloads": workloads}, **dear)
    except InfeasibleError:
        return
    assert strict is None or strict.terms["migration"] > 0 or strict.awake != answer.awake


def test_overfull_host_may_stay_overfull():
    """With capacity excused, a host at 120 % keeps its load and takes nothing more."""
    workloads = [{"cpu": 60, "host": "h1"}, {"cpu": 60, "host": "h1"}, {"cpu": 5, "host": "h2"}]
    excused = solve_tiny(2, workloads, capacity_not_worse=True, weights={"move_cost": 1e4})
    assert excused.where == {"w1": "h1", "w2": "h1", "w3": "h2"}
    cheap = solve_tiny(2, workloads, capacity_not_worse=True)
    assert cheap.where["w3"] != "h1" or {cheap.where["w1"], cheap.where["w2"]} != {"h1"}


def test_rule_about_some_hosts_counts_only_these():
    """Power of h1 alone is limited; h2 in the same rack is not counted."""
    policy = {
        "kind": "domain_capacity",
        "resource": "power",
        "limit": 0.11,
        "hosts": {"names": ["h1"]},
    }
    hosts = [{"rack": "r1"}, {"rack": "r1"}]
    answer = solve_tiny(hosts, [{"cpu": 10, "host": "h1"}, {"cpu": 20, "host": "h1"}], [policy])
    assert answer.awake == {"h2"}
    both = solve_tiny(
        hosts, [{"cpu": 10, "host": "h1"}, {"cpu": 60, "host": "h2"}, {"cpu": 40, "host": "h2"}],
        [policy],
    )  # fmt: skip
    # h2 is full at 100 %, so h1 keeps its 10 %: 0.11 kW
    assert both.where == {"w1": "h1", "w2": "h2", "w3": "h2"}


def test_workload_that_fits_nowhere_is_named():
    """A workload larger than every host is named before any solver starts."""
    with pytest.raises(InfeasibleError, match="w1 has no host"):
        build(instance_of(2, [{"cpu": 101}]))


def test_impossible_rule_is_named():
    """Three domains are asked for where there are two."""
    case = {**replicas(3, kind="spread", domain="rack", min_domains=3, name="wide"), "hosts": 2}
    case["workloads"] = [{"replicas": 3, "service": "web"}]
    assert solve_tiny(**case) is None


def test_elastic_model_finds_the_amount_that_is_short():
    """Two workloads of 60 % on one host of 100 %: 20 millicores are missing."""
    model = build(
        instance_of(1, [{"cpu": 60, "memory": 0}, {"cpu": 60, "memory": 0}]), elastic=True
    )
    assert solve_model(model) > 0
    broken = [s for s in context_of(model).slacks.values() if s.variable.value > 1e-6]
    assert [(s.constraint, s.where, s.unit) for s in broken] == [("capacity", "host h1 cpu", "")]
    assert broken[0].variable.value == pytest.approx(20.0)


def test_elastic_model_costs_nothing_when_all_rules_can_be_kept():
    """The relaxation of a feasible instance is zero."""
    case = facility([{"kind": "redundant_feed"}, {"kind": "cooling_capacity"}])
    assert solve_model(build(instance_of(**case), elastic=True)) == pytest.approx(0.0, abs=1e-9)


def test_elastic_model_prices_placement_rules():
    """A pin against a ban: one of the two is broken by one workload."""
    rules = [
        {"kind": "pin", "workloads": {"names": ["w1"]}, "host": "h1", "name": "stay"},
        {"kind": "ban", "workloads": {"names": ["w1"]}, "hosts": {"names": ["h1"]}, "name": "go"},
    ]
    model = build(instance_of(2, 1, rules), elastic=True)
    assert solve_model(model) == pytest.approx(1.0)
    broken = [s for s in context_of(model).slacks.values() if s.variable.value > 0.5]
    assert [s.rule for s in broken] in (["stay"], ["go"])


def test_today_is_set_with_soft_violations():
    """Today's values include how far each soft rule is broken today."""
    apart = {"kind": "anti_affinity", "workloads": {}, "each": "all", "soft": {"weight": 1.0}}
    model = build(instance_of(2, [{"host": "h1"}, {"host": "h1"}], [apart]))
    assert not set_today(model).any()
    assert [s.variable.value for s in context_of(model).slacks.values()] == [1.0, 0.0]


def test_workload_that_a_model_cannot_place_is_told():
    """Where today's host is forbidden, the start says which workload it could not represent."""
    ban = {"kind": "ban", "hosts": {"names": ["h1"]}}
    model = build(instance_of(2, 2, [ban]))
    assert set_today(model).tolist() == [True, False]


def test_neighbourhood_keeps_rules_with_what_is_fixed():
    """A free workload may not join a fixed one in a domain that allows a single replica."""
    frame = frame_of(**replicas(3, kind="spread", max_per_domain=1))
    start = np.array([0, 1, 2])
    on = np.ones(3, dtype=bool)
    free = np.array([True, False, False])
    grouping = group_exact(frame, free, np.array([True, True, False]))
    answer = solve_instance(Instance(frame, grouping, Background(start, on)))
    assert answer.host.tolist() == [0, 1, 2]
    assert answer.on.all()


def test_neighbourhood_improves_the_whole():
    """Freeing two of three hosts finds the merge inside them and leaves the third alone."""
    frame = frame_of(3, 3)
    grouping = group_exact(frame, np.array([True, True, False]), np.array([True, True, False]))
    answer = solve_instance(Instance(frame, grouping, Background(np.arange(3), np.ones(3, bool))))
    assert answer.host[2] == 2
    assert len(set(answer.host[:2].tolist())) == 1
    # two hosts on at 20 % and 10 %, one asleep: 120 + 110 + 5 W
    assert answer.terms["energy_cost"] == pytest.approx(0.235 * 0.15)


def test_host_with_fixed_work_stays_on():
    """A free host that holds a fixed workload cannot sleep."""
    frame = frame_of(2, 2)
    grouping = group_exact(frame, np.array([True, False]), np.ones(2, bool))
    answer = solve_instance(Instance(frame, grouping, Background(np.arange(2), np.ones(2, bool))))
    assert answer.host.tolist() == [1, 1]
    assert answer.on.tolist() == [False, True]


def test_move_budget_counts_moves_outside_the_neighbourhood():
    """A budget of one is spent when a fixed workload has already moved."""
    frame = frame_of(3, 3, [{"kind": "max_moves", "limit": 1}])
    start = np.array([0, 1, 1])  # the third has moved from h3
    free = np.array([True, True, False])
    grouping = group_exact(frame, free, np.ones(3, bool))
    answer = solve_instance(Instance(frame, grouping, Background(start, np.ones(3, bool))))
    assert answer.host.tolist() == [0, 1, 1]


def test_affinity_moves_both_together():
    """Two workloads of 60 % that must share a rack go to the rack with two hosts."""
    answer = solve_tiny(**together())
    assert {answer.where["w1"], answer.where["w2"]} == {"h2", "h3"}


def test_extract_round_trip():
    """A placement that is set can be read back, hosts that are on for nothing included."""
    instance = instance_of(3, [{"cpu": 11}, {"cpu": 12}])
    model = build(instance)
    set_placement(model, np.array([2, 0]), np.array([True, True, True]))
    host, on = extract(model)
    assert host.tolist() == [2, 0]
    assert on.tolist() == [True, True, True]


def test_rounded_shares_never_hide_a_packing():
    """f_n of any set of shares that fits one device sums to at most one."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        shares = rng.integers(1, 100, 5)
        fitting = shares[np.cumsum(shares) <= 100]
        for n in range(1, 6):
            assert rounded_share(fitting, 100, n).sum() <= 1 + 1e-12
    assert rounded_share(np.array([0, 50, 51, 100, 300]), 100, 1).tolist() == [0, 0.5, 1, 1, 3]


def test_covered_steps_are_left_out():
    """A step at which every workload uses no more than at another one is covered by it."""
    demand = np.array([[1, 2, 3, 3], [5, 4, 5, 1]])
    assert covering_steps(demand).tolist() == [2]
    assert step_cover(np.array([[1, 2], [2, 1]])).tolist() == [0, 1]
    assert covering_steps(np.full((2, 5), 7)).tolist() == [0]


def test_only_steps_that_can_bind_get_capacity_rows():
    """Of three hours one is below another for every workload, so it has no row."""
    demand = {"a": [1.0, 0.5, 0.4], "b": [0.5, 1.0, 0.4]}
    workloads = [{"profile": "a"}, {"profile": "b"}]
    rows = build(instance_of(1, workloads, demand=demand)).capacity
    assert [index for index in rows if index[1] == "cpu"] == [("h1", "cpu", 0), ("h1", "cpu", 1)]
    assert [index for index in rows if index[1] == "memory"] == [("h1", "memory", 0)]


def test_whole_devices_and_shares_do_not_mix():
    """A share of 10 and two whole GPUs need three devices of which a host has two."""
    card = {
        "kind": "server", "name": "gpu", "curve_w": [100.0] * 11,
        "capacity": {"cpu": 100, "memory": 1000, "gpu": 200},
    }  # fmt: skip
    workloads = [{"gpu": 200}, {"gpu": 10}]
    answer = solve_tiny([{"card": "gpu"}] * 2, workloads, resources=GPU_RESOURCES, cards=[card])
    assert len(answer.awake) == 2


def test_numbers_stay_in_the_range_that_solvers_like():
    """Coefficients of a facility model lie between 1e-3 and 1e6, apart from recirculated air."""
    from optimiser.solve.compile import compile_model

    rng = np.random.default_rng(0)
    hosts = [{"rack": f"r{i % 4 + 1}", "cpu": 64000, "memory": 1 << 20} for i in range(8)]
    workloads = [
        {"cpu": int(rng.integers(500, 16000)), "memory": int(rng.integers(1 << 10, 1 << 17))}
        for _ in range(20)
    ]
    rules = [{"kind": "redundant_feed"}, {"kind": "cooling_capacity"}]
    compiled = compile_model(build(instance_of(hosts, workloads, rules, **facility_options(4, 2))))
    size = np.abs(compiled.value)
    assert size.min() >= 1e-3
    assert size.max() <= 1e5
