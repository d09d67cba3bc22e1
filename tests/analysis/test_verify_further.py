"""The further kinds of the catalogue, each judged on placements worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify, violations_today

HOSTS = [
    {"rack": "a", "labels": "sockets=2;pod=p1;country=CH"},
    {"rack": "a", "labels": "sockets=1;pod=p2"},
    {"rack": "b", "labels": "country=DE"},
]
ROME = [{"a": "rome", "b": "p1", "ms": 5}, {"a": "p2", "b": "rome", "ms": 6}]
PODS = [{"a": "p1", "b": "p2", "ms": 4}]
ROUTE = [{"sender": "x", "receiver": "y"}]
OFF_ONE = {"kind": "ban", "name": "a", "hosts": {"names": ["h1"]}}
SERVICES = [{"name": "x", "tenant": "red"}, {"name": "y", "tenant": "blue"}, {"name": "z"}]
# services x, x, y and z with 10 cpu and 100 memory each; today they are on h1, h2, h3 and h3
WORKLOADS = [
    {"service": "x", "host": "h1", "move_cost": 1.5, "labels": "zone=dmz"},
    {"service": "x", "host": "h2", "move_cost": 0.25},
    {"service": "y", "host": "h3", "move_cost": 1.0},
    {"service": "z", "host": "h3", "move_cost": 4.0},
]
X = {"services": ["x"]}
ALL_ON = (1, 1, 1)


def judge(policy, hosts, on=ALL_ON, *, lenient=False):
    """Return the verdict on the four workloads at the given host numbers."""
    policies = [policy, {"kind": "not_worse"}] if lenient else [policy]
    _, twin, rules = tiny(HOSTS, WORKLOADS, policies, services=SERVICES)
    return verify(twin, rules, Placement(np.array(hosts) - 1, np.array(on, dtype=bool)))


ROOM = [{"name": "room", "failures_per_year": 365, "repair_h": 1},
        {"name": "box", "failures_per_year": 0, "repair_h": 1}]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "good", "bad", "amount"),
    [
        ({"kind": "max_moves_per_service", "limit": 1}, [2, 2, 1, 3], [2, 1, 3, 3], 1),
        ({"kind": "max_moves_per_service", "limit": 0, "workloads": X}, [1, 2, 1, 1],
         [1, 1, 3, 3], 1),
        ({"kind": "move_budget", "limit": 2.5}, [2, 2, 1, 3], [2, 1, 1, 3], 0.25),
        ({"kind": "move_budget", "limit": 0.2, "measure": "gib"}, [2, 1, 3, 3], [2, 1, 1, 3],
         0.094),
        ({"kind": "group_count", "limit": 1}, [1, 1, 3, 1], [1, 2, 2, 3], 1),
        ({"kind": "group_count", "limit": 2, "each": "service"}, [1, 1, 3, 1], [1, 1, 1, 1], 1),
        # blue may not share a host with who has no tenant
        ({"kind": "isolation"}, [1, 1, 2, 3], [1, 1, 3, 3], 1),
        ({"kind": "isolation", "workloads": X, "domain": "rack"}, [1, 2, 3, 3], [1, 2, 2, 3], 1),
        ({"kind": "isolation", "each": {"label": "zone"}}, [1, 2, 3, 3], [1, 1, 3, 3], 1),
        ({"kind": "isolation_limit", "limit": 1}, [1, 1, 3, 1], [1, 2, 3, 3], 1),
        ({"kind": "isolation_limit", "limit": 1, "domain": "rack"}, [1, 2, 3, 1], [1, 3, 3, 3], 1),
        ({"kind": "licence", "limit": 1, "workloads": X}, [1, 1, 3, 3], [1, 2, 3, 3], 1),
        ({"kind": "licence", "limit": 2, "workloads": X, "units_label": "sockets"},
         [2, 3, 3, 3], [1, 2, 3, 3], 1),
        ({"kind": "group_capacity", "limit": 15, "domain": "rack"}, [1, 3, 3, 3], [1, 2, 3, 3], 5),
        ({"kind": "group_capacity", "limit_fraction": 0.15, "domain": "host"}, [1, 2, 3, 3],
         [1, 1, 3, 3], 5),
        ({"kind": "group_capacity", "limit": 39, "each": "all"}, None, [1, 2, 3, 3], 1),
        # 90 cpu is free on each of two hosts and 80 on the third; 85 fits twice
        ({"kind": "free_units", "size": {"cpu": 85}, "count": 2}, [1, 1, 2, 3], [1, 1, 2, 2], 1),
        ({"kind": "free_units", "size": {"cpu": 85}, "count": 2, "domain": "rack"}, [1, 2, 3, 3],
         [1, 1, 2, 3], 1),
        ({"kind": "residency", "workloads": X, "classes": [{"name": "d", "allow": ["DE"]}]},
         [3, 3, 1, 1], [2, 3, 1, 1], 1),
        ({"kind": "latency", "workloads": X, "limit_ms": 5, "users": ["rome"], "distances": ROME},
         [1, 1, 3, 3], [1, 2, 3, 3], 1),
        ({"kind": "any_of", "rules": [OFF_ONE, {"kind": "fence", "name": "b", "workloads": X,
                                                "hosts": {"names": ["h3"]}}]},
         [2, 3, 1, 1], [1, 2, 1, 3], 1),
        ({"kind": "all_of", "rules": [OFF_ONE, {"kind": "drain", "name": "b",
                                                "hosts": {"names": ["h2"]}}]},
         [3, 3, 3, 3], [3, 2, 3, 3], 1),
        ({"kind": "presence_overhead", "amount": 450}, [1, 1, 2, 3], [1, 1, 3, 3], 100),
        # racks are down 0.04 of the time: two of them 0.0016, one 0.04, 20,183 min/year too much
        ({"kind": "availability", "workloads": X, "target": 0.9984, "components": ["room"],
          "server": "box", "common_cause": 0.0, "figures": ROOM},
         [1, 3, 2, 2], [1, 2, 3, 3], 0.0384 * 365 * 24 * 60),
        # all of x in rack 1, all of y in rack 2: 50 Mbit/s leave one and enter the other
        ({"kind": "flow", "limit_mbit_s": 30, "traffic": [{"sender": "x", "receiver": "y",
                                                           "mbit_s": 50}]},
         [1, 3, 2, 3], [1, 2, 3, 3], 20),
        # x in p1 and p2 asks for y, which is in p2, 4 ms from p1, or on a host without a place
        ({"kind": "latency", "workloads": X, "limit_ms": 5, "services": ["y"], "distances": PODS},
         [1, 2, 2, 3], [1, 1, 3, 3], 2),
        ({"kind": "latency", "workloads": X, "limit_ms": 3, "services": ["y"], "distances": PODS},
         [2, 2, 2, 3], [1, 2, 2, 3], 1),
        # y in p2 is 4 ms from one of two x: near to one is enough, near to all is not
        ({"kind": "latency", "workloads": {"services": ["y"]}, "limit_ms": 3, "services": ["x"],
          "distances": PODS}, [1, 2, 2, 3], [1, 1, 2, 3], 1),
        ({"kind": "latency", "workloads": {"services": ["y"]}, "limit_ms": 3, "services": ["x"],
          "distances": PODS, "near_to": "all"}, [2, 2, 2, 3], [1, 2, 2, 3], 1),
        # half of x in p1 and all of y in p2: 2 ms on average, one half beyond 3 ms
        ({"kind": "routing_latency", "limit_ms": 1, "routes": ROUTE, "distances": PODS},
         [2, 2, 2, 3], [1, 2, 2, 3], 1),
        ({"kind": "routing_latency", "limit_ms": 3, "percentile": 60, "routes": ROUTE,
          "distances": PODS}, [2, 2, 2, 3], [1, 2, 2, 3], 10),
        # 10 of 100 busy answers in 85 / 0.9 ms, 20 would need 106 ms: 15 is the most
        ({"kind": "response_time", "workloads": X, "service_ms": 85, "limit_ms": 100},
         [1, 2, 3, 3], [1, 2, 1, 3], 5),
        ({"kind": "presence_overhead", "amount": 400}, [1, 2, 3, 3], [1, 1, 1, 3], 100),
    ],
)  # fmt: skip
def test_rule_bites_and_lets_pass(policy, good, bad, amount):
    """Each rule accepts one placement and refuses another by the amount that is too much."""
    if good is not None:
        assert judge(policy, good).is_legal
    verdict = judge(policy, bad)
    assert {violation.kind for violation in verdict.violations} == {policy["kind"]}
    assert max(v.amount for v in verdict.violations) == pytest.approx(amount)


@pytest.mark.parametrize(
    ("policy", "good", "bad"),
    [
        ({"kind": "min_hosts_on", "limit": 3}, (1, 1, 1), (1, 0, 1)),
        ({"kind": "min_hosts_on", "limit": 1, "hosts": {"names": ["h2"]}}, (1, 1, 1), (1, 0, 1)),
        # all of it is 40 cpu and 400 memory; one host on has 100 and 1000
        ({"kind": "survive_domain", "domain": "rack"}, (1, 0, 1), None),
        ({"kind": "survive_domain", "domain": "host"}, (1, 0, 1), None),
        ({"kind": "survive_domain", "domain": "site"}, None, (1, 1, 1)),
    ],
)
def test_hosts_that_must_be_on(policy, good, bad):
    """Hosts without work count where a rule asks for them."""
    if good is not None:
        assert judge(policy, [1, 1, 3, 3], good).is_legal
    if bad is not None:
        kinds = {v.kind for v in judge(policy, [1, 1, 3, 3], bad).violations}
        assert kinds == {policy["kind"]}


def test_the_only_host_that_is_on_does_not_survive():
    """With one host on its loss leaves nothing: 40 cpu and 400 memory are missing."""
    verdict = judge({"kind": "survive_domain", "domain": "host"}, [1, 1, 1, 1], (1, 0, 0))
    assert {(v.where, v.amount) for v in verdict.violations} == {
        ("cpu without host h1", 40.0), ("memory without host h1", 400.0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "today", "worse"),
    [
        ({"kind": "isolation_limit", "limit": 1}, [1, 2, 3, 3], None),
        ({"kind": "isolation", "each": "service"}, [1, 2, 3, 3], [3, 2, 3, 3]),
        ({"kind": "group_count", "limit": 0}, [1, 2, 3, 3], [1, 3, 3, 3]),
        ({"kind": "group_capacity", "limit": 5, "domain": "host"}, [1, 2, 3, 3], [1, 1, 3, 3]),
        ({"kind": "licence", "limit": 1, "workloads": {"services": ["x", "z"]}}, [1, 1, 3, 3],
         None),
    ],
)  # fmt: skip
def test_what_is_broken_today_may_stay_but_not_grow(policy, today, worse):
    """With ``not_worse`` today's state is legal and anything beyond it is not."""
    _, twin, rules = tiny(HOSTS, WORKLOADS, [policy], services=SERVICES)
    assert not violations_today(twin, rules).is_legal
    assert judge(policy, today, lenient=True).is_legal
    if worse is not None:
        assert not judge(policy, worse, lenient=True).is_legal


def test_licences_beyond_those_at_hand_have_a_price():
    """Soft, each licence beyond the limit costs the weight: two hosts on one licence cost 7."""
    policy = {"kind": "licence", "limit": 1, "workloads": X, "soft": {"weight": 7}}
    verdict = judge(policy, [1, 2, 3, 3])
    assert verdict.is_legal
    assert verdict.penalty == pytest.approx(7.0)
