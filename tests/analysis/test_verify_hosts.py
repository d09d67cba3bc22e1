"""Hosts, capacity, devices, reserves and domain sums, each biting and not biting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from instances.tiny import GPU_RESOURCES, tiny

from optimiser.analysis.verdict import Placement, placement_from_rows
from optimiser.analysis.verify import verify, violations_today


def kinds(verdict) -> set[str]:
    """Return the kinds of hard rules that are broken."""
    return {violation.kind for violation in verdict.violations}


def place(twin, hosts, on=None) -> Placement:
    """Return a placement by host numbers; hosts that hold something are on."""
    host = np.array(hosts, dtype=np.int32)
    state = np.isin(np.arange(twin.sizes["host"]), host) if on is None else np.array(on, dtype=bool)
    return Placement(host, state)


def test_full_host_is_legal_and_one_unit_more_is_not():
    """Capacity is exact: 100 of 100 passes, 101 does not."""
    for last, legal in ((40, True), (41, False)):
        _, twin, rules = tiny(2, [{"cpu": 60}, {"cpu": last}])
        verdict = verify(twin, rules, place(twin, [0, 0]))
        assert verdict.is_legal is legal
        assert legal or "h1" in verdict.violations[0].where


def test_capacity_is_checked_at_every_step():
    """Peaks at different hours may share a host, peaks at the same hour may not."""
    demand = {"am": [1.0, 0.2], "pm": [0.2, 1.0]}
    for second, legal in (("pm", True), ("am", False)):
        workloads = [{"cpu": 80, "profile": "am"}, {"cpu": 80, "profile": second}]
        _, twin, rules = tiny(1, workloads, demand=demand)
        assert verify(twin, rules, place(twin, [0, 0])).is_legal is legal


def test_sentence_says_who_what_when():
    """A violation reads as one sentence with host, resource, amount, time and limit."""
    workloads = [{"cpu": 90, "profile": "p"}, {"cpu": 30}]
    _, twin, rules = tiny(1, workloads, demand={"p": [0.5, 1.0]})
    sentence = verify(twin, rules, place(twin, [0, 0])).sentences()[0]
    for part in ("host h1", "cpu", "120", "100", "2026-01-15 01:00"):
        assert part in sentence


@pytest.mark.parametrize(
    ("hosts", "on", "words"),
    [
        ([0, -1], [True, False], "no host"),
        ([0, 9], [True, False], "no host"),
        ([0, 1], [True, False], "asleep"),
        ([0, 2], [True, False, True], "maintenance"),
    ],
)
def test_each_workload_runs_on_a_host_that_is_there_and_on(hosts, on, words):
    """Dropped, unknown, asleep and maintenance are all refused by ``assign``."""
    rows = [{}, {}, {"state": "maintenance"}]
    _, twin, rules = tiny(rows, [{"host": "h1"}, {"host": "h1"}])
    state = np.resize(np.array([*on, False]), 3)
    verdict = verify(twin, rules, Placement(np.array(hosts), state))
    assert kinds(verdict) == {"assign"}
    assert any(words in sentence for sentence in verdict.sentences())


def test_placement_of_wrong_length_is_a_mistake_of_the_caller():
    """Arrays that do not fit the twin raise, so that nothing is checked against the wrong site."""
    _, twin, rules = tiny(2, 2)
    with pytest.raises(ValueError, match="placement of shapes"):
        verify(twin, rules, Placement(np.zeros(3, int), np.ones(2, bool)))


def test_rows_of_names_tell_duplicates_and_unknown_names():
    """A workload placed twice, an unknown workload and an unknown host are all named."""
    _, twin, _ = tiny(2, 2)
    rows = pd.DataFrame(
        {"workload": ["w1", "w1", "w2", "ghost"], "host": ["h1", "h2", "nowhere", "h1"]}
    )
    placement, wrong = placement_from_rows(twin, rows, ["h1", "h9"])
    text = " | ".join(violation.sentence for violation in wrong)
    assert "w1 is placed 2 times" in text
    assert "workload ghost" in text and "host nowhere" in text and "host h9" in text
    assert placement.host_on.tolist() == [True, False]


def test_shares_of_devices_must_pack():
    """Three times 60 % fits three devices, not two, although the sum would fit."""
    card = {"capacity": {"cpu": 100, "memory": 1000, "gpu": 200}}
    host = {"gpu": 200}
    workloads = [{"gpu": 60}, {"gpu": 60}, {"gpu": 60}]
    _, twin, rules = tiny([host], workloads, resources=GPU_RESOURCES)
    verdict = verify(twin, rules, place(twin, [0, 0, 0]))
    assert kinds(verdict) == {"devices"}
    _, twin, rules = tiny([host], workloads[:2], resources=GPU_RESOURCES)
    assert verify(twin, rules, place(twin, [0, 0])).is_legal
    assert card["capacity"]["gpu"] == twin["host_capacity"].values[0, 2]


@pytest.mark.parametrize(
    ("devices", "legal"),
    [
        ([(0,), (0,), (1,)], True),
        ([(0,), (1,), (1,)], False),  # share on a device that is taken whole
        ([(0,), (0,), (2,)], False),  # no such device
        ([(0,), (0,), (0, 1)], False),  # two devices for a request of one
        ([(0,), (), (1,)], False),
    ],
)
def test_given_devices_are_checked_one_by_one(devices, legal):
    """With devices named, no device is overfilled and each request gets what it asks for."""
    workloads = [{"gpu": 40}, {"gpu": 50}, {"gpu": 100}]
    _, twin, rules = tiny([{"gpu": 200}], workloads, resources=GPU_RESOURCES)
    verdict = verify(twin, rules, Placement(np.zeros(3, int), np.ones(1, bool), devices))
    assert verdict.is_legal is legal


@pytest.mark.parametrize(
    ("host", "devices", "legal"),
    [
        ([0, -1, 0], [(0,), (), (1,)], True),
        ([0, -1, 0], [(0,), (1,), (1,)], False),  # no host, but a device
        ([0, 0, 0], [(0,), (), (1,)], False),
    ],
)
def test_who_waits_has_no_device(host, devices, legal):
    """A workload that may wait and has no host needs no device, and has none."""
    workloads = [{"gpu": 40}, {"gpu": 50, "host": None}, {"gpu": 100}]
    may_wait = {"kind": "assign", "name": "wait", "soft": {"weight": 1.0}}
    _, twin, rules = tiny([{"gpu": 200}], workloads, [may_wait], resources=GPU_RESOURCES)
    verdict = verify(twin, rules, Placement(np.array(host), np.ones(1, bool), devices))
    assert verdict.is_legal is legal


def test_headroom_counts_only_capacity_that_is_on():
    """A quarter of 200 stays free when both hosts are on; with one on, 90 of 100 is too much."""
    policy = {"kind": "headroom", "fraction": 0.25}
    _, twin, rules = tiny(2, [{"cpu": 90}], [policy])
    assert verify(twin, rules, place(twin, [0], [True, True])).is_legal
    verdict = verify(twin, rules, place(twin, [0], [True, False]))
    assert kinds(verdict) == {"headroom"}
    assert verdict.violations[0].value == pytest.approx(15.0)  # 90 used, 75 may be


@pytest.mark.parametrize(("amount", "legal"), [(10, True), (11, False)])
def test_headroom_amount_is_exact(amount, legal):
    """Ten units free are ten, not eleven."""
    _, twin, rules = tiny(1, [{"cpu": 90}], [{"kind": "headroom", "amount": amount}])
    assert verify(twin, rules, place(twin, [0])).is_legal is legal


@pytest.mark.parametrize(("limit", "legal"), [(100, True), (99, False)])
def test_sum_of_a_resource_over_a_rack(limit, legal):
    """Two hosts of one rack use 100 cpu together."""
    hosts = [{"rack": "r"}, {"rack": "r"}]
    policy = {"kind": "domain_capacity", "domain": "rack", "resource": "cpu", "limit": limit}
    _, twin, rules = tiny(hosts, [{"cpu": 60}, {"cpu": 40}], [policy])
    assert verify(twin, rules, place(twin, [0, 1])).is_legal is legal


def test_space_counts_hosts_that_are_on():
    """Three of one unit in a rack of two: two may be on."""
    hosts = [{"rack": "r"}, {"rack": "r"}, {"rack": "r"}]
    policy = {"kind": "domain_capacity", "domain": "rack", "resource": "space"}
    _, twin, rules = tiny(hosts, 1, [policy], racks=[{"name": "r", "units": 2}])
    assert verify(twin, rules, place(twin, [0], [True, True, False])).is_legal
    assert kinds(verify(twin, rules, place(twin, [0], [True] * 3))) == {"domain_capacity"}


def test_domain_without_counted_hosts_needs_no_reserve():
    """A reserve per rack is not asked of racks in which no selected host stands."""
    policy = {"kind": "headroom", "amount": 10, "domain": "rack", "hosts": {"names": ["h1"]}}
    _, twin, rules = tiny(2, [{"cpu": 10}], [policy])
    assert verify(twin, rules, place(twin, [0])).is_legal


def test_new_workloads_are_no_violation_today():
    """What does not run yet is not held against today's site, but a plan must place it."""
    _, twin, rules = tiny(1, [{"host": None}, {"host": "h1"}])
    assert violations_today(twin, rules).is_legal
    assert kinds(verify(twin, rules, place(twin, [-1, 0]))) == {"assign"}


def test_overfull_host_may_stay_only_as_overfull_as_today():
    """With ``not_worse`` on capacity a host keeps today's 120 of 100, 125 is refused."""
    workloads = [{"cpu": 60, "host": "h1"}, {"cpu": 60, "host": "h1"}, {"cpu": 5, "host": "h2"}]
    _, twin, rules = tiny(2, workloads)
    stays, worse = place(twin, [0, 0, 1]), place(twin, [0, 0, 0])
    assert verify(twin, rules, stays, capacity_not_worse=True).is_legal
    assert not verify(twin, rules, stays).is_legal
    assert kinds(verify(twin, rules, worse, capacity_not_worse=True)) == {"capacity"}
