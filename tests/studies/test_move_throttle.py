"""Limits on moves at the same time, kept by every wave and found again by the replay."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.schema.moving import Moving
from optimiser.studies.move_replay import replay
from optimiser.studies.moves import order_moves


def eight_moves():
    """Return a site of two racks of two hosts whose eight workloads change racks."""
    rows = [{"rack": "a"}, {"rack": "a"}, {"rack": "b"}, {"rack": "b"}]
    workloads = [{"cpu": 5, "service": f"s{i // 4}", "host": f"h{i % 2 + 1}"} for i in range(8)]
    _, twin, rules = tiny(rows, workloads)
    host = np.array([2 + i % 2 for i in range(8)], dtype=np.int32)
    return twin, rules, Placement(host, np.array([False, False, True, True]))


@pytest.mark.parametrize(
    ("given", "waves"),
    [
        ({}, 1),
        ({"concurrent_per_host": 1}, 4),
        ({"concurrent": 3}, 3),
        ({"throttle": [{"domain": "rack", "limit": 2, "counts": "in"}]}, 4),
        ({"throttle": [{"domain": "rack", "limit": 4, "counts": "out"}]}, 2),
        ({"throttle": [{"domain": "host", "limit": 2}]}, 2),
        ({"throttle": [{"domain": "service", "limit": 1}]}, 4),
        ({"throttle": [{"domain": "site", "limit": 1}]}, 8),
    ],
)
def test_each_limit_needs_so_many_waves(given: dict, waves: int) -> None:
    """Eight equal moves take as many waves as the tightest limit asks for, and no more."""
    twin, rules, plan = eight_moves()
    moving = Moving.model_validate(given)
    order = order_moves(twin, rules, plan, moving=moving)
    assert order.is_complete
    assert order.num_waves == waves
    assert replay(twin, rules, order, moving) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"concurrent_per_host": 3}, "4 moves arrive at host h3 in wave 1, 3 may"),
        ({"concurrent": 7}, "8 moves are under way in the site in wave 1, 7 may"),
        ({"throttle": [{"domain": "rack", "limit": 5}]}, "8 moves are under way in rack a"),
        ({"throttle": [{"domain": "service", "limit": 3}]}, "in service s0 in wave 1, 3 may"),
    ],
)
def test_replay_finds_a_wave_that_is_too_wide(given: dict, words: str) -> None:
    """An order made without limits is refused under them, in words that say where."""
    twin, rules, plan = eight_moves()
    order = order_moves(twin, rules, plan)
    found = [v.sentence for v in replay(twin, rules, order, Moving.model_validate(given))]
    assert any(words in sentence for sentence in found), found


def test_moves_inside_one_rack_count_once_there() -> None:
    """Two moves inside a rack are two, not four, of the moves under way there."""
    rows = [{"rack": "a"}, {"rack": "a"}]
    _, twin, rules = tiny(rows, [{"cpu": 5, "host": "h1"}, {"cpu": 5, "host": "h1"}])
    plan = Placement(np.array([1, 1], dtype=np.int32), np.array([False, True]))
    moving = Moving.model_validate({"throttle": [{"domain": "rack", "limit": 2}]})
    order = order_moves(twin, rules, plan, moving=moving)
    assert order.num_waves == 1
    assert replay(twin, rules, order, moving) == []
