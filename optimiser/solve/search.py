"""Drive the compiled search: load a placement, run rounds, read the result."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.solve.anneal import TRIALS, sample_changes, temperature
from optimiser.solve.anneal import anneal as reassign
from optimiser.solve.arrays import Data, State, bundle, empty_state
from optimiser.solve.candidate import Candidate
from optimiser.solve.flat import is_flat
from optimiser.solve.forcing import Forcing
from optimiser.solve.gangs import complete, put_as
from optimiser.solve.guide import Guide
from optimiser.solve.links import Links
from optimiser.solve.objective import evaluate, price_of_waiting, rack_prices
from optimiser.solve.problem import Problem
from optimiser.solve.references import StateReference, data_reference, state_reference
from optimiser.solve.routing import Routes
from optimiser.solve.ruin import fill_anew, search
from optimiser.solve.search_kernel import (
    force,
    is_legal,
    potential_here,
    put_back,
    recreate_seeded,
    relocate,
    restore,
    wake,
    wake_each,
)
from optimiser.solve.shifts import anneal
from optimiser.solve.spending import Purse
from optimiser.solve.squeeze import (
    evict,
    place_by_sample,
    price_overload,
    squeeze_in,
    total_overload,
)
from optimiser.solve.uptime import Uptime
from optimiser.solve.walker import Style, Walker

OVERLOAD_PRICE = 6.0  # of a host's worth above capacity, in costs of a typical host
SHYNESS = 0.02  # least price of a move in the search, in costs of a typical workload
PLAIN = Style()
MOST_SCANNED = 2_000_000_000  # pairs of workloads and hosts that are looked at one by one
REWARD = 0.05  # worth of a full host over two half-full ones, in costs of a typical host
PER_REFILL = 3_000  # shifts and swaps that take as long as a round of filling hosts anew


class Searcher:
    """One search state over a problem; prices are relinearised on request."""

    def __init__(self, problem: Problem, data: Data | None = None) -> None:
        self.problem = problem
        self.data = data if data is not None else bundle(problem)
        self.data_ref = data_reference(self.data)
        self.weight = workload_weight(problem)
        self.purse = Purse(problem)
        self.uptime = Uptime(problem)
        self.links = Links(problem)
        self.routes = Routes(problem)
        self.state: State | None = None
        self.state_ref: StateReference | None = None
        self.scale = 1.0
        self.leaves_out = bool(problem.frame.serving.is_optional.any())
        self.anneals = problem.place.is_active and on_is_free(problem) and not self.leaves_out
        self.change = 0.0
        self.warmth = 1.0
        self.walker = Walker(problem, self.data) if self.anneals and is_flat(self.data) else None

    def load(self, candidate_host: np.ndarray, on: np.ndarray) -> np.ndarray:
        """Start from a placement; return the workloads that could not stay where they are.

        Workloads are put back one by one where the rules allow it, so the state is always legal
        as far as single insertions can tell.
        """
        self._reset(candidate_host, on)
        self._keep_on()
        order = np.argsort(-self.weight, kind="stable")
        return order[~put_back(self.data_ref, self.state_ref, candidate_host, order)]

    def load_candidate(self, candidate: Candidate) -> None:
        """Go on from a legal plan exactly as it is, with prices linearised around it."""
        self._reset(candidate.host, candidate.on)
        restore(self.data_ref, self._ready, candidate.host, candidate.devices, candidate.on)

    def _reset(self, host: np.ndarray, on: np.ndarray) -> None:
        price = rack_prices(self.problem, host, on) + self.purse.rack_price(host, on)
        self.state = empty_state(self.problem, self.data, price)
        self.state_ref = state_reference(self.state)
        self.scale = typical_cost(self.problem, price)
        if self.anneals:
            self.scale = max(self.scale, float(self.state.place.by_load.mean()))

    def _keep_on(self) -> None:
        """Let hosts that cost nothing to be on stay on, so that all of them are looked at."""
        if self.anneals:
            kept = self.problem.today_on & self.data.usable
            force(self.data_ref, self._ready, np.flatnonzero(kept), True)

    def keep_on(self, on: np.ndarray) -> None:
        """Keep hosts (host,) bool on whatever leaves them."""
        force(self.data_ref, self._ready, np.flatnonzero(on), True)

    def follow(self, guide: Guide, seed: int) -> None:
        """Place everything anew on the hosts that a relaxation keeps on, overloaded if need be.

        Workloads that may stay on such a host do. Settle until ``overload`` is gone, then
        :meth:`release`.
        """
        problem = self.problem
        self._reset(problem.today, problem.today_on)
        order = np.argsort(-self.weight, kind="stable")
        awake = np.flatnonzero(guide.first)
        wake_each(self.data_ref, self._ready, awake)
        today = problem.today
        stays = (today >= 0) & guide.first[today] & (guide.host_group[today] == guide.target)
        put_back(self.data_ref, self._ready, np.where(stays, today, -1), order)
        price_overload(self.data_ref, self._ready, OVERLOAD_PRICE * self.scale)
        wanted = (guide.target >= 0) | np.isinf(self.data.wait_price)
        rest = order[(self._arrays.host[order] < 0) & wanted[order]]
        on = awake[np.argsort(guide.host_group[awake], kind="stable")]
        classes = np.arange(int(guide.host_group.max(initial=-1)) + 2)
        start = np.searchsorted(guide.host_group[on], classes)
        squeeze_in(self.data_ref, self._ready, rest, on, start, guide.target, seed)
        force(self.data_ref, self._ready, awake, False)

    def release(self, seed: int) -> None:
        """Make capacity hard again; what does not fit is placed where it costs least."""
        evict(self.data_ref, self._ready, seed)
        price_overload(self.data_ref, self._ready, 0.0)
        self.place(np.flatnonzero(self._arrays.host < 0), seed)
        self.wake_reserves()

    @property
    def is_squeezed(self) -> bool:
        """Whether capacity is a price at the moment."""
        return self.state is not None and float(self.state.overload_price[0]) > 0.0

    @property
    def overload(self) -> float:
        """How far hosts are over their capacity, all together, in hosts' worth."""
        return float(total_overload(self.data_ref, self._ready))

    def place(self, workloads: np.ndarray, seed: int) -> int:
        """Insert workloads where they cost least; return how many found no host.

        Those that are not to be served for the time being are left alone.
        """
        workloads = workloads[self.data.wait_price[workloads] >= 0.0]
        stamp = np.zeros(int(self.data.host_class.max()) + 1, dtype=np.int64)
        if len(workloads) * self.problem.num_hosts > MOST_SCANNED:
            order = workloads[np.argsort(-self.weight[workloads], kind="stable")]
            return place_by_sample(
                self.data_ref, self._ready, order.astype(np.int64), self.scale, stamp, seed
            )
        return recreate_seeded(
            self.data_ref,
            self._ready,
            workloads.astype(np.int64),
            self.weight,
            self.scale,
            stamp,
            seed,
        )

    def run(self, rounds: int, start: float, end: float, seed: int) -> float:
        """Run rounds with thresholds from ``start`` to ``end`` hosts' cost; return the change."""
        if self.anneals and (self._arrays.host >= 0).all():
            return self._anneal(rounds, start, end, seed)
        cooling = (end / start) ** (1.0 / max(1, rounds))
        change, _ = search(
            self.data_ref,
            self._ready,
            self.weight,
            rounds,
            start * self.scale,
            cooling,
            self.scale,
            REWARD * self.scale,
            seed,
        )
        return float(change)

    def settle(self, proposals: int, temperature: float, seed: int) -> float:
        """Propose shifts and swaps at a temperature in costs of a typical workload.

        Returns the change of cost at the current prices.
        """
        per_workload = float(self._arrays.cost.sum()) / max(1, self.problem.num_workloads)
        change, _ = anneal(self.data_ref, self._ready, proposals, temperature * per_workload, seed)
        if self.leaves_out:
            rounds = max(1, proposals // PER_REFILL)
            change += fill_anew(self.data_ref, self._ready, self.weight, rounds, seed)
        return float(change)

    def _anneal(self, rounds: int, start: float, end: float, seed: int) -> float:
        """Shift and swap; temperatures follow the thresholds and the size of usual changes."""
        if self.change == 0.0:
            size = np.abs(sample_changes(self.data_ref, self._ready, 20_000, seed))
            self.change = float(size[size > 0].mean()) if (size > 0).any() else 1.0
        before = potential_here(self.data_ref, self._ready)
        hot, cold = (temperature(level, self.change) for level in (start, end))
        reassign(self.data_ref, self._ready, self.weight, rounds * TRIALS, hot, cold, seed)
        return float(potential_here(self.data_ref, self._ready) - before)

    def walk(self, trials: int, left: float, seed: int, style: Style = PLAIN) -> None:
        """Move over flat arrays while a share ``left`` of a cooling is left."""
        assert self.walker is not None
        heat = self.walker.temperature(left, self.warmth)
        host = self.walker.walk(self._arrays.host, trials, heat, seed, style)
        relocate(self.data_ref, self._ready, host)

    def round_off(self, seed: int) -> Callable[[], None]:
        """Take in or leave out whole gangs, and leave out what is not worth its host.

        Returns what takes that back.
        """
        if not self.leaves_out:
            return lambda: None
        state, chosen = self._arrays, np.flatnonzero(self.data.wait_price < np.inf)
        host, masks = state.host[chosen].copy(), state.device_mask[chosen].copy()
        complete(self.data_ref, self._ready, self.scale, seed)
        return lambda: put_as(self.data_ref, self._ready, chosen, host, masks)

    def turn(self, forcing: Forcing) -> None:
        """Let the gangs that must be served change, and take those that are out off their hosts."""
        forcing.turn(self._arrays.host, self.is_legal)
        closed = np.flatnonzero((forcing.price < 0.0) & (self._arrays.host >= 0))
        none = np.full(len(closed), -1, dtype=np.int64)
        put_as(self.data_ref, self._ready, closed, none, np.zeros(len(closed), dtype=np.uint64))

    def wake_reserves(self) -> bool:
        """Turn sleeping hosts on until every reserve holds; return whether they do."""
        return wake(self.data_ref, self._ready)

    def candidate(self) -> Candidate:
        """Return a copy of the current placement with its exact objective."""
        state = self._arrays
        host = state.host.copy()
        on = (state.members > 0) | state.forced_on
        terms = evaluate(self.problem, host, on)
        waiting = price_of_waiting(self.problem, host)
        return Candidate(host, on, self._devices(host), terms, waiting)

    def _devices(self, host: np.ndarray) -> np.ndarray:
        """Return the devices of each workload (workload,) as uint64 bit masks.

        Where a host may stay as overfull as it is today, nobody on it has devices.
        """
        mask, problem = self._arrays.device_mask.copy(), self.problem
        if problem.device_size > 0 and problem.frame.capacity_not_worse:
            request = problem.device_request[problem.flavour]
            needed = np.where(request > 0, np.maximum(1, request // problem.device_size), 0)
            lacks = (host >= 0) & (np.bitwise_count(mask) < needed)
            mask[np.isin(host, host[lacks])] = 0
        return mask

    @property
    def _arrays(self) -> State:
        if self.state is None:
            raise RuntimeError("load a placement before searching")
        return self.state

    @property
    def is_legal(self) -> bool:
        """Whether all that must be is placed and all rules of groups and budgets hold."""
        return bool(is_legal(self.data_ref, self._ready))

    @property
    def keeps_rules(self) -> bool:
        """Whether the placement is legal and keeps the rules that single moves cannot see."""
        if not self.is_legal:
            return False
        state = self._arrays
        return self.keeps(state.host, (state.members > 0) | state.forced_on)

    def keeps(self, host: np.ndarray, on: np.ndarray) -> bool:
        """Whether a placement keeps budgets, targets of availability, links and routes."""
        kept = self.purse.holds(host, on) and self.uptime.holds(host)
        return kept and self.links.holds(host) and self.routes.holds(host)

    @property
    def _ready(self) -> StateReference:
        if self.state_ref is None:
            raise RuntimeError("load a placement before searching")
        return self.state_ref


def workload_weight(problem: Problem) -> np.ndarray:
    """Return the size of each workload: its largest share of the mean host, (workload,)."""
    mean = np.maximum(problem.capacity.mean(axis=0), 1.0)
    size = (problem.use / mean).max(axis=1)
    devices = problem.device_request / max(
        1.0, float(problem.host_devices.mean()) * max(1, problem.device_size)
    )
    free = problem.eligibility.allowed.mean(axis=1)[problem.eligibility.of_workload]
    # workloads that few hosts may hold go first
    return np.maximum(size, devices)[problem.flavour] + np.minimum(1.0 / (free + 1e-3), 50.0) - 1.0


def typical_cost(problem: Problem, price: np.ndarray) -> float:
    """Return the cost of a typical host at half load over the horizon."""
    curve = problem.twin["kind_curve_w"].values[:, 5].mean()
    return float(curve * price.sum(axis=1).mean() + problem.host_on_cost.mean()) or 1.0


def shy_of_moves(problem: Problem, data: Data) -> Data:
    """Return the bundle with a small price on every move, where moves cost less than that.

    Of plans that cost the same the one with fewer moves is better, and far easier to reach.
    """
    running = int((problem.today >= 0).sum())
    if problem.place.is_active or not running:
        return data
    price = rack_prices(problem, problem.today, problem.today_on)
    per_workload = typical_cost(problem, price) * int(problem.today_on.sum()) / running
    return data._replace(move_cost=np.maximum(problem.move_cost, SHYNESS * per_workload))


def on_is_free(problem: Problem) -> bool:
    """Whether power and hosts that are on cost nothing, and no rule counts either."""
    frame = problem.frame
    has_price = bool((frame.net_price > 0.0).any() or (problem.host_on_cost > 0.0).any())
    has_price |= frame.water_price > 0.0 and frame.surrogate.has_plant
    return not has_price and not any(
        rule.kind in ("max_hosts_on", "min_hosts_on", "budget")
        or getattr(rule.policy, "resource", "") == "space"
        for rule in problem.rules
    )
