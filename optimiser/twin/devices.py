"""Devices such as GPUs: small requests share one device, large ones take whole devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def assign_devices(
    requests: np.ndarray, num_devices: int, device_size: int
) -> list[tuple[int, ...]] | None:
    """Return the devices of each request on one host, or ``None`` when they do not fit.

    ``requests`` (n,) amounts in the unit of the resource: below ``device_size`` on one shared
    device, otherwise a whole multiple on free devices; 0 needs none. The packing of the shares is
    exact: first fit decreasing, then depth-first search with symmetry breaking, so ``None`` is a
    proof (hosts have at most some sixteen devices and shares are few).
    """
    requests = np.asarray(requests, dtype=np.int64)
    whole = requests >= device_size
    needed_whole = int((requests[whole] // device_size).sum())
    shares = np.flatnonzero((requests > 0) & ~whole)
    room = num_devices - needed_whole
    if room < 0 or requests[shares].sum() > room * device_size:
        return None
    order = shares[np.argsort(-requests[shares], kind="stable")]
    bins = pack_shares(requests[order], room, device_size)
    if bins is None:
        return None
    result: list[tuple[int, ...]] = [()] * len(requests)
    for position, item in enumerate(order):
        result[int(item)] = (int(bins[position]),)
    free = room
    for item in np.flatnonzero(whole):
        count = int(requests[item] // device_size)
        result[int(item)] = tuple(range(free, free + count))
        free += count
    return result


def overfilled(
    host: np.ndarray, request: np.ndarray, count: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the hosts with requests for devices (k,) and whether those do not fit them (k,).

    host (workload,), where an index that no host has counts as none; request (workload,); count
    (host,) devices of ``size``. Equal sets of requests are packed once.
    """
    hosts, members = _by_host(np.where(host < len(count), host, -1), request)
    known: dict[tuple[int, ...], bool] = {}
    wrong = np.zeros(len(hosts), dtype=bool)
    for position, index in enumerate(hosts.tolist()):
        requests = members[position]
        key = (int(count[index]), *sorted(requests.tolist()))
        if key not in known:
            known[key] = assign_devices(requests, int(count[index]), size) is not None
        wrong[position] = not known[key]
    return hosts, wrong


def _by_host(host: np.ndarray, request: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the hosts with device requests and the requests on each."""
    placed = np.flatnonzero((host >= 0) & (request > 0))
    order = placed[np.argsort(host[placed], kind="stable")]
    hosts, starts = np.unique(host[order], return_index=True)
    return hosts.astype(np.int64), np.split(request[order], starts[1:]) if len(hosts) else []


def pack_shares(sizes: np.ndarray, num_devices: int, device_size: int) -> np.ndarray | None:
    """Pack sizes (descending) into devices; device of each, or ``None`` when impossible."""
    shares = [int(size) for size in sizes]
    search = _Packing(shares, [device_size] * num_devices, [-1] * len(shares), set())
    return np.array(search.chosen, dtype=np.int64) if search.place(0) else None


@dataclass(frozen=True)
class _Packing:
    """Depth-first search over devices of equal size; remembers the states that failed."""

    sizes: list[int]
    free: list[int]
    chosen: list[int]
    failed: set[tuple[int, ...]]

    def place(self, position: int) -> bool:
        """Place the sizes from ``position`` on."""
        if position == len(self.sizes):
            return True
        # devices are alike, so only the sorted rooms matter
        state = (position, *sorted(self.free))
        if state in self.failed:
            return False
        if self._may_fit(position) and self._try_devices(position):
            return True
        self.failed.add(state)
        return False

    def _may_fit(self, position: int) -> bool:
        """Whether room and number allow the rest: none of it is smaller than the last."""
        count, least = len(self.sizes) - position, self.sizes[-1]
        if sum(self.sizes[position:]) > sum(self.free):
            return False
        return sum(room // least for room in self.free) >= count

    def _try_devices(self, position: int) -> bool:
        size = self.sizes[position]
        for device in range(len(self.free)):
            room = self.free[device]
            if room < size or room in self.free[:device]:
                continue
            self.free[device] -= size
            self.chosen[position] = device
            if self.place(position + 1):
                return True
            self.free[device] += size
        return False
