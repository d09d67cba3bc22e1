"""Routes between services by hand, and measured two ways on random placements."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.routing import measure_routing_latency
from optimiser.twin.routing import route

WAYS = [{"a": "p", "b": "q", "ms": 2.0}, {"a": "q", "b": "r", "ms": 3.5}]
PLACES = ("p", "q", "r", "")


def routed_rule(routes=(("a", "b"),), replicas=(3, 2, 1), **policy):
    """Return the twin and the rule about a, b and c; hosts in p, q, r and nowhere."""
    workloads = [
        {"service": name, "host": "h1"}
        for name, count in zip("abc", replicas, strict=True)
        for _ in range(count)
    ]
    hosts = [{"labels": f"pod={place}" if place else ""} for place in PLACES]
    told = {
        "kind": "routing_latency", "limit_ms": 3, "distances": WAYS, "inside_ms": 0.25,
        "routes": [{"sender": a, "receiver": b} for a, b in routes], **policy,
    }  # fmt: skip
    _, twin, rules = tiny(hosts, workloads, [told])
    return twin, rules[0]


def values(rule, host):
    return [one.value for one in route(rule, np.array(host))]


def test_what_is_near_stays_near():
    """Two thirds of a and half of b in p: a half stays, a sixth goes to q, a third is in q."""
    _, rule = routed_rule()
    assert values(rule, [0, 0, 1, 0, 1, 2]) == pytest.approx([0.5 * 0.25 + 2 / 6 + 0.25 / 3])


def test_a_percentile_counts_what_is_too_far():
    """The way from q to r takes 3.5 ms: all that one of three a has to send is too far."""
    _, rule = routed_rule(percentile=60.0)
    assert values(rule, [2, 1, 1, 1, 1, 0]) == pytest.approx([100 / 3])
    assert values(rule, [2, 2, 1, 1, 1, 0]) == pytest.approx([200 / 3])


def test_ways_that_are_not_known_count_as_told():
    """From p to r none is given; a host without a place is as far, even from itself."""
    _, rule = routed_rule(unknown_ms=50.0)
    assert values(rule, [0, 0, 0, 2, 2, 0]) == [50.0]
    assert values(rule, [3, 3, 3, 3, 3, 3]) == [50.0]


def test_replicas_without_a_host_carry_nothing():
    """They take the longest ways out of the sum; without receivers there is none at all."""
    _, rule = routed_rule()
    assert values(rule, [0, 0, -1, 0, 1, 2]) == pytest.approx([0.5 * 0.25 + 2 / 6])
    assert values(rule, [0, 0, 1, -1, -1, 2]) == [0.0]
    _, rule = routed_rule((("a", "x"),))
    assert values(rule, [0, 0, 1, 0, 1, 2]) == [0.0]


@pytest.mark.parametrize("percentile", [None, 70.0])
def test_both_ways_of_measuring_agree_on_random_placements(percentile):
    """The checker's rows and the search's sums, also where some have no host."""
    routes = (("a", "b"), ("b", "c"), ("c", "a"))
    twin, rule = routed_rule(routes, percentile=percentile, unknown_ms=7.0)
    for host in np.random.default_rng(3).integers(-1, 4, (60, 6)):
        rows, found = measure_routing_latency(twin, rule, host), route(rule, host)
        assert [int(one.value[0, 0]) for one in rows] == [one.cost for one in found]
        assert [int(one.limit[0, 0]) for one in rows] == [one.limit for one in found]
        assert [one.value[0, 0] / one.scale for one in rows] == pytest.approx(
            [one.value for one in found]
        )
