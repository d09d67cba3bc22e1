"""What is left on each host while a peer places one workload after another."""

from __future__ import annotations

import numpy as np

from optimiser.solve.problem import Problem


class Room:
    """Free capacity and free devices of every host, and where workloads have gone so far.

    ``free`` (host, column) as in :class:`Problem`; ``device_free`` (host, device), −1 where a
    host has fewer devices; ``host`` (workload,) −1 while unplaced; ``on`` (host,) bool;
    ``devices`` of each workload.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.free = problem.capacity.copy()
        self.device_free = _whole_devices(problem)
        self.host = np.full(problem.num_workloads, -1, dtype=np.int32)
        self.on = np.zeros(problem.num_hosts, dtype=bool)
        self.devices: list[tuple[int, ...]] = [()] * problem.num_workloads

    def fits(self, workload: int) -> np.ndarray:
        """Return which hosts may and can take a workload (host,) bool."""
        problem, flavour = self.problem, self.problem.flavour[workload]
        allowed = problem.eligibility.allowed[problem.eligibility.of_workload[workload]]
        found = allowed & (self.free >= problem.use[flavour]).all(axis=1)
        request = int(problem.device_request[flavour])
        if request >= problem.device_size > 0:
            empty = (self.device_free == problem.device_size).sum(axis=1)
            found &= empty >= request // problem.device_size
        elif request:
            found &= self.device_free.max(axis=1) >= request
        return found

    def take(self, workload: int, host: int) -> None:
        """Put a workload on a host; a share goes to the fullest device that still holds it."""
        flavour = self.problem.flavour[workload]
        self.free[host] -= self.problem.use[flavour]
        self.host[workload], self.on[host] = host, True
        request, size = int(self.problem.device_request[flavour]), self.problem.device_size
        if not request:
            return
        room = self.device_free[host]
        if request >= size:
            chosen = np.flatnonzero(room == size)[: request // size]
        else:
            chosen = np.array([np.where(room >= request, room, size + 1).argmin()])
        room[chosen] -= min(request, size)
        self.devices[workload] = tuple(chosen.tolist())


def _whole_devices(problem: Problem) -> np.ndarray:
    most = max(1, int(problem.host_devices.max(initial=0)))
    exists = np.arange(most)[None, :] < problem.host_devices[:, None]
    return np.where(exists, problem.device_size, -1).astype(np.int64)
