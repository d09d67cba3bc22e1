"""First fit, best fit decreasing and power-aware best fit decreasing, as the field describes them.

Each places one workload after another and never moves it again. They know capacity at every step,
devices and which hosts a workload may use; rules that tie workloads together (spread, affinity,
power of a rack) are outside their idea and counted as broken afterwards. What does not fit
anywhere stays unplaced. Choices that a description leaves open are made in the peer's favour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.peers.room import Room
from optimiser.solve.problem import Problem
from optimiser.twin.it_power import step_hours
from optimiser.twin.servers import interpolate_curve_w

Choose = Callable[[int, np.ndarray], int]


def first_fit(problem: Problem) -> Room:
    """Take workloads as they are listed; each goes to the first listed host with room."""
    room = Room(problem)
    return _place(room, np.arange(problem.num_workloads), lambda _, hosts: int(hosts[0]))


def best_fit_decreasing(problem: Problem) -> Room:
    """Take the largest workload first; it goes where least room is left, on hosts in use first.

    Size and room are sums over resources, mean over steps, as shares of the largest host.
    """
    room = Room(problem)
    size, left = problem.use @ _unit(problem), problem.capacity @ _unit(problem)

    def choose(workload: int, hosts: np.ndarray) -> int:
        awake = hosts[room.on[hosts]]
        hosts = awake if len(awake) else hosts
        host = int(hosts[left[hosts].argmin()])
        left[host] -= size[problem.flavour[workload]]
        return host

    return _place(room, decreasing(problem), choose)


def power_aware_best_fit_decreasing(problem: Problem) -> Room:
    """Take the largest workload first; it goes where power rises least (PABFD).

    A. Beloglazov, R. Buyya, Concurrency and Computation 24 (2012), doi:10.1002/cpe.1867. The rise
    is over the horizon, on the measured curves, and waking a host counts from its standby power
    (the published simulator takes idle power as given). Equal rises go to the first listed host.
    """
    room, rise = Room(problem), _EnergyRise(problem)

    def choose(workload: int, hosts: np.ndarray) -> int:
        hosts = _one_sleeper_per_class(room, hosts)
        return int(hosts[rise(room, workload, hosts).argmin()])

    return _place(room, decreasing(problem), choose)


PEERS: Mapping[str, Callable[[Problem], Room]] = {
    "first fit": first_fit,
    "best fit decreasing": best_fit_decreasing,
    "power-aware best fit decreasing": power_aware_best_fit_decreasing,
}


def _place(room: Room, order: np.ndarray, choose: Choose) -> Room:
    for workload in order:
        hosts = np.flatnonzero(room.fits(workload))
        if len(hosts):
            room.take(workload, choose(workload, hosts))
    return room


def decreasing(problem: Problem) -> np.ndarray:
    """Return the workloads from large to small; equal ones as they are listed."""
    size = problem.use @ _unit(problem)
    return np.argsort(-size[problem.flavour], kind="stable")


def _unit(problem: Problem) -> np.ndarray:
    """Return the weight of one unit in each column (column,): every resource counts alike."""
    columns_of_resource = np.bincount(problem.column_resource)[problem.column_resource]
    return 1.0 / np.maximum(problem.capacity.max(axis=0), 1) / columns_of_resource


def _one_sleeper_per_class(room: Room, hosts: np.ndarray) -> np.ndarray:
    """Return the hosts in use and the first sleeping one of each class of equal hosts."""
    asleep = hosts[~room.on[hosts]]
    first = np.unique(room.problem.host_class[asleep], return_index=True)[1]
    return np.sort(np.append(hosts[room.on[hosts]], asleep[first]))


class _EnergyRise:
    """Energy that one more workload adds to each of some hosts [Wh over the horizon]."""

    def __init__(self, problem: Problem) -> None:
        twin = problem.twin
        self.problem = problem
        self.hours = step_hours(twin)
        self.kind = twin["host_kind"].values
        self.curve_w = twin["kind_curve_w"].values.astype(float)
        self.standby_w = twin["kind_standby_w"].values.astype(float)

    def __call__(self, room: Room, workload: int, hosts: np.ndarray) -> np.ndarray:
        problem, column = self.problem, self.problem.power_column
        flavour, kind = problem.flavour[workload], self.kind[hosts]
        capacity = problem.capacity[hosts][:, column]
        used = capacity - room.free[hosts][:, column]
        before = interpolate_curve_w(self.curve_w, kind, used / np.maximum(capacity, 1))
        before = np.where(room.on[hosts, None], before, self.standby_w[kind, None])
        used = used + problem.use[flavour, column]
        after = interpolate_curve_w(self.curve_w, kind, used / np.maximum(capacity, 1))
        gpu_w = problem.device_request[flavour] * problem.gpu_w_per_unit[hosts]
        return ((after - before) * self.hours).sum(axis=1) + gpu_w * self.hours.sum()
