"""Waves of moves: every prefix legal, deadlocks broken, the way back exact."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from instances.tiny import GPU_RESOURCES, tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.moving import Moving
from optimiser.studies.move_documents import move_documents
from optimiser.studies.move_replay import replay
from optimiser.studies.moves import order_moves
from optimiser.studies.reasons import MoveReasons


def plan_of(twin, hosts, on=None) -> Placement:
    """Return a plan by host numbers; only hosts that hold something are on unless said."""
    host = np.array(hosts, dtype=np.int32)
    state = np.isin(np.arange(twin.sizes["host"]), host) if on is None else np.array(on, dtype=bool)
    return Placement(host, state)


def ordered(twin, rules, hosts, on=None, **options):
    """Order the moves to a legal plan and prove all prefixes, both ways."""
    plan = plan_of(twin, hosts, on)
    assert verify(twin, rules, plan).is_legal
    order = order_moves(twin, rules, plan, **options)
    assert replay(twin, rules, order) == []
    assert replay(twin, rules, order.reverse()) == []
    return order


def test_independent_moves_run_together():
    """Two moves between different hosts need one wave."""
    _, twin, rules = tiny(4, [{"host": "h1"}, {"host": "h2"}])
    order = ordered(twin, rules, [2, 3])
    assert order.num_waves == 1
    assert order.is_complete


def test_move_waits_for_the_room_it_needs():
    """A full host must send away before it can receive: two waves, in that order."""
    _, twin, rules = tiny(3, [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}])
    order = ordered(twin, rules, [2, 0])
    assert order.workload.tolist() == [0, 1]
    assert order.wave.tolist() == [0, 1]


def test_swap_of_two_full_hosts_goes_over_a_third():
    """A deadlock costs exactly one extra move."""
    _, twin, rules = tiny(3, [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}])
    order = ordered(twin, rules, [1, 0])
    assert len(order.workload) == 3
    assert order.bounce.tolist() == [True, False, False]
    assert order.target[0] == 2


def test_cheapest_workload_makes_the_detour():
    """Of two that could step aside, the one with less memory does."""
    workloads = [
        {"cpu": 80, "memory": 900, "host": "h1"},
        {"cpu": 80, "memory": 10, "host": "h2"},
    ]
    _, twin, rules = tiny(3, workloads)
    order = ordered(twin, rules, [1, 0])
    assert order.workload[0] == 1


def test_swap_without_a_third_host_is_reported():
    """Nothing moves, and both workloads are named with what is in the way."""
    _, twin, rules = tiny(2, [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}])
    order = order_moves(twin, rules, plan_of(twin, [1, 0]))
    assert not order.is_complete
    assert [name for name, _ in order.stuck] == ["w1", "w2"]
    assert "capacity at host h2" in order.stuck[0][1]
    assert len(order.workload) == 0


def test_resident_steps_aside_when_nobody_else_can():
    """Two that swap are too large for the third host, a small one that stays is not."""
    workloads = [
        {"cpu": 50, "host": "h1"}, {"cpu": 50, "host": "h2"}, {"cpu": 30, "host": "h1"},
        {"cpu": 20, "host": "h2"}, {"cpu": 70, "host": "h3"},
    ]  # fmt: skip
    _, twin, rules = tiny(3, workloads)
    order = ordered(twin, rules, [1, 0, 0, 1, 2])
    assert order.is_complete
    assert order.workload[order.bounce].tolist() == [3]  # w4, the smaller of the two residents
    assert len(order.workload) == 4


def test_detour_keeps_to_allowed_hosts():
    """The only free host is banned for both, so the swap is impossible."""
    policy = {"kind": "ban", "hosts": {"names": ["h3"]}}
    workloads = [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}]
    _, twin, rules = tiny(3, workloads, [policy])
    assert not order_moves(twin, rules, plan_of(twin, [1, 0])).is_complete


def test_concurrency_limits_moves_in_and_out_of_a_host():
    """Eight workloads leave one host two at a time."""
    _, twin, rules = tiny(2, [{"cpu": 5, "host": "h1"} for _ in range(8)])
    order = ordered(twin, rules, [1] * 8, moving=Moving(concurrent_per_host=2))
    assert order.num_waves == 4


def test_replicas_never_meet_on_the_way():
    """Anti-affinity holds in every prefix: the second follows only when the first has left."""
    policy = {"kind": "anti_affinity", "workloads": {}}
    replicas = {"name": "web", "service": "s", "replicas": 2, "host": ["h1", "h2"]}
    _, twin, rules = tiny(3, [replicas], [policy])
    order = ordered(twin, rules, [1, 2])
    assert order.workload.tolist() == [1, 0]
    assert order.num_waves == 2


def test_spread_keeps_enough_racks_at_each_prefix():
    """Moving two replicas at once could leave one rack in use; they go one by one."""
    policy = {"kind": "spread", "min_domains": 2}
    replicas = {"name": "web", "service": "s", "replicas": 2, "host": ["h1", "h2"]}
    _, twin, rules = tiny(4, [replicas], [policy])
    order = ordered(twin, rules, [2, 3])
    assert order.num_waves == 2


def test_moves_inside_a_rack_do_not_count_twice():
    """A replica that changes host in its rack is one member of the rack all the time."""
    policy = {"kind": "spread", "max_per_domain": 1}
    rows = [{"rack": "a"}, {"rack": "a"}, {"rack": "b"}, {"rack": "b"}]
    replicas = {"name": "web", "service": "s", "replicas": 2, "host": ["h1", "h3"]}
    _, twin, rules = tiny(rows, [replicas], [policy])
    assert ordered(twin, rules, [1, 3]).num_waves == 1


def test_pile_of_today_does_not_grow_on_the_way():
    """A rule broken at the start is never made worse, and the plan mends it."""
    policy = {"kind": "anti_affinity", "workloads": {}}
    replicas = {"name": "web", "service": "s", "replicas": 3, "host": ["h1", "h1", "h2"]}
    _, twin, rules = tiny(4, [replicas], [policy])
    assert ordered(twin, rules, [2, 3, 0]).is_complete


def test_both_copies_draw_power_while_moving():
    """A rack that has room for one copy's power only takes the second when the first is gone.

    Each host draws 100 W idle and 1 W per unit of cpu; rack a may draw 290 W: two hosts on with 90
    units. While w1 moves inside the rack its 40 units count twice, so w2 cannot come at once.
    """
    rows = [{"rack": "a"}, {"rack": "a"}, {"rack": "b"}]
    workloads = [{"cpu": 40, "host": "h1"}, {"cpu": 40, "host": "h3"}]
    policy = {"kind": "domain_capacity", "limit": 0.29}
    _, twin, rules = tiny(rows, workloads, [policy])
    order = ordered(twin, rules, [1, 0], [True, True, False])
    assert order.num_waves == 2


def test_hosts_wake_only_when_needed_and_sleep_once_empty():
    """With 310 W for three hosts of 100 W idle, one must sleep before the other can wake."""
    rows = [{"rack": "a"}, {"rack": "a", "state": "on"}, {"rack": "a", "state": "off"}]
    workloads = [{"cpu": 10, "host": "h1"}]
    policy = {"kind": "domain_capacity", "limit": 0.229}
    _, twin, rules = tiny(rows, workloads, [policy])
    # today 110 + 100 + 5 W; h2 sleeps first, then h3 wakes: 110 + 5 + 110 W
    order = ordered(twin, rules, [2], [False, False, True])
    assert order.is_complete


def test_scarce_power_goes_first_to_those_who_give_back():
    """Arrivals from elsewhere wait until the rack's own half-empty host has gone to sleep.

    Rack a draws 110 + 110 of 250 W. Two arrivals of 15 W would fill it, and w2, whose leaving lets
    h2 sleep and gives back 105 W, could no longer start beside its copy.
    """
    rows = [{"rack": "a"}, {"rack": "a"}, {"rack": "b"}]
    workloads = [{"cpu": 10, "host": "h1"}, {"cpu": 10, "host": "h2"}]
    workloads += [{"cpu": 15, "host": "h3"} for _ in range(4)]
    _, twin, rules = tiny(rows, workloads, [{"kind": "domain_capacity", "limit": 0.25}])
    order = ordered(twin, rules, [0] * 6)
    assert order.is_complete
    assert not order.bounce.any()
    assert 1 in order.workload[order.wave == 0]


def test_devices_fit_at_every_prefix():
    """A whole device is free only after the share on it has left."""
    rows = [{"gpu": 100}, {"gpu": 100}, {"gpu": 100}]
    workloads = [{"gpu": 100, "host": "h1"}, {"gpu": 50, "host": "h2"}]
    _, twin, rules = tiny(rows, workloads, resources=GPU_RESOURCES)
    order = ordered(twin, rules, [1, 2])
    assert order.workload.tolist() == [1, 0]
    assert order.num_waves == 2


def test_reserve_is_kept_on_the_way():
    """With a reserve to keep, hosts wake first and sleep last."""
    policy = {"kind": "headroom", "fraction": 0.5}
    rows = [{}, {}, {"state": "off"}, {"state": "off"}]
    workloads = [{"cpu": 50, "host": "h1"}, {"cpu": 50, "host": "h2"}]
    _, twin, rules = tiny(rows, workloads, [policy])
    assert ordered(twin, rules, [2, 3], [False, False, True, True]).is_complete


def test_way_back_wakes_hosts_as_late_as_the_way_there_put_them_to_sleep():
    """With a reserve over the site, hosts do not all wake at once on the way back.

    Rack a may draw 235 W: 150 + 5 W at the end; with h2 awake too early it would be 250 W.
    """
    rows = [{"rack": "a"}, {"rack": "a"}, {"rack": "b"}]
    workloads = [{"cpu": 10, "host": "h1"}, {"cpu": 10, "host": "h2"}, {"cpu": 30, "host": "h3"}]
    policies = [{"kind": "domain_capacity", "limit": 0.235}, {"kind": "headroom", "amount": 10}]
    _, twin, rules = tiny(rows, workloads, policies)
    assert ordered(twin, rules, [0, 0, 0]).is_complete


def test_new_workloads_start_and_the_way_back_stops_them():
    """A workload that runs nowhere starts without a source."""
    _, twin, rules = tiny(2, [{"host": None}, {"host": "h1"}])
    order = ordered(twin, rules, [1, 1])
    assert order.source[order.workload == 0].tolist() == [-1]
    assert move_documents(twin, order)[order.workload.tolist().index(0)].source == ""
    assert order.reverse().target[order.reverse().workload == 0].tolist() == [-1]


def test_reverse_leads_back():
    """Following order and reverse ends where it began, detours marked on both ways."""
    _, twin, rules = tiny(3, [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}])
    order = ordered(twin, rules, [1, 0])
    back = order.reverse()
    host = np.array([1, 0])
    for workload, source, target in zip(back.workload, back.source, back.target, strict=True):
        assert host[workload] == source
        host[workload] = target
    assert host.tolist() == [0, 1]
    assert back.bounce.sum() == 1


def test_documents_name_everything():
    """The plan's moves carry names, one-based waves and the order."""
    _, twin, rules = tiny(3, [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}])
    worth = MoveReasons(["empties h1", "fills h1"], np.zeros(2), np.full(2, np.nan), 0.0)
    moves = move_documents(twin, ordered(twin, rules, [2, 0]), worth=worth)
    assert [(m.wave, m.order, m.workload, m.source, m.target) for m in moves] == [
        (1, 1, "w1", "h1", "h3"),
        (2, 2, "w2", "h2", "h1"),
    ]
    assert moves[0].reason == "empties h1"


@pytest.mark.parametrize("defect", ["merged", "shuffled", "dropped", "elsewhere"])
def test_replay_refuses_a_damaged_order(defect):
    """Waves merged, turned round, a move missing or to another host are all found."""
    _, twin, rules = tiny(3, [{"cpu": 80, "host": "h1"}, {"cpu": 80, "host": "h2"}])
    order = ordered(twin, rules, [2, 0])
    changes = {
        "merged": {"wave": np.zeros(2, dtype=np.int32)},
        "shuffled": {n: getattr(order, n)[::-1].copy() for n in ("workload", "source", "target")},
        "dropped": {
            n: getattr(order, n)[:1] for n in ("workload", "source", "target", "wave", "bounce")
        },
        "elsewhere": {"target": np.array([2, 2], dtype=np.int32)},
    }
    assert replay(twin, rules, dataclasses.replace(order, **changes[defect]))


def test_permutation_of_full_hosts_needs_few_detours():
    """A random permutation of 60 full hosts with one spare costs one detour for each cycle."""
    rng = np.random.default_rng(5)
    workloads = [{"cpu": 100, "memory": 1, "host": f"h{i + 1}"} for i in range(60)]
    _, twin, rules = tiny(61, workloads)
    target = rng.permutation(60)
    order = ordered(twin, rules, target)
    assert order.is_complete
    assert order.bounce.sum() == _num_cycles(target)


def _num_cycles(target: np.ndarray) -> int:
    seen, count = set(), 0
    for first in range(len(target)):
        length, here = 0, first
        while here not in seen:
            seen.add(here)
            here, length = int(target[here]), length + 1
        count += length > 1
    return count


def test_the_time_to_order_moves_grows_like_their_number():
    """Twice the hosts and moves, with rules on racks and services: less than four times as long."""
    small, large = _seconds_to_order(300, 2000), _seconds_to_order(600, 4000)
    assert large < 4.0 * small


def _seconds_to_order(num_hosts: int, num_workloads: int) -> float:
    twin, rules, plan = consolidation(num_hosts, num_workloads)
    assert verify(twin, rules, plan).is_legal
    began = time.process_time()
    order = order_moves(twin, rules, plan)
    seconds = time.process_time() - began
    assert order.is_complete
    assert len(order.workload) > 0.97 * num_workloads
    assert replay(twin, rules, order) == []
    return seconds


def consolidation(num_hosts: int, num_workloads: int):
    """Return a spread-out site and a plan that packs it by first fit within all rules."""
    rng = np.random.default_rng(1)
    num_services = num_workloads // 27
    cpu, seat = rng.integers(2, 9, num_workloads), rng.permutation(num_workloads) % num_hosts
    workloads = [
        {"service": f"s{i % num_services}", "host": f"h{seat[i] + 1}", "cpu": int(cpu[i]),
         "memory": 5, "profile": "day"}
        for i in range(num_workloads)
    ]  # fmt: skip
    hosts = [{"rack": f"r{i // 20}"} for i in range(num_hosts)]
    policies = [
        {"kind": "domain_capacity", "limit": 4.1},
        {"kind": "anti_affinity", "workloads": {}},
        {"kind": "spread", "max_per_domain": 6, "min_domains": 3},
        {"kind": "not_worse"},
    ]
    demand = {"day": np.linspace(0.3, 1.0, 24).tolist()}
    _, twin, rules = tiny(hosts, workloads, policies, demand=demand)
    service = np.arange(num_workloads) % num_services
    host = first_fit(cpu, service, twin["host_rack"].values)
    return twin, rules, plan_of(twin, host)


def first_fit(cpu, service, rack):
    """Place the largest first on the first host that takes it."""
    load = np.zeros(len(rack))
    here = np.zeros((len(rack), service.max() + 1), dtype=bool)
    in_rack = np.zeros((rack.max() + 1, service.max() + 1), dtype=int)
    host = np.zeros(len(cpu), dtype=np.int32)
    for w in np.argsort(-cpu):
        free = (load + cpu[w] <= 100) & ~here[:, service[w]] & (in_rack[rack, service[w]] < 6)
        h = int(np.argmax(free))
        host[w], here[h, service[w]] = h, True
        load[h] += cpu[w]
        in_rack[rack[h], service[w]] += 1
    return host
