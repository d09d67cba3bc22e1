"""Who may have no host at all, judged by hand."""

from __future__ import annotations

import numpy as np
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify

GANG = {"kind": "group_together_or_not_at_all", "name": "gang"}
WAIT = {"kind": "assign", "name": "wait", "soft": {"weight": 2.5}}


def judge(hosts, *policies, today=(None, None, None)):
    """Return the verdict on three workloads of services a, a and b at host numbers, 0 for none."""
    rows = [{"service": s, "host": t} for s, t in zip("aab", today, strict=True)]
    _, twin, rules = tiny(2, rows, policies)
    return verify(twin, rules, Placement(np.array(hosts) - 1, np.ones(2, dtype=bool)))


def test_without_a_price_everything_needs_a_host():
    """What runs nowhere breaks the oldest rule."""
    assert [v.where for v in judge([1, 0, 1]).violations] == ["workload w2"]


def test_who_may_wait_costs_the_price():
    """Each workload left out is priced, none is a violation."""
    verdict = judge([1, 0, 0], WAIT)
    assert verdict.is_legal
    assert verdict.penalty == 5.0


def test_only_the_selected_may_wait():
    """The others still need a host."""
    verdict = judge([0, 1, 0], {**WAIT, "workloads": {"services": ["a"]}})
    assert [v.where for v in verdict.violations] == ["workload w3"]
    assert verdict.penalty == 2.5


def test_what_runs_today_keeps_running():
    """A price does not let it be stopped."""
    verdict = judge([0, 1, 1], WAIT, today=("h1", None, None))
    assert [(v.rule, v.where) for v in verdict.violations] == [("assign", "workload w1")]


def test_being_late_is_not_excused_by_not_worse():
    """Nobody runs yet, so leaving one out is priced all the same."""
    assert judge([1, 1, 0], WAIT, {"kind": "not_worse", "name": "lenient"}).penalty == 2.5


def test_use_above_the_safe_share_has_a_price():
    """Three workloads of 10 on a host of 100 are 10 above a fifth, and that is all that counts."""
    safe = {"kind": "safety_capacity", "name": "safe", "fraction": 0.2, "soft": {"weight": 0.5}}
    assert judge([1, 1, 1], safe).penalty == 5.0
    assert judge([1, 1, 2], safe).penalty == 0.0
    assert judge([1, 1, 1], {**safe, "hosts": {"names": ["h2"]}}).penalty == 0.0


def test_a_gang_has_hosts_for_all_or_none():
    """One of two is neither; a gang of one is always whole."""
    assert judge([1, 2, 0], WAIT, GANG).is_legal
    assert judge([0, 0, 1], WAIT, GANG).is_legal
    broken = judge([0, 1, 1], WAIT, GANG).violations
    assert [(v.rule, v.where, v.amount) for v in broken] == [("gang", "a", 1.0)]
