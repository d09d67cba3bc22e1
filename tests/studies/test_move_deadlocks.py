"""Deadlocks: broken with the fewest extra moves, compared with a search through all states."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from instances.tiny import GPU_RESOURCES, tiny

from optimiser.analysis.verdict import Placement
from optimiser.studies.move_replay import replay
from optimiser.studies.moves import order_moves


def planted_cycle(
    rng: np.random.Generator, length: int
) -> tuple[list[dict], list[dict], list[int]]:
    """Return hosts, workloads and targets: a cycle of full hosts, residents and some free hosts."""
    free = int(rng.integers(1, 3))
    hosts = [{"cpu": 100} for _ in range(length)]
    hosts += [{"cpu": int(rng.choice([20, 40, 60, 100]))} for _ in range(free)]
    workloads, target = [], []
    for place in range(length):
        size = int(rng.choice([55, 60, 80, 100]))
        workloads.append({"cpu": size, "memory": 1, "host": f"h{place + 1}"})
        target.append((place + 1) % length)
        if size < 100 and rng.random() < 0.5:
            workloads.append({"cpu": min(20, 100 - size), "memory": 1, "host": f"h{place + 1}"})
            target.append(place)
    return hosts, workloads, target


def fewest_moves(
    size: np.ndarray, room: np.ndarray, start: list[int], end: list[int]
) -> int | None:
    """Return the length of the shortest legal sequence of single moves, by breadth-first search."""
    first, last = tuple(start), tuple(end)
    seen, queue = {first: 0}, deque([first])
    while queue:
        state = queue.popleft()
        if state == last:
            return seen[state]
        load = np.bincount(state, weights=size, minlength=len(room))
        for workload, here in enumerate(state):
            for host in np.flatnonzero(load + size[workload] <= room).tolist():
                after = (*state[:workload], host, *state[workload + 1 :])
                if host != here and after not in seen:
                    seen[after] = seen[state] + 1
                    queue.append(after)
    return None


@pytest.mark.parametrize("length", [2, 3])
def test_planted_cycle_costs_the_fewest_extra_moves(length: int) -> None:
    """On 60 planted cycles no order is longer than the shortest there is, and none is missed."""
    broken = hopeless = 0
    for seed in range(60):
        hosts, workloads, target = planted_cycle(np.random.default_rng([seed, length]), length)
        _, twin, rules = tiny(hosts, workloads)
        start = twin["workload_host"].values
        capacity = np.array([row["cpu"] for row in hosts])
        sizes = np.array([row["cpu"] for row in workloads])
        if np.any(np.bincount(target, weights=sizes, minlength=len(hosts)) > capacity):
            continue  # no plan
        least = fewest_moves(sizes, capacity, start.tolist(), target)
        host = np.array(target, dtype=np.int32)
        order = order_moves(twin, rules, Placement(host, np.isin(np.arange(len(hosts)), host)))
        assert replay(twin, rules, order) == [], seed
        assert order.is_complete == (least is not None), seed
        if least is None:
            hopeless += 1
        else:
            broken += 1
            assert len(order.workload) == least, seed
    assert broken > 15
    assert hopeless > 3


def test_swap_of_whole_devices_goes_over_a_free_device() -> None:
    """Two hosts whose devices are full swap over the third: one extra move, devices fit always."""
    rows = [{"gpu": 100}, {"gpu": 100}, {"gpu": 100}]
    workloads = [{"gpu": 100, "cpu": 1, "host": "h1"}, {"gpu": 100, "cpu": 1, "host": "h2"}]
    _, twin, rules = tiny(rows, workloads, resources=GPU_RESOURCES)
    host = np.array([1, 0], dtype=np.int32)
    order = order_moves(twin, rules, Placement(host, np.array([True, True, False])))
    assert order.is_complete
    assert order.bounce.sum() == 1
    assert replay(twin, rules, order) == []
