"""Sites on which only hosts that are on cost money: a covering problem over host fillings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.solve.problem import Problem

LARGEST = 20_000_000
"""Item classes × host classes × columns beyond which fillings are not enumerated."""


@dataclass(frozen=True, eq=False)
class Packing:
    """Items by class and hosts by class.

    ``use`` (item, column) and ``room`` (host class, column) int64; ``count`` (item,) and
    ``available`` (host class,) how many there are; ``price`` (host class,) money for a host that is
    on; ``allowed`` (item, host class) bool; ``item_of`` (workload,) and ``class_of`` (host,) the
    classes, −1 for hosts that nothing may use.
    """

    use: np.ndarray
    count: np.ndarray
    room: np.ndarray
    available: np.ndarray
    price: np.ndarray
    allowed: np.ndarray
    item_of: np.ndarray
    class_of: np.ndarray

    @property
    def is_mixed(self) -> bool:
        """Whether there are hosts of several classes."""
        return int((self.available > 0).sum()) > 1

    @property
    def step(self) -> float:
        """What every sum of prices is a multiple of, 0 when nothing is known."""
        whole = np.rint(self.price)
        if not np.allclose(self.price, whole, rtol=0.0, atol=1e-9):
            return 0.0
        return float(np.gcd.reduce(whole.astype(np.int64)))


def is_about_hosts_on(problem: Problem) -> bool:
    """Whether hosts that are on cost money, nothing else does, and every workload has a host."""
    frame = problem.frame
    if frame.serving.is_optional.any() or (frame.net_price != 0.0).any() or frame.water_price:
        return False
    return bool((problem.host_on_cost > 0.0).all())


def packing_of(problem: Problem) -> Packing | None:
    """Return the packing problem in a site, ``None`` where energy counts, or it is too large.

    None either where workloads may be left out.

    Every cost but that of hosts on is left out, and every rule but capacity and the choice of
    hosts: what is least here is least at most there.
    """
    if not is_about_hosts_on(problem):
        return None
    item_key = np.column_stack([problem.use[problem.flavour], problem.eligibility.of_workload])
    first, item_of, count = _classes(item_key)
    usable = np.asarray(problem.eligibility.allowed.any(axis=0))
    host_key = np.column_stack(
        [
            problem.capacity,
            np.unique(problem.host_on_cost, return_inverse=True)[1],
            problem.eligibility.allowed.T,
            usable,
        ]
    )
    first_host, class_of, available = _classes(host_key)
    if len(first) * len(first_host) * problem.use.shape[1] > LARGEST:
        return None
    allowed = problem.eligibility.allowed[problem.eligibility.of_workload[first]][:, first_host]
    return Packing(
        use=problem.use[problem.flavour[first]],
        count=count,
        room=problem.capacity[first_host],
        available=np.where(usable[first_host], available, 0),
        price=problem.host_on_cost[first_host],
        allowed=np.asarray(allowed),
        item_of=item_of,
        class_of=np.where(usable, class_of, -1),
    )


def _classes(key: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the first member, the class of each row and the size of each class."""
    _, first, inverse, count = np.unique(
        key.astype(np.int64), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return first, inverse.reshape(-1), count
