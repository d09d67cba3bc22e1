"""Groups: exact for workloads, a relaxation for hosts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.solve_tiny import frame_of, solve_instance, solve_model, solve_relaxation
from instances.tiny_facility import facility_options

from optimiser.formulation.aggregate import aggregate, infimal_convolution
from optimiser.formulation.extract import disaggregate, extract
from optimiser.formulation.grouping import LEVELS, group_exact, group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build

POLICIES = [
    {"kind": "redundant_feed", "limit_fraction": 0.3},
    {"kind": "domain_capacity", "domain": "rack", "resource": "power", "limit": 0.33},
    {"kind": "cooling_capacity"},
    {"kind": "inlet_temperature", "limit_c": 23.5},
    {"kind": "spread", "domain": "rack", "max_per_domain": 2, "min_domains": 2},
    {"kind": "headroom", "fraction": 0.1},
    {"kind": "anti_affinity", "workloads": {"services": ["s1"]}, "domain": "host"},
    {"kind": "affinity", "workloads": {"services": ["s2"]}, "domain": "row"},
]


def _frame(seed: int, policies: list[dict[str, Any]] | None = None, **options: Any):
    rng = np.random.default_rng(seed)
    hosts = [
        {"rack": f"r{i % 4 + 1}", "card": str(rng.choice(["plain", "curved"]))} for i in range(6)
    ]
    workloads = [
        {
            "service": f"s{int(rng.integers(3))}",
            "cpu": int(rng.integers(5, 45)),
            "memory": int(rng.integers(0, 300)),
            "profile": f"p{int(rng.integers(2))}",
            "host": f"h{int(rng.integers(6)) + 1}",
        }
        for _ in range(6)
    ]
    demand = {f"p{i}": rng.uniform(0.3, 1.0, 2).round(2).tolist() for i in range(2)}
    chosen = list(rng.choice(len(POLICIES), 3, replace=False)) if policies is None else []
    rules = [POLICIES[i] for i in chosen] if policies is None else policies
    return frame_of(hosts, workloads, rules, demand=demand, **facility_options(4, 2), **options)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("levels", [(), ("pdu", "row"), ("rack",)], ids=str)
def test_grouped_bound_is_below_the_optimum(seed: int, levels: tuple[str, ...]):
    """On random sites the merged model's optimum and its relaxation never exceed the true one."""
    frame = _frame(seed)
    exact = solve_instance(Instance(frame, group_exact(frame)))
    model = build(Instance(frame, group_hosts(frame, levels)))
    relaxed, merged = solve_relaxation(model), solve_model(model)
    if exact is None:
        return
    assert merged is not None
    # the solver stops within 1e-6 of the optimum
    assert relaxed <= merged + 1e-7
    assert merged <= exact.objective + 2e-6


@pytest.mark.parametrize("seed", range(6))
def test_finer_levels_bound_higher(seed: int):
    """Keeping the racks apart never bounds lower than merging all of them, when moves are free.

    With prices on moves merged classes have rows that single hosts do not need.
    """
    frame = _frame(seed, [], weights={"move_cost": 0.0, "move_cost_per_gib": 0.0})
    bounds = [
        solve_relaxation(build(Instance(frame, group_hosts(frame, levels))))
        for levels in ((), ("zone",), LEVELS)
    ]
    assert bounds == sorted(bounds) or np.allclose(bounds, sorted(bounds), rtol=1e-9)


def test_equal_workloads_form_one_group():
    """Workloads of equal demand and rules are counted, others are not."""
    frame = frame_of(
        2,
        [{"service": "a"}, {"service": "b"}, {"service": "c"}, {"cpu": 11}],
        [{"kind": "ban", "workloads": {"services": ["c"]}, "hosts": {"names": ["h2"]}}],
    )
    grouping = group_exact(frame)
    assert sorted(grouping.workload_count.tolist()) == [1, 1, 2]
    assert grouping.is_exact


def test_rules_about_services_keep_them_apart():
    """A spread over services splits workloads that are alike in everything else."""
    frame = frame_of(2, 2, [{"kind": "spread", "max_per_domain": 1}])
    assert group_exact(frame).num_groups == 2


def test_hosts_are_merged_by_kind_and_domain():
    """Alike hosts merge; a kept level, another capacity or a host rule keeps them apart."""
    hosts = [{"rack": "r1"}, {"rack": "r1"}, {"rack": "r2"}, {"rack": "r2", "cpu": 50}]
    frame = frame_of(hosts, 1)
    assert group_hosts(frame, ()).host_count.tolist() == [1, 3]
    assert group_hosts(frame, ("rack",)).host_count.tolist() == [1, 2, 1]
    ruled = frame_of(hosts, 1, [{"kind": "max_hosts_on", "limit": 1, "hosts": {"names": ["h1"]}}])
    assert sorted(group_hosts(ruled, ()).host_count.tolist()) == [1, 1, 2]


def test_merged_hosts_have_no_placement():
    """Counts over merged hosts are refused as a placement."""
    frame = frame_of(2, 2)
    model = build(Instance(frame, group_hosts(frame, ())))
    solve_model(model)
    with pytest.raises(ValueError, match="merged hosts"):
        extract(model)


def test_stays_before_moves_when_counts_are_shared_out():
    """Of three equal workloads two stay on today's host and one fills the other place."""
    frame = frame_of(2, [{"replicas": 3, "host": ["h2", "h1", "h2"]}])
    instance = Instance(frame, group_exact(frame))
    host, on = disaggregate(
        instance, np.array([0, 0]), np.array([0, 1]), np.array([1, 2]), np.array([1, 1])
    )
    assert host.tolist() == [1, 0, 1]
    assert on.all()


def test_exact_grouping_merges_no_element():
    """With single hosts every PDU, UPS, feed and zone stays alone; without levels they merge."""
    frame = _frame(0, [])
    apart = aggregate(Instance(frame, group_exact(frame)))
    assert [len(s.names) for s in (apart.pdu, apart.ups, apart.feed, apart.zones)] == [4, 2, 2, 2]
    merged = aggregate(Instance(frame, group_hosts(frame, ())))
    assert len(merged.pdu.names) < 4
    assert len(merged.zones.names) == 1


def test_infimal_convolution_by_hand():
    """|x| pieces: f = max(0, 2x − 2), g = x; together 0 up to x = 1, then slope 1 for ever."""
    slope, intercept = infimal_convolution(
        np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([[0.0, -2.0], [0.0, 0.0]])
    )
    assert slope.tolist() == [0.0, 1.0]
    assert intercept.tolist() == [0.0, -1.0]


@pytest.mark.parametrize("seed", range(20))
def test_infimal_convolution_is_the_least_sum(seed: int):
    """For two random curves it equals the best split of the argument on a fine grid."""
    rng = np.random.default_rng(seed)
    slope = np.sort(rng.uniform(0, 2, (2, 3)), axis=1)
    intercept = rng.uniform(-5, 5, (2, 3))
    total = float(rng.uniform(0, 20))
    x = np.linspace(0.0, total, 2001)
    curves = [
        (slope[i][:, None] * part + intercept[i][:, None]).max(axis=0)
        for i, part in enumerate((x, total - x))
    ]
    best = float((curves[0] + curves[1]).min())
    s, b = infimal_convolution(slope, intercept)
    value = float((s * total + b).max())
    assert value <= best + 1e-9
    assert value == pytest.approx(best, abs=2 * total / 2000)
