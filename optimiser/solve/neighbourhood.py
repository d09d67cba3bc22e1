"""Sub-models of a few hosts and all that runs on them, solved exactly while the rest stays.

The model holds what can be said host by host: capacity, room in transit, counts of groups beside
what the rest of the site holds, hosts that are on, moves, and prices of load. Energy is taken along
a straight line at the prices around the plan. What is left out (sums over racks, reserves, needs,
spread over enough domains) is looked at afterwards: a proposal is only as good as its plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimiser.solve.candidate import Candidate
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.objective import rack_prices
from optimiser.solve.place_arrays import NO_ROOM_LIMIT, place_data
from optimiser.solve.problem import Problem


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The model of some hosts with the workloads on them.

    ``workloads`` (n,) and ``hosts`` (k,) index the site; column ``pair[i, j]`` places workload i on
    host j (−1: it may not), column ``on[j]`` says whether host j is on; ``start`` is the present.
    """

    workloads: np.ndarray
    hosts: np.ndarray
    pair: np.ndarray
    on: np.ndarray
    compiled: Compiled
    start: Floats

    def placement(self, plan: Candidate, x: Floats) -> tuple[np.ndarray, np.ndarray]:
        """Return hosts (workload,) and hosts on (host,) of the site with a solution in place."""
        host, on = plan.host.copy(), plan.on.copy()
        share = np.where(self.pair >= 0, x[np.maximum(self.pair, 0)], 0.0)
        host[self.workloads] = self.hosts[share.argmax(axis=1)]
        on[self.hosts] = np.rint(x[self.on]) > 0
        return host, on


class Surroundings:
    """What every neighbourhood of one plan shares."""

    def __init__(self, problem: Problem, plan: Candidate) -> None:
        self.problem, self.plan = problem, plan
        self.use = problem.use[problem.flavour]
        room = place_data(problem).room
        self.room = np.where(room >= NO_ROOM_LIMIT, np.inf, room.astype(float))
        self.today_load = np.zeros(problem.rated.shape)
        known = np.flatnonzero(problem.today >= 0)
        np.add.at(self.today_load, problem.today[known], self.use[known])
        self.members = _count_members(problem, plan.host)
        price = rack_prices(problem, plan.host, plan.on)[problem.twin["host_rack"].values]
        self.idle, self.by_use = self._power_costs(price)

    def _power_costs(self, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what being on costs by power (host,), and a unit of each column (host, column)."""
        problem = self.problem
        kind, envelope = problem.twin["host_kind"].values, problem.envelope
        idle_w = envelope.intercept_w[kind, 0]
        full_w = envelope.intercept_w[kind, -1] + envelope.slope_w[kind, -1]
        standby = problem.twin["kind_standby_w"].values[kind]
        rated = np.maximum(problem.rated[:, problem.power_column], 1)
        slope = (full_w - idle_w)[:, None] * price / rated
        by_use = np.zeros(problem.rated.shape)
        np.add.at(by_use.T, problem.power_column, slope.T)
        return (idle_w - standby) * price.sum(axis=1), by_use

    def around(self, hosts: np.ndarray) -> Neighbourhood | None:
        """Return the model of some hosts (k,); ``None`` when nothing runs on them."""
        workloads = np.flatnonzero(np.isin(self.plan.host, hosts))
        if not len(workloads):
            return None
        return _Writer(self, workloads, hosts).write()


def _count_members(problem: Problem, host: np.ndarray) -> np.ndarray:
    """Return how many members of each group are in each domain, by cell of the table of counts."""
    table = problem.counts
    count = np.zeros(len(table.limit), dtype=np.int64)
    for rule in range(len(table.rules)):
        group = table.group[rule]
        some = np.flatnonzero((group >= 0) & (host >= 0))
        domain = table.domain[rule][host[some]]
        some, domain = some[domain >= 0], domain[domain >= 0]
        cell = int(table.offset[rule]) + group[some] * int(table.num_domains[rule]) + domain
        np.add.at(count, cell, 1)
    return count


class _Writer:
    """Columns and rows of one neighbourhood while they are gathered."""

    def __init__(self, around: Surroundings, workloads: np.ndarray, hosts: np.ndarray) -> None:
        self.around, self.workloads, self.hosts = around, workloads, hosts
        self.problem, self.use = around.problem, around.use[workloads].astype(float)
        eligibility = self.problem.eligibility
        allowed = eligibility.allowed[np.ix_(eligibility.of_workload[workloads], hosts)]
        may = np.logical_or(allowed, around.plan.host[workloads][:, None] == hosts[None, :])
        self.pair = np.where(may, np.cumsum(may.ravel()).reshape(may.shape) - 1, -1)
        self.num = int(may.sum())
        self.on = self.num + np.arange(len(hosts))
        self.num += len(hosts)
        self.cost = [self._pair_costs()[may], self._on_costs()]
        self.whole = self.num
        self.entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.lower: list[float] = []
        self.upper: list[float] = []

    def _pair_costs(self) -> np.ndarray:
        problem, today = self.problem, self.problem.today[self.workloads]
        moved = (today[:, None] != self.hosts[None, :]) & (today >= 0)[:, None]
        cost = np.where(moved, problem.move_cost[self.workloads][:, None], 0.0)
        place = problem.place
        if len(place.class_cost):
            kind = place.move_class
            between = place.class_cost[kind[today]][:, kind[self.hosts]]
            cost += np.where(moved, between, 0.0)
        return np.asarray(cost + self.use @ self.around.by_use[self.hosts].T)

    def _on_costs(self) -> np.ndarray:
        return np.asarray(self.problem.host_on_cost[self.hosts] + self.around.idle[self.hosts])

    def _row(self, column: np.ndarray, value: np.ndarray, lower: float, upper: float) -> None:
        self.entries.append((np.full(len(column), len(self.lower)), column, value))
        self.lower.append(lower)
        self.upper.append(upper)

    def write(self) -> Neighbourhood:
        """Write all rows and return the model."""
        for row in self.pair:
            self._row(row[row >= 0], np.ones(int((row >= 0).sum())), 1.0, 1.0)
        self._capacities()
        self._counts()
        self._loads()
        row, column, value = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        matrix = sparse.csc_matrix((value, (row, column)), shape=(len(self.lower), self.num))
        matrix.sort_indices()
        whole = np.arange(self.num) < self.whole
        compiled = Compiled(
            start=matrix.indptr.astype(np.int32), index=matrix.indices.astype(np.int32),
            value=matrix.data, row_lower=np.array(self.lower), row_upper=np.array(self.upper),
            col_lower=np.zeros(self.num), col_upper=np.where(whole, 1.0, np.inf),
            cost=np.concatenate(self.cost), integrality=whole,
        )  # fmt: skip
        return Neighbourhood(
            self.workloads, self.hosts, self.pair, self.on, compiled, self._present()
        )

    def _capacities(self) -> None:
        around, problem = self.around, self.problem
        today = problem.today[self.workloads]
        for j, h in enumerate(self.hosts.tolist()):
            rows = np.flatnonzero(self.pair[:, j] >= 0)
            columns, use = self.pair[rows, j], self.use[rows]
            for one in columns.tolist():
                self._row(np.array([one, self.on[j]]), np.array([1.0, -1.0]), -np.inf, 0.0)
            capacity = problem.capacity[h].astype(float)
            for c in np.flatnonzero(use.sum(axis=0) > capacity).tolist():
                some = np.flatnonzero(use[:, c])
                self._row(np.append(columns[some], self.on[j]),
                          np.append(use[some, c], -capacity[c]), -np.inf, 0.0)  # fmt: skip
            arrives = today[rows] != h
            left = around.room[h] - around.today_load[h]
            for c in np.flatnonzero(use[arrives].sum(axis=0) > left).tolist():
                some = np.flatnonzero(arrives & (use[:, c] > 0))
                self._row(columns[some], use[some, c], -np.inf, float(left[c]))

    def _counts(self) -> None:
        """Keep groups below their limits beside the members that stay outside."""
        table, now = self.problem.counts, self.around.plan.host[self.workloads]
        for rule in range(len(table.rules)):
            group, domain = table.group[rule][self.workloads], table.domain[rule]
            here, before = domain[self.hosts], domain[now]
            first = int(table.offset[rule])
            for g in np.unique(group[group >= 0]).tolist():
                members = np.flatnonzero(group == g)
                for d in np.unique(here[here >= 0]).tolist():
                    cell = first + g * int(table.num_domains[rule]) + d
                    inside = int((before[members] == d).sum())
                    left = int(table.limit[cell]) - int(self.around.members[cell]) + inside
                    if left < len(members):
                        columns = self.pair[np.ix_(members, np.flatnonzero(here == d))]
                        columns = columns[columns >= 0]
                        self._row(columns, np.ones(len(columns)), -np.inf, float(left))

    def _loads(self) -> None:
        """Price load above the safe amount and out of balance, host by host."""
        place = self.problem.place
        for limit, steps, price in zip(
            place.safety_limit, place.safety_column, place.safety_price, strict=True
        ):
            for j, h in enumerate(self.hosts.tolist()):
                above = self._variable(float(price))
                for c in np.unique(steps).tolist():
                    self._load_row(j, self.use[:, c], above, float(limit[h]))
        for have, per, ratio, price in zip(
            place.balance_column, place.balance_per, place.balance_ratio, place.balance_price,
            strict=True,
        ):  # fmt: skip
            for j, h in enumerate(self.hosts.tolist()):
                short = self._variable(float(price))
                for c, p in sorted(set(zip(have.tolist(), per.tolist(), strict=True))):
                    rated = self.problem.rated[h]
                    limit = float(rated[c]) - float(ratio) * float(rated[p])
                    self._load_row(j, self.use[:, c] - float(ratio) * self.use[:, p], short, limit)

    def _variable(self, price: float) -> int:
        self.cost.append(np.array([price]))
        self.num += 1
        return self.num - 1

    def _load_row(self, j: int, amount: np.ndarray, above: int, limit: float) -> None:
        some = np.flatnonzero((self.pair[:, j] >= 0) & (amount != 0.0))
        column = np.append(self.pair[some, j], above)
        self._row(column, np.append(amount[some], -1.0), -np.inf, limit)

    def _present(self) -> Floats:
        """Return the values (column,) of the plan as it is, loads above their limits included."""
        x, plan = np.zeros(self.num), self.around.plan
        at = np.argmax(plan.host[self.workloads][:, None] == self.hosts[None, :], axis=1)
        x[self.pair[np.arange(len(at)), at]] = 1.0
        x[self.on] = plan.on[self.hosts]
        x[self.whole :] = np.nan
        return x
