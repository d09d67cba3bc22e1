"""Traffic over links by hand, and counted two ways on random placements."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.flows import measure_flow
from optimiser.twin.flows import crossing_mbit_s

PAIRS = [("a", "b", 60.0), ("b", "c", 30.0), ("c", "a", 7.0)]


def flow_rule(pairs=PAIRS, domain="host", replicas=(3, 2, 1)):
    """Return the twin and the resolved rule about services a, b and c on three hosts."""
    workloads = [
        {"service": name, "host": "h1"}
        for name, count in zip("abc", replicas, strict=True)
        for _ in range(count)
    ]
    traffic = [{"sender": a, "receiver": b, "mbit_s": rate} for a, b, rate in pairs]
    policy = {"kind": "flow", "name": "links", "limit_mbit_s": 1, "domain": domain,
              "traffic": traffic}  # fmt: skip
    _, twin, rules = tiny(3, workloads, [policy])
    return twin, rules[0]


def test_what_is_near_stays_near():
    """Two thirds of a and half of b on one host: a sixth of 60 Mbit/s leaves it."""
    _, rule = flow_rule(PAIRS[:1])
    crossing = crossing_mbit_s(rule, np.array([0, 0, 1, 0, 1, 2]))
    assert crossing == pytest.approx(np.array([[10.0, 0.0], [0.0, 10.0], [0.0, 0.0]]))


def test_traffic_of_services_without_replicas_goes_outside():
    """All that goes to a service that has none leaves every domain of the sender."""
    _, rule = flow_rule([("a", "x", 60.0)])
    crossing = crossing_mbit_s(rule, np.array([0, 0, 1, 0, 1, 2]))
    assert crossing[:, 0] == pytest.approx([40.0, 20.0, 0.0])


def test_both_ways_of_counting_agree_on_random_placements():
    """The checker's exact fractions and the arrays, also where some have no host."""
    twin, rule = flow_rule()
    rng = np.random.default_rng(3)
    for host in rng.integers(-1, 3, (60, 6)):
        rows = measure_flow(twin, rule, host)
        exact = np.column_stack([one.value[:, 0] for one in rows]) / 1000.0
        assert crossing_mbit_s(rule, host) == pytest.approx(exact, abs=1.1e-3)


def test_what_leaves_enters_elsewhere():
    """With everything placed, links carry as much out as in."""
    _, rule = flow_rule()
    for host in np.random.default_rng(4).integers(0, 3, (20, 6)):
        out, into = crossing_mbit_s(rule, host).sum(axis=0)
        assert out == pytest.approx(into)
