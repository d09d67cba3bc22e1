"""Fillings of hosts: knapsacks, their bound, and the plans that follow from them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optimiser.solve import columns
from optimiser.solve.columns import fillings_of, generate, price_fillings, round_up
from optimiser.solve.dive import dive
from optimiser.solve.executor import open_executor
from optimiser.solve.knapsack import best_fillings
from optimiser.solve.packing import Packing
from optimiser.solve.restricted import choose_fillings, restricted_master
from optimiser.solve.settings import SolveSettings
from optimiser.solve.worker import SolverChild

NEVER = 10**6


def _best_by_hand(worth: np.ndarray, use: np.ndarray, count: np.ndarray, room: np.ndarray) -> float:
    best = 0.0
    for taken in itertools.product(*[range(n + 1) for n in count.tolist()]):
        amount = np.array(taken)
        if (amount @ use <= room).all():
            best = max(best, float(amount @ worth))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_best_filling_is_the_best_of_all(seed: int):
    """The knapsack finds what trying every filling finds, and its limit is that worth."""
    rng = np.random.default_rng(seed)
    items, columns = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    worth, count = rng.random(items), rng.integers(1, 4, items)
    use, room = rng.integers(0, 9, (items, columns)), rng.integers(5, 20, columns)
    upper, fillings, values = best_fillings(worth, use, count, room, 0.0, NEVER, 9)
    assert upper == pytest.approx(_best_by_hand(worth, use, count, room))
    assert upper == values.max(initial=0.0)
    for taken, value in zip(fillings, values, strict=True):
        assert (taken <= count).all() and (taken @ use <= room).all()
        assert float(taken @ worth) == pytest.approx(value)


@pytest.mark.parametrize("seed", range(20))
def test_limit_holds_when_stopped_early(seed: int):
    """After three steps the limit is still above every filling."""
    rng = np.random.default_rng(100 + seed)
    worth, count = rng.random(6), np.full(6, 2)
    use, room = rng.integers(1, 9, (6, 2)), rng.integers(8, 20, 2)
    upper, _, values = best_fillings(worth, use, count, room, 0.0, 3, 9)
    best = _best_by_hand(worth, use, count, room)
    assert values.max(initial=0.0) <= best + 1e-9
    assert best <= upper + 1e-9


def test_items_without_size_cost_no_room():
    """What needs nothing goes in all at once and counts in the limit of a search cut short."""
    worth, count = np.array([1.0, 2.0, 5.0]), np.array([2, 3, 1])
    use, room = np.array([[0], [0], [4]]), np.array([4])
    assert best_fillings(worth, use, count, room, 0.0, NEVER, 9)[0] == 13.0
    assert best_fillings(worth, use, count, room, 0.0, 1, 9)[0] >= 13.0


def _packing(seed: int) -> Packing:
    """Return up to six items on up to six hosts of two kinds, prices whole."""
    rng = np.random.default_rng(seed)
    items, hosts = int(rng.integers(2, 5)), 6
    item_of = np.sort(np.append(np.arange(items), rng.integers(0, items, 2)))
    use = rng.integers(1, 6, (items, 2))
    return Packing(
        use=use,
        count=np.bincount(item_of, minlength=items),
        room=np.array([[6, 7], [9, 8]]),
        available=np.array([3, 3]),
        price=np.array([2.0, 3.0]),
        allowed=np.ones((items, 2), dtype=bool),
        item_of=item_of,
        class_of=np.repeat([0, 1], hosts // 2),
    )


def _least_cost(packing: Packing) -> float:
    """Return the least price of hosts that hold everything, by trying every placement."""
    price, best = packing.price[packing.class_of], np.inf
    use, room = packing.use[packing.item_of], packing.room[packing.class_of]
    for host in itertools.product(range(len(price)), repeat=len(use)):
        load = np.zeros_like(room)
        np.add.at(load, np.array(host), use)
        if (load <= room).all():
            best = min(best, float(price[np.unique(host)].sum()))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_bound_and_plan_enclose_the_optimum(seed: int):
    """The bound is never above the best placement, and the dive's plan is legal, never below."""
    packing, bounds = _packing(seed), [0.0]
    master = generate(packing, [], bounds.append, lambda: False)
    host = dive(master, lambda: False)
    best = _least_cost(packing)
    assert max(bounds) <= best + 1e-6
    assert host is not None
    if (host >= 0).all():
        load = np.zeros_like(packing.room[packing.class_of])
        np.add.at(load, host, packing.use[packing.item_of])
        assert (load <= packing.room[packing.class_of]).all()
        assert packing.price[packing.class_of][np.unique(host)].sum() >= best - 1e-9


def test_any_worths_give_a_bound():
    """Worths out of thin air prove less than the optimum, never more."""
    rng = np.random.default_rng(5)
    for seed in range(8):
        packing = _packing(seed)
        worth = rng.random(len(packing.count)) * 3
        found = price_fillings(packing, worth, packing.count, NEVER, np.zeros(2))
        assert found.bound <= _least_cost(packing) + 1e-9


def test_fillings_of_a_placement_are_what_its_hosts_hold():
    """Each host in use gives one filling of its class; all together hold every workload."""
    packing = _packing(1)
    host = np.arange(len(packing.item_of)) % 6
    found = fillings_of(packing, host)
    assert (sum(filling for _, filling in found) == packing.count).all()
    assert sorted(kind for kind, _ in found) == sorted(packing.class_of[np.unique(host)].tolist())


def test_sums_of_whole_prices_round_up():
    """Prices 2 and 3 add up to whole numbers, so a bound of 4.2 means 5; 5 stays 5."""
    packing = _packing(0)
    assert round_up(packing, 4.2) == 5.0
    assert round_up(packing, 5.0) == 5.0
    assert round_up(packing, 5.0000001) == 5.0


def test_whole_fillings_are_chosen_exactly():
    """The cheapest whole fillings of the master hold every item and cost at least the optimum.

    With the fillings of a plan among them the answer costs no more than that plan.
    """
    with SolverChild() as child:
        for seed in range(6):
            packing, bounds = _packing(seed), [0.0]
            master = generate(packing, [], bounds.append, lambda: False)
            host = dive(master, lambda: False)
            start = []
            if host is not None and (host >= 0).all():
                start = fillings_of(packing, host)
                for kind, filling in start:
                    master.add(kind, filling)
            chosen = choose_fillings(master, start, child, SolveSettings(), lambda: False)
            if chosen is None:
                continue
            load = np.zeros((len(packing.class_of), packing.use.shape[1]), dtype=np.int64)
            assert (chosen >= 0).all()
            np.add.at(load, chosen, packing.use[packing.item_of])
            assert (load <= packing.room[packing.class_of]).all()
            cost = float(packing.price[packing.class_of[np.unique(chosen)]].sum())
            assert max(bounds) - 1e-6 <= _least_cost(packing) <= cost + 1e-6
            if start:
                held = packing.price[packing.class_of[np.unique(host)]].sum()
                assert cost <= held + 1e-6


def test_no_fillings_are_no_model():
    """A master without columns has nothing to choose from."""
    from optimiser.solve.columns import Master

    assert restricted_master(Master(_packing(1))) is None


def test_workers_price_the_same_columns(monkeypatch: pytest.MonkeyPatch):
    """Knapsacks of a round run on two processes; every round asks and learns the same."""
    told: list[list[float]] = []
    masters = []
    monkeypatch.setattr(columns, "WORTH_SENDING_S", -1.0)
    for workers in (None, 2):
        told.append([])
        with open_executor(workers=workers) as executor:
            masters += [
                generate(_packing(seed), [], told[-1].append, lambda: False, executor)
                for seed in range(6)
            ]
    assert told[0] == told[1] and len(told[0]) >= 6
    for here, there in zip(masters[:6], masters[6:], strict=True):
        assert here.kind == there.kind and here.bound == there.bound
        assert all((a == b).all() for a, b in zip(here.filling, there.filling, strict=True))
