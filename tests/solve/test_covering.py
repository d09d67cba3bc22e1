"""Lists of all fillings, exact choice among them, and proof that a target is out of reach."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from optimiser.solve import covering
from optimiser.solve.candidate import Candidate
from optimiser.solve.columns import Prices, generate
from optimiser.solve.covering import Coverer, Desk
from optimiser.solve.dive import place_fillings
from optimiser.solve.filling_tree import search_pool
from optimiser.solve.listing import list_worthy
from optimiser.solve.packing import Packing
from optimiser.solve.pool import Pool, list_pool, mean_prices, size_prices

NEVER = 10**6


def _go_on() -> bool:
    return False


def _fillings(use: np.ndarray, count: np.ndarray, room: np.ndarray) -> list[np.ndarray]:
    """Return every filling but the empty one, by trying all numbers of all items."""
    tried = map(np.array, itertools.product(*[range(n + 1) for n in count.tolist()]))
    return [taken for taken in tried if taken.any() and (taken @ use <= room).all()]


@pytest.mark.parametrize("seed", range(40))
def test_list_holds_each_worthy_filling_once(seed: int):
    """The list is what trying every filling gives, by worth and by two further measures."""
    rng = np.random.default_rng(seed)
    items, columns = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    worth, count = rng.random(items) * (rng.random(items) < 0.8), rng.integers(1, 4, items)
    use, room = rng.integers(0, 9, (items, columns)), rng.integers(5, 20, columns)
    measure, least = rng.random((2, items)), np.array([0.5, 0.3])
    every = _fillings(use, count, room)
    floor = 0.6 * max((float(taken @ worth) for taken in every), default=0.0)
    is_complete, start, item = list_worthy(
        worth, use, count, room, floor - 1e-9, measure, least, NEVER, NEVER
    )
    parts = [item[a:b] for a, b in itertools.pairwise(start.tolist())]
    listed = [tuple(np.bincount(part, minlength=items).tolist()) for part in parts]
    wanted = {
        tuple(taken.tolist())
        for taken in every
        if taken @ worth >= floor - 1e-9 and (measure @ taken >= least).all()
    }
    assert is_complete
    assert len(listed) == len(set(listed))
    assert set(listed) == wanted


def test_list_that_is_cut_short_says_so():
    """Neither too few steps nor too little room passes for a list of all."""
    worth, use, count = np.ones(4), np.ones((4, 1), dtype=np.int64), np.full(4, 1)
    none, nothing = np.zeros((0, 4)), np.zeros(0)
    for nodes, most, expected in ((NEVER, NEVER, True), (2, NEVER, False), (NEVER, 5, False)):
        room = np.array([2])
        found = list_worthy(worth, use, count, room, 0.5, none, nothing, nodes, most)
        assert found[0] is expected


def _packing(seed: int, *, single: bool) -> Packing:
    """Return some items on hosts of two kinds at whole prices; ``single``: no two alike."""
    rng = np.random.default_rng(seed)
    items = int(rng.integers(4, 7)) if single else int(rng.integers(2, 4))
    extra = [] if single else rng.integers(0, items, 3)
    item_of = np.sort(np.append(np.arange(items), extra)).astype(np.int64)
    return Packing(
        use=rng.integers(1, 6, (items, 2)),
        count=np.bincount(item_of, minlength=items),
        room=np.array([[6, 7], [9, 8]]),
        available=np.array([3, 3]),
        price=np.array([2.0, 3.0]),
        allowed=np.array(rng.random((items, 2)) < 0.9) | np.array([False, True]),
        item_of=item_of,
        class_of=np.repeat([0, 1], 3),
    )


def _least_price(packing: Packing) -> float:
    """Return the least price of hosts that hold everything, by trying every placement."""
    best, hosts = np.inf, len(packing.class_of)

    def put(load: np.ndarray, used: set[int], workload: int) -> None:
        nonlocal best
        price = float(packing.price[packing.class_of[sorted(used)]].sum())
        if price >= best:
            return
        if workload == len(packing.item_of):
            best = price
            return
        item = packing.item_of[workload]
        for host in range(hosts):
            kind = packing.class_of[host]
            more = load[host] + packing.use[item]
            if packing.allowed[item, kind] and (more <= packing.room[kind]).all():
                after = load.copy()
                after[host] = more
                put(after, used | {host}, workload + 1)

    put(np.zeros((hosts, 2), dtype=np.int64), set(), 0)
    return best


def _price_of(packing: Packing, host: np.ndarray) -> float:
    """Return what a placement costs, after a check that it is one."""
    assert (host >= 0).all()
    assert packing.allowed[packing.item_of, packing.class_of[host]].all()
    load = np.zeros_like(packing.room[packing.class_of])
    np.add.at(load, host, packing.use[packing.item_of])
    assert (load <= packing.room[packing.class_of]).all()
    return float(packing.price[packing.class_of[np.unique(host)]].sum())


def _pool(packing: Packing, target: float) -> Pool | None:
    prices = mean_prices(size_prices(packing))
    return list_pool(packing, target, prices, NEVER, NEVER)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_tree_finds_the_optimum_and_proves_what_is_below(seed: int, single: bool):
    """A plan is found at the optimum, and the target just below is proven out of reach."""
    packing = _packing(seed, single=single)
    best = _least_price(packing)
    if not np.isfinite(best):
        pool = _pool(packing, float(packing.price @ packing.available))
        assert pool is None or search_pool(pool, _go_on).is_proven
        return
    pool = _pool(packing, best)
    assert pool is not None
    found = search_pool(pool, _go_on)
    assert found.fillings is not None
    assert _price_of(packing, place_fillings(packing, found.fillings)) == best
    below = _pool(packing, best - 1.0)
    if below is not None:
        found = search_pool(below, _go_on)
        assert found.fillings is None
        assert found.is_proven


@pytest.mark.parametrize("seed", range(10))
def test_pool_holds_the_fillings_of_every_plan_at_the_target(seed: int):
    """Lists by the prices of column generation leave an optimum in."""
    packing = _packing(seed, single=False)
    best = _least_price(packing)
    if not np.isfinite(best):
        pytest.skip("no plan exists")
    master = generate(packing, [], lambda bound: None, _go_on)
    assert master.prices is not None
    pool = list_pool(packing, best, master.prices, NEVER, NEVER)
    assert pool is not None
    found = search_pool(pool, _go_on)
    assert found.fillings is not None
    assert _price_of(packing, place_fillings(packing, found.fillings)) == best


def test_a_search_that_is_stopped_proves_nothing():
    """Without time there is neither a plan nor a proof."""
    pool = _pool(_packing(1, single=True), 100.0)
    assert pool is not None
    found = search_pool(pool, lambda: True)
    assert found.fillings is None
    assert not found.is_proven


def test_prices_by_size_charge_no_filling_more_than_its_host():
    """At the use of one resource no filling is worth more than its host costs."""
    packing = _packing(3, single=False)
    for prices in size_prices(packing):
        for kind, room in enumerate(packing.room):
            for taken in _fillings(packing.use, packing.count, room):
                assert float(taken @ prices.worth) <= packing.price[kind] + 1e-9


class _Desk:
    """Keeps what a coverer reports; judges placements as a site without further rules would."""

    def __init__(self, packing: Packing, is_over: Callable[[float], bool]) -> None:
        self.packing, self.bounds = packing, [0.0]
        self.held: Candidate | None = None
        self.desk = Desk(lambda: self.held, self._offer, self.bounds.append, is_over)

    def _offer(self, host: np.ndarray) -> None:
        if (host < 0).any():
            return
        price = _price_of(self.packing, host)
        if self.held is None or price < self.held.objective:
            on = np.isin(np.arange(len(self.packing.class_of)), host)
            none = np.zeros(len(host), dtype=np.uint64)
            self.held = Candidate(host, on, none, {"host_on": price})


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_coverer_closes_small_packings(seed: int, single: bool):
    """Bound and plan meet at the optimum that trying every placement finds."""
    packing = _packing(seed, single=single)
    best = _least_price(packing)
    if not np.isfinite(best):
        pytest.skip("no plan exists")
    desk = _Desk(packing, lambda share: False)
    Coverer(packing, desk.desk).run()
    assert desk.held is not None
    assert desk.held.objective == best
    assert max(desk.bounds) == best


def _only_parts(
    packing: Packing, target: float, prices: Prices, nodes: int, most: int, share: float = 1.0
) -> Pool | None:
    return None if share == 1.0 else list_pool(packing, target, prices, nodes, most, share)


def test_parts_of_a_list_find_plans_but_prove_nothing(monkeypatch: pytest.MonkeyPatch):
    """Where not all fillings fit in a list, no bound comes from the fillings that do."""
    for seed in range(6):
        packing = _packing(seed, single=True)
        best = _least_price(packing)
        if not np.isfinite(best):
            continue
        with monkeypatch.context() as patched:
            patched.setattr(covering, "list_pool", _only_parts)
            desk = _Desk(packing, lambda share: False)
            Coverer(packing, desk.desk).run()
        assert max(desk.bounds) <= best
        assert desk.held is None or desk.held.objective >= best


def test_mean_of_prices_is_between_them():
    """Means of valid prices are valid, with the mean of their bounds."""
    one = Prices(np.array([1.0, 0.0]), np.array([0.0]), 2.0)
    other = Prices(np.array([0.0, 1.0]), np.array([1.0]), 4.0)
    mean = mean_prices([one, other])
    assert mean.worth.tolist() == [0.5, 0.5]
    assert mean.charge.tolist() == [0.5]
    assert mean.bound == 3.0
