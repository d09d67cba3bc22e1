"""Orders of moves against every order of tiny sites.

``python -m differential.order_trial FIRST COUNT [KIND …]`` (from ``tests``) tries more.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

import numpy as np
from instances.order_sites import (
    KINDS,
    OrderSite,
    as_order,
    as_waves,
    every_order,
    is_legal,
    order_site,
)

from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_replay import replay
from optimiser.studies.move_times import time_moves
from optimiser.studies.move_way_check import check_times
from optimiser.studies.moves import order_moves
from optimiser.workflow.resume import left_of, placement_after

SAMPLED = 12


def accepts(site: OrderSite, order: MoveOrder) -> bool:
    """Whether the exact checkers find nothing wrong with an order and its times."""
    if replay(site.twin, site.rules, order, site.moving, site.way):
        return False
    timed, times = time_moves(site.twin, order, site.moving, site.way)
    return timed.num_waves == order.num_waves and not check_times(
        site.twin, site.way, site.moving, timed, times
    )


def complaints(seed: int, kinds: tuple[str, ...], sampled: int = SAMPLED) -> tuple[list[str], str]:
    """Return what is wrong with planner or checker on the site of a seed, and how it came out."""
    site = order_site(seed, kinds)
    if site is None:
        return [], "nothing moves"
    orders = list(every_order(site.movers))
    legal = {waves for waves in orders if is_legal(site, waves)}
    found = []
    for waves in random.Random(seed).sample(orders, min(sampled, len(orders))):
        if accepts(site, as_order(site, waves)) != (waves in legal):
            found.append(f"checker and oracle differ on {waves}")
    order = order_moves(site.twin, site.rules, site.plan, moving=site.moving, way=site.way)
    found += _wrong_order(site, order, legal)
    outcome = "direct" if legal else "none"
    return found, outcome + (" kept" if order.is_complete else " stuck")


def _wrong_order(site: OrderSite, order: MoveOrder, legal: set) -> list[str]:
    found = []
    if not order.is_complete and legal:
        found.append(f"told stuck ({order.stuck}), but {min(legal)} is an order")
    if order.is_complete and not order.bounce.any() and as_waves(order) not in legal:
        found.append(f"made an illegal order {as_waves(order)}")
    timed, times = time_moves(site.twin, order, site.moving, site.way)
    told = replay(site.twin, site.rules, timed, site.moving, site.way)
    told += check_times(site.twin, site.way, site.moving, timed, times)
    back = replay(site.twin, site.rules, timed.reverse(), None, site.way)
    found += [f"broken: {one.sentence}" for one in told]
    if order.is_complete:
        found += [f"broken on the way back: {one.sentence}" for one in back]
    found += _wrong_rests(site, timed) if order.is_complete and not told else []
    away = np.flatnonzero(_reached(order) != np.asarray(site.plan.host))
    names = site.twin["workload"].values.astype(str)[away].tolist()
    if sorted(names) != sorted(name for name, _ in order.stuck):
        found.append(f"{names} do not arrive, and {order.stuck} are told")
    return found


def _wrong_rests(site: OrderSite, order: MoveOrder) -> list[str]:
    """Return what is wrong with what is left after each prefix of an order."""
    found = []
    for count in range(1, len(order.workload)):
        done = np.arange(len(order.workload)) < count
        state = placement_after(site.twin, site.rules, order, done)
        rest = left_of(order, done, state)
        if not accepts(site, rest):
            found.append(f"the rest after {count} moves of {as_waves(order)} is refused")
    return found


def _reached(order: MoveOrder) -> np.ndarray:
    host = np.array(order.start.host)
    host[order.workload] = order.target
    return host


if __name__ == "__main__":
    outcomes: Counter[str] = Counter()
    wanted = tuple(sys.argv[3:]) or KINDS
    for one in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        wrong, outcome = complaints(one, wanted, 10_000)
        outcomes[outcome] += 1
        for sentence in wrong:
            print(f"seed {one}: {sentence}", flush=True)
    print(dict(outcomes))
