"""A proven lower limit where loads and moves cost money: each host chooses who stays.

The rows that join hosts are dropped and priced: what leaves one host is load on another, and groups
hold at most so many members in a domain. With prices on those, each host is a problem of its own,
the least cost over all sets of its workloads of today that stay, which enumeration solves exactly,
and each workload that leaves goes where that is cheapest. The sum of these minima is a limit of
every legal plan whatever the prices are (Lagrangian relaxation; Geoffrion 1974), and as whole
workloads stay or leave it is above that of the linear relaxation. Prices rise along subgradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from optimiser.schema.policy import Availability
from optimiser.solve.objective import host_load
from optimiser.solve.place_arrays import NO_ROOM_LIMIT, transit_room
from optimiser.solve.problem import Problem
from optimiser.solve.stay_kernel import Stay, evaluate

LARGEST = 2_000_000
"""Pairs of workload and host, or cells of rules, beyond which nothing is proven."""
MOST_CHOSEN = 14
"""Workloads among which a host chooses; it looks at all their sets."""
ROUNDING = 1e-9
"""Share of the limit that sums of floating-point numbers may be off."""
PATIENCE, SHORTER = 20, 0.8
"""Steps without a gain after which steps get shorter, and by what factor."""
MOST_VAIN = 8
"""Times that shorter steps gain nothing before prices are left as they are."""
SETTLED, SHORTEST = 0.15, 1e-3
"""Share of a full step at which prices have settled: the same for all hosts, and for each."""
MEMORY = 0.6
"""Weight of the directions before."""
CELL_SCALE = 0.3
"""Prices of cells beside those of a whole host, chosen by trial (0.03 to 3)."""
FLAT = 1e-15
"""Square of a slope, in shares of a host and in workloads, that counts as none."""
WORTH = 1e-6
"""Share of the limit that counts as a gain."""


@dataclass(frozen=True)
class _Columns:
    """Loads that have a price; amounts float64, whole numbers.

    ``use`` (workload, column), ``price`` (column,) for each unit above ``limit`` (host, column);
    ``capacity``, ``held`` and ``low`` (host, column) as in :class:`Stay`.
    """

    use: np.ndarray
    price: np.ndarray
    limit: np.ndarray
    capacity: np.ndarray
    held: np.ndarray
    low: np.ndarray


def stay_of(problem: Problem) -> Stay | None:
    """Return the hosts and their choices; ``None`` where loads are free or the site is too large.

    ``None`` also where workloads may be left out, energy may be worth less than nothing, or a
    workload has nowhere to be.
    """
    place, size = problem.place, problem.num_workloads * problem.num_hosts
    is_bare = problem.frame.serving.is_optional.any() or not problem.frame.is_priced.all()
    if is_bare or not place.is_by_load or size > LARGEST:
        return None
    rules = _rules(problem)
    if (
        sum(int(problem.counts.num_domains[r] * problem.counts.num_groups[r]) for r in rules)
        > LARGEST
    ):
        return None
    use = problem.use[problem.flavour]
    may, is_fixed = _targets(problem, use, rules)
    today, allowed = problem.today, problem.eligibility.allowed[problem.eligibility.of_workload]
    placed = today >= 0
    may_stay = np.zeros(len(today), dtype=bool)
    may_stay[placed] = allowed[placed, today[placed]]
    if (~may.any(axis=1) & ~may_stay).any():
        return None
    columns = _join([*_loads(problem, use), *_balances(problem, use)])
    chooser = _choosers(today, columns, may_stay, is_fixed)
    return Stay(
        use=columns.use,
        price=columns.price,
        limit=columns.limit,
        capacity=columns.capacity,
        held=columns.held,
        reserved=_reserved(problem, columns, chooser | (placed & ~may_stay)),
        low=columns.low,
        **_by_host(today, chooser, problem.num_hosts),
        is_fixed=is_fixed,
        roams=~chooser,
        may_stay=may_stay,
        may=may,
        home=today.astype(np.int64),
        move_cost=np.where(placed, problem.move_cost, 0.0),
        move_class=place.move_class,
        class_cost=np.ascontiguousarray(place.class_cost),
        **_cells(problem, rules),
    )


def bound_by_stays(
    stay: Stay,
    best: Callable[[], float | None],
    on_bound: Callable[[float], None],
    is_over: Callable[[], bool],
) -> None:
    """Raise prices until they gain next to nothing or ``is_over``; tell each better limit.

    ``best`` is the objective of the best plan, which sets the length of steps. First there is one
    price of a column for all hosts, then one for each host, and one for each cell of a rule.
    """
    ascent = Ascent(stay)
    for is_shared, longest, shortest in ((True, 1.0, SETTLED), (False, SETTLED, SHORTEST)):
        ascent.restart(longest)
        while ascent.length > shortest and ascent.vain < MOST_VAIN and not is_over():
            if ascent.step(best(), is_shared) and np.isfinite(ascent.limit):
                on_bound(ascent.limit - ROUNDING * max(1.0, abs(ascent.limit)))


class Ascent:
    """Prices that rise along deflected subgradients; ``limit`` is the best value so far.

    Steps are those of Polyak (1969) towards the best plan, made shorter after ``PATIENCE`` steps
    without a gain; ``length`` is the share of them that is left, ``vain`` how often in a row being
    shorter gained nothing.
    """

    def __init__(self, stay: Stay) -> None:
        self.stay = stay
        self.limit, self.length, self.vain = -np.inf, 1.0, 0
        self._scale = np.maximum((stay.capacity - stay.low).mean(axis=0), 1.0)
        is_scarce = stay.use.sum(axis=0) > stay.limit.sum(axis=0)
        load = np.tile(np.where(is_scarce, stay.price, 0.0), (len(stay.limit), 1))
        self._now = load, np.zeros(len(stay.most))
        self._best = self._now
        self._way: tuple[np.ndarray, np.ndarray] | None = None
        self._stalled, self._milestone = 0, -np.inf

    def restart(self, length: float) -> None:
        """Go on from the best prices with steps of such a length."""
        self.length, self.vain = length, 0
        self._stalled, self._now, self._way = 0, self._best, None

    def step(self, target: float | None, is_shared: bool) -> bool:
        """Value the prices and move them; return whether the limit rose.

        ``is_shared``: one price of a column for all hosts, and none of cells.
        """
        load, cell = self._now
        slope = np.empty_like(load), np.empty_like(cell)
        value = float(evaluate(self.stay, load, cell, *slope))
        has_risen = value > self.limit
        if has_risen:
            self.limit, self._best = value, self._now
        self._stalled += 1
        if value > self._milestone + WORTH * abs(value):
            self._milestone, self._stalled, self.vain = value, 0, 0
        if self._stalled >= PATIENCE:
            self.length *= SHORTER
            self.vain += 1
            self._stalled, self._now, self._way = 0, self._best, None
        else:
            goal = target if target is not None else value + max(0.1 * abs(value), 1.0)
            self._move(max(goal - value, WORTH * abs(value)), *slope, is_shared)
        return has_risen

    def _move(
        self, distance: float, load_slope: np.ndarray, cell_slope: np.ndarray, is_shared: bool
    ) -> None:
        """Move the prices towards a value that is ``distance`` higher."""
        load, cell = self._now
        up, across = load_slope / self._scale, cell_slope * CELL_SCALE
        if is_shared:
            up[:], across[:] = up.mean(axis=0), 0.0
        up[(load <= 0.0) & (up < 0.0)] = 0.0  # prices are not below zero
        across[(cell <= 0.0) & (across < 0.0)] = 0.0
        if _square(up, across) <= FLAT:  # no price can gain
            self.length = 0.0
            return
        if self._way is not None:
            up = MEMORY * self._way[0] + (1.0 - MEMORY) * up
            across = MEMORY * self._way[1] + (1.0 - MEMORY) * across
        self._way = up, across
        norm = max(_square(up, across), FLAT)
        step = self.length * distance / norm
        self._now = (
            np.maximum(load + step * up / self._scale, 0.0),
            np.maximum(cell + step * across * CELL_SCALE, 0.0),
        )


def _square(up: np.ndarray, across: np.ndarray) -> float:
    return float((up**2).sum() + (across**2).sum())


def _loads(problem: Problem, use: np.ndarray) -> list[_Columns]:
    """Return a column for each price of load above a limit.

    The price is on the worst step of each host, so that of any one step is a limit: that at which
    all hosts together carry most.
    """
    place, total, found = problem.place, use.sum(axis=0), []
    room = transit_room(problem)
    most = np.minimum(problem.capacity, room)
    for limit, steps, price in zip(
        place.safety_limit, place.safety_column, place.safety_price, strict=True
    ):
        one = steps[[int(np.argmax(total[steps]))]]
        low = np.zeros((len(limit), 1))
        held = room[:, one] < NO_ROOM_LIMIT
        found.append(_columns(use[:, one], float(price), limit[:, None], most[:, one], held, low))
    return found


def _balances(problem: Problem, use: np.ndarray) -> list[_Columns]:
    """Return a column for each price of balance: what is used of one resource less what fits.

    ``ratio`` · free of one − free of the other is above zero where the used amount of the other,
    less ``ratio`` times that of the one, is above the same difference of what a host has.
    """
    place, rated, found = problem.place, problem.rated, []
    for column, per, ratio, price in zip(
        place.balance_column, place.balance_per, place.balance_ratio, place.balance_price,
        strict=True,
    ):  # fmt: skip
        difference = use[:, column] - ratio * use[:, per]
        limit = rated[:, column] - ratio * rated[:, per]
        worst = [int(np.argmax(difference.sum(axis=0) - limit.sum(axis=0)))]
        most, least = problem.capacity[:, column], -ratio * problem.capacity[:, per]
        held = np.ones((len(rated), 1), dtype=bool)  # the room is the same whoever stays
        found.append(
            _columns(
                difference[:, worst], float(price), limit[:, worst], most[:, worst], held,
                least[:, worst],
            )
        )  # fmt: skip
    return found


def _columns(
    use: np.ndarray, price: float, limit: np.ndarray, capacity: np.ndarray, held: np.ndarray,
    low: np.ndarray,
) -> _Columns:  # fmt: skip
    amounts = [amount.astype(float) for amount in (use, limit, capacity, low)]
    return _Columns(amounts[0], np.array([price]), amounts[1], amounts[2], held, amounts[3])


def _join(parts: list[_Columns]) -> _Columns:
    """Return columns side by side."""
    return _Columns(
        **{
            field.name: np.ascontiguousarray(
                np.concatenate([getattr(part, field.name) for part in parts], axis=-1)
            )
            for field in fields(_Columns)
        }
    )


def _rules(problem: Problem) -> list[int]:
    """Return the count rules that limit members of a group in a domain."""
    table, chosen = problem.counts, []
    for index, rule in enumerate(table.rules):
        groups, domains = int(table.num_groups[index]), int(table.num_domains[index])
        first = int(table.offset[index])
        limit = table.limit[first : first + groups * domains].reshape(groups, domains)
        # limits of availability are narrower than what the target needs, so they prove nothing
        if (
            not isinstance(rule.policy, Availability)
            and (limit < table.size[index, :groups, None]).any()
        ):
            chosen.append(index)
    return chosen


def _cells(problem: Problem, rules: list[int]) -> dict[str, np.ndarray]:
    table = problem.counts
    width = table.num_domains[rules].astype(np.int64)
    count = width * table.num_groups[rules]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    most = [
        table.limit[table.offset[r] : table.offset[r] + n]
        for r, n in zip(rules, count, strict=True)
    ]
    return {
        "group": np.ascontiguousarray(table.group[rules], dtype=np.int64),
        "domain": np.ascontiguousarray(table.domain[rules], dtype=np.int64),
        "width": width,
        "offset": first[:-1],
        "most": np.concatenate([*most, np.empty(0)]).astype(float),
    }


def _targets(problem: Problem, use: np.ndarray, rules: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return where each workload may go (workload, host) bool, and who must stay (workload,) bool.

    Beside today's load where room stays taken, beside those that must stay elsewhere.
    """
    today, placed = problem.today, np.flatnonzero(problem.today >= 0)
    allowed = np.asarray(problem.eligibility.allowed[problem.eligibility.of_workload])
    room = transit_room(problem)
    left = np.minimum(room - host_load(problem, today), problem.capacity)
    may = allowed.copy()
    may[placed, today[placed]] = False
    _forbid_full(may, use, left)
    at_home = np.zeros(len(today), dtype=bool)
    at_home[placed] = allowed[placed, today[placed]]
    is_fixed = np.zeros(len(today), dtype=bool)
    while True:
        known = at_home & ~may.any(axis=1)
        if (known == is_fixed).all():
            return may, is_fixed
        is_fixed = known
        stays = np.flatnonzero(is_fixed)
        load = np.zeros_like(problem.capacity)
        np.add.at(load, today[stays], use[stays])
        _forbid_full(may, use, np.minimum(left, problem.capacity - load))
        for rule in rules:
            _forbid_crowded(problem, rule, stays, may)


def _forbid_full(may: np.ndarray, use: np.ndarray, left: np.ndarray) -> None:
    for column in range(use.shape[1]):
        may &= use[:, column, None] <= left[None, :, column]


def _forbid_crowded(problem: Problem, rule: int, stays: np.ndarray, may: np.ndarray) -> None:
    """Forbid domains in which those that stay are as many as may be."""
    table, first = problem.counts, int(problem.counts.offset[rule])
    shape = int(table.num_groups[rule]), int(table.num_domains[rule])
    limit = table.limit[first : first + shape[0] * shape[1]].reshape(shape)
    group, domain = table.group[rule], table.domain[rule]
    count = np.zeros(shape, dtype=np.int64)
    counted = stays[(group[stays] >= 0) & (domain[problem.today[stays]] >= 0)]
    np.add.at(count, (group[counted], domain[problem.today[counted]]), 1)
    is_full = count >= limit
    inside, hosts = np.flatnonzero(group >= 0), np.flatnonzero(domain >= 0)
    may[np.ix_(inside, hosts)] &= ~is_full[group[inside]][:, domain[hosts]]


def _choosers(
    today: np.ndarray, columns: _Columns, may_stay: np.ndarray, is_fixed: np.ndarray
) -> np.ndarray:
    """Return whose stay a host decides on (workload,) bool: all fixed ones and the largest."""
    size = np.maximum(columns.capacity.mean(axis=0), 1.0)
    share = np.abs(columns.use / size).max(axis=1)
    free = np.flatnonzero(may_stay & ~is_fixed)
    order = free[np.lexsort((-share[free], today[free]))]
    rank = np.arange(len(order)) - np.searchsorted(today[order], today[order])
    chosen = is_fixed.copy()
    chosen[order[rank < MOST_CHOSEN]] = True
    return chosen


def _reserved(problem: Problem, columns: _Columns, who: np.ndarray) -> np.ndarray:
    """Return today's load of some workloads (host, column), 0 where arrivals may be negative."""
    load = np.zeros(columns.limit.shape)
    np.add.at(load, problem.today[who], columns.use[who])
    return np.where(columns.low < 0.0, 0.0, load)


def _by_host(today: np.ndarray, chooser: np.ndarray, num_hosts: int) -> dict[str, np.ndarray]:
    who = np.flatnonzero(chooser)
    who = who[np.argsort(today[who], kind="stable")]
    return {"first": np.searchsorted(today[who], np.arange(num_hosts + 1)), "chooser": who}
