"""Rules about who may share a host or a domain, budgets, soft rules and today's excuses."""

from __future__ import annotations

import numpy as np
import pytest
from instances.random_sites import random_site
from instances.tiny import tiny

from optimiser.analysis.placement_rules import has_hosts
from optimiser.analysis.verdict import Placement, placement_today
from optimiser.analysis.verify import verify, violations_today

RACKS = [{"rack": "a"}, {"rack": "a"}, {"rack": "b"}, {"rack": "c"}]


def judge(policy, hosts, *, today=None, rows=RACKS, count=3, lenient=False, on=None):
    """Return the verdict on replicas of one service at the given host numbers."""
    start = today or hosts
    replicas = {
        "name": "web", "service": "s", "replicas": count, "labels": "disk=ssd",
        "host": [f"h{h + 1}" for h in start],
    }  # fmt: skip
    policies = [policy, {"kind": "not_worse"}] if lenient else [policy]
    _, twin, rules = tiny(rows, [replicas], policies)
    state = np.ones(len(rows), dtype=bool) if on is None else np.array(on)
    return verify(twin, rules, Placement(np.array(hosts), state))


@pytest.mark.parametrize(
    ("policy", "good", "bad"),
    [
        ({"kind": "anti_affinity", "workloads": {}}, [0, 1, 2], [0, 0, 1]),
        ({"kind": "anti_affinity", "workloads": {}, "domain": "rack"}, [0, 2, 3], [0, 1, 2]),
        ({"kind": "affinity", "workloads": {}}, [0, 1, 0], [0, 1, 2]),
        ({"kind": "spread", "min_domains": 2}, [0, 0, 2], [0, 1, 0]),
        ({"kind": "spread", "min_domains": 9}, [0, 2, 3], [0, 1, 2]),
        ({"kind": "spread", "max_per_domain": 2}, [0, 1, 2], [0, 1, 0]),
        ({"kind": "spread", "max_per_domain_fraction": 0.5}, [0, 1, 2], [0, 1, 1]),
        ({"kind": "spread", "max_skew": 1}, [0, 2, 3], [0, 1, 2]),
        ({"kind": "ban", "hosts": {"names": ["h4"]}}, [0, 1, 2], [0, 1, 3]),
        ({"kind": "fence", "workloads": {}, "hosts": {"racks": ["a"]}}, [0, 1, 1], [0, 1, 2]),
        ({"kind": "pin", "workloads": {}, "host": "h2"}, [1, 1, 1], [1, 1, 2]),
        ({"kind": "drain", "hosts": {"names": ["h1"]}}, [1, 1, 2], [1, 1, 0]),
        ({"kind": "max_hosts_on", "limit": 4}, [0, 1, 2], None),
    ],
)
def test_rule_bites_and_lets_pass(policy, good, bad):
    """Each rule accepts one placement and refuses another, by its own name."""
    assert judge(policy, good).is_legal
    if bad is not None:
        verdict = judge(policy, bad)
        assert {violation.kind for violation in verdict.violations} == {policy["kind"]}


@pytest.mark.parametrize(
    ("hosts", "broken"),
    [([0, 1, 2], 0), ([0, 2, 3], 1), ([0, 1, 0], 1), ([1, 0, 2], 2), ([0, 1, 3], 0)],
)
def test_nothing_crosses_a_quarantine(hosts, broken):
    """On h1 and h2 what is there stays on its very host, and the third workload keeps out."""
    policy = {"kind": "quarantine", "hosts": {"racks": ["a"]}}
    verdict = judge(policy, hosts, today=[0, 1, 2])
    assert [violation.kind for violation in verdict.violations] == ["quarantine"] * broken


def test_label_decides_where_a_workload_may_run():
    """A workload that asks for ssd is refused on a host with hdd."""
    rows = [{"labels": "disk=ssd"}, {"labels": "disk=hdd"}]
    policy = {"kind": "require_label", "label": "disk"}
    assert judge(policy, [0, 0, 0], rows=rows).is_legal
    assert not judge(policy, [0, 0, 1], rows=rows).is_legal


def test_preserved_workloads_stay():
    """``preserve`` refuses any move of the workloads."""
    policy = {"kind": "preserve", "workloads": {}}
    assert judge(policy, [0, 1, 2]).is_legal
    assert not judge(policy, [0, 1, 3], today=[0, 1, 2]).is_legal


@pytest.mark.parametrize(("limit", "legal"), [(2, True), (1, False)])
def test_moves_are_counted(limit, legal):
    """Two moves are within two, not within one."""
    policy = {"kind": "max_moves", "limit": limit}
    assert judge(policy, [1, 2, 2], today=[0, 1, 2]).is_legal is legal


@pytest.mark.parametrize(("limit", "legal"), [(3, True), (2, False)])
def test_hosts_on_are_counted(limit, legal):
    """Three hosts on are within three, not within two, idle ones included."""
    policy = {"kind": "max_hosts_on", "limit": limit}
    assert judge(policy, [0, 0, 0], on=[True, True, True, False]).is_legal is legal


def test_racks_without_hosts_do_not_count_for_evenness():
    """The emptiest domain is one that could hold something."""
    racks = [{"name": "a"}, {"name": "b"}, {"name": "spare"}]
    rows = [{"rack": "a"}, {"rack": "b"}]
    workloads = [{"name": "web", "service": "s", "replicas": 4, "host": ["h1"] * 2 + ["h2"] * 2}]
    policy = {"kind": "spread", "max_skew": 0}
    _, twin, rules = tiny(rows, workloads, [policy], racks=racks)
    assert has_hosts(rules[0]).tolist() == [True, True, False]
    assert verify(twin, rules, placement_today(twin)).is_legal


def test_pile_of_today_may_stay_and_not_grow_or_wander():
    """Two replicas on h1 may stay; two on h2 instead, or three on h1, are a new violation."""
    policy = {"kind": "anti_affinity", "workloads": {}}
    for hosts, legal in (([0, 0, 2], True), ([1, 1, 2], False), ([0, 0, 0], False)):
        assert judge(policy, hosts, today=[0, 0, 2], lenient=True).is_legal is legal


def test_misplaced_workload_may_stay_and_not_move_to_another_forbidden_host():
    """With ``not_worse`` a banned host keeps who is there today."""
    policy = {"kind": "ban", "hosts": {"names": ["h3", "h4"]}}
    for hosts, legal in (([0, 1, 2], True), ([0, 1, 3], False), ([0, 2, 2], False)):
        assert judge(policy, hosts, today=[0, 1, 2], lenient=True).is_legal is legal


def test_soft_rule_is_priced_and_does_not_refuse():
    """Three of two cost one unit at the rule's weight, and the plan stays legal."""
    policy = {"kind": "spread", "max_per_domain": 2, "soft": {"weight": 7.0}}
    verdict = judge(policy, [0, 1, 0])
    assert verdict.is_legal
    assert [violation.amount for violation in verdict.soft] == [1.0]
    assert verdict.penalty == pytest.approx(7.0)


def test_soft_violation_that_lasts_counts_once_at_its_worst():
    """Power above a soft limit is priced per kW at the worst step, not summed over steps."""
    policy = {"kind": "domain_capacity", "limit": 0.15, "soft": {"weight": 100.0}}
    workload = {"cpu": 80, "profile": "p", "host": "h1"}
    _, twin, rules = tiny(1, [workload], [policy], demand={"p": [1.0, 0.75, 1.0]})
    verdict = verify(twin, rules, placement_today(twin))
    assert verdict.is_legal
    assert verdict.penalty == pytest.approx(100.0 * 0.03)  # 180 W at full demand


def test_today_is_judged_without_excuses():
    """What ``not_worse`` lets stay is still told when the question is how today looks."""
    workloads = [{"name": "web", "service": "s", "replicas": 2, "host": ["h1", "h1"]}]
    policies = [{"kind": "anti_affinity", "workloads": {}}, {"kind": "not_worse"}]
    _, twin, rules = tiny(2, workloads, policies)
    assert verify(twin, rules, placement_today(twin)).is_legal
    assert violations_today(twin, rules).broken == {"rule-0": 1}


def test_counts_of_checked_limits_are_told():
    """The verdict says how many limits were compared, by kind."""
    policies = [{"kind": "anti_affinity", "workloads": {}}, {"kind": "max_moves", "limit": 1}]
    _, twin, rules = tiny(2, 2, policies)
    checked = verify(twin, rules, placement_today(twin)).checked
    assert checked["capacity"] == 4  # two hosts, two resources, one step
    assert checked["anti_affinity"] == 4  # two services, two hosts
    assert checked["max_moves"] == 1


def test_today_under_not_worse_is_always_legal_for_rules():
    """Whatever is broken today, keeping it is no worse (only assignment may still be missing)."""
    judged = 0
    for seed in range(60):
        _, twin, rules = random_site(seed)
        if not twin.attrs.get("capacity_not_worse"):
            continue
        found = verify(twin, rules, placement_today(twin)).violations
        assert {violation.kind for violation in found} <= {"assign"}
        judged += 1
    assert judged > 5
