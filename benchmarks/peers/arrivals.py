"""Peers for pods that arrive one by one: random, dot product, best fit, fragmentation gradient.

Each places a pod on a node with room or drops it. Choices that a description leaves open are made
in the peer's favour: a share goes to the fullest device that holds it, unless the rule itself
chooses the device. Written from the publications, apart from our own admission.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.jit import entry, jit
from optimiser.solve.problem import Problem

RANDOM, DOT_PRODUCT, BEST_FIT, GRADIENT = range(4)
RULES = {
    "random": RANDOM,
    "dot product": DOT_PRODUCT,
    "best fit": BEST_FIT,
    "fragmentation gradient": GRADIENT,
}
COVERED = 0.95
"""Share of the pods that the typical ones of the gradient stand for."""


def place_arrivals(
    problem: Problem, order: np.ndarray, rule: int, expected: np.ndarray, seed: int
) -> np.ndarray:
    """Place workloads in an order; return the host of each position, −1 where it was dropped.

    ``expected`` (flavour,) is the popularity of each demand, known to the gradient as published.
    """
    device = int(problem.twin.attrs["device_resource"])
    plain = problem.column_resource != device
    typical = np.argsort(-expected, kind="stable")
    reached = np.cumsum(expected[typical]) / expected.sum()
    typical = typical[: int(np.searchsorted(reached, COVERED)) + 1]
    most = int(problem.host_devices.max())
    exists = np.arange(most) < problem.host_devices[:, None]
    return np.asarray(
        run_rule(
            np.ascontiguousarray(problem.capacity[:, plain]),
            np.where(exists, problem.device_size, 0),
            np.ascontiguousarray(problem.use[:, plain]),
            problem.device_request,
            problem.device_size,
            problem.flavour[order].astype(np.int64),
            rule,
            typical.astype(np.int64),
            expected[typical] / expected[typical].sum(),
            seed,
        )
    )


@jit
def fragment(
    free: np.ndarray,
    devices: np.ndarray,
    use: np.ndarray,
    request: np.ndarray,
    size: int,
    typical: np.ndarray,
    share: np.ndarray,
) -> float:
    """F of a node as published: free devices that typical pods cannot use, by popularity."""
    total, lost = devices.sum(), 0.0
    for number in range(len(typical)):
        pod = typical[number]
        amount, usable = request[pod], 0
        if amount > 0 and (use[pod] <= free).all():
            whole = 0
            for room in devices:
                if room >= min(amount, size):
                    usable += room
                if room == size:
                    whole += 1
            if amount >= size and whole * size < amount:
                usable = 0
        lost += share[number] * (total - usable)
    return lost


@jit
def take(devices: np.ndarray, amount: int, size: int, device: int) -> None:
    """Take a share of one device or as many whole ones as asked for."""
    if 0 < amount < size:
        devices[device] -= amount
    left = amount // size if amount >= size else 0
    for index in range(len(devices)):
        if left > 0 and devices[index] == size:
            devices[index] = 0
            left -= 1


@jit
def devices_hold(devices: np.ndarray, amount: int, size: int) -> bool:
    """Whether the devices of a node have room for a share or enough whole ones."""
    if amount < size:
        return devices.max() >= amount
    return (devices == size).sum() * size >= amount


@jit
def fullest(devices: np.ndarray, amount: int) -> int:
    """Return the device with least room that holds a share, −1 for none."""
    best = -1
    for index in range(len(devices)):
        if devices[index] >= amount and (best < 0 or devices[index] < devices[best]):
            best = index
    return best


@jit
def least_growth(
    free: np.ndarray,
    devices: np.ndarray,
    use: np.ndarray,
    request: np.ndarray,
    size: int,
    pod: int,
    typical: np.ndarray,
    share: np.ndarray,
) -> tuple[float, int]:
    """Return the least growth of F when a node takes a pod, and the device for it."""
    before = fragment(free, devices, use, request, size, typical, share)
    least, best, amount = np.inf, 0, request[pod]
    for device in range(len(devices) if 0 < amount < size else 1):
        if 0 < amount < size and (devices[device] < amount or devices[device] in devices[:device]):
            continue
        after = devices.copy()
        take(after, amount, size, device)
        found = fragment(free - use[pod], after, use, request, size, typical, share) - before
        if found < least:
            least, best = found, device
    return least, best


@entry
def run_rule(
    capacity: np.ndarray,
    devices: np.ndarray,
    use: np.ndarray,
    request: np.ndarray,
    size: int,
    pods: np.ndarray,
    rule: int,
    typical: np.ndarray,
    share: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Return the node of each arriving pod, −1 where none has room."""
    np.random.seed(seed)
    free, room = capacity.copy(), devices.copy()
    largest, most = np.empty(capacity.shape[1]), room.shape[1] * size
    for column in range(len(largest)):
        largest[column] = capacity[:, column].max()
    num_nodes, num_pods = len(free), len(use)
    growth = np.zeros((num_pods, num_nodes))
    choice = np.zeros((num_pods, num_nodes), dtype=np.int64)
    known = np.full((num_pods, num_nodes), -1)
    version = np.zeros(num_nodes, dtype=np.int64)
    answer = np.full(len(pods), -1)
    for position in range(len(pods)):
        pod = pods[position]
        amount, best, lowest = request[pod], -1, np.inf
        for node in range(num_nodes):
            if (use[pod] > free[node]).any() or not devices_hold(room[node], amount, size):
                continue
            value = 0.0
            if rule == 0:
                value = np.random.random()
            elif rule == 1:
                value = (use[pod] / largest * (free[node] / largest)).sum()
                value += amount / most * (room[node].sum() / most)
            elif rule == 2:
                value = ((free[node] - use[pod]) / largest).sum()
                value += (room[node].sum() - amount) / most
            else:
                if known[pod, node] != version[node]:
                    growth[pod, node], choice[pod, node] = least_growth(
                        free[node], room[node], use, request, size, pod, typical, share
                    )
                    known[pod, node] = version[node]
                value = growth[pod, node]
            if value < lowest:
                best, lowest = node, value
        if best >= 0:
            device = choice[pod, best] if rule == 3 else fullest(room[best], amount)
            take(room[best], amount, size, device)
            free[best] -= use[pod]
            version[best] += 1
            answer[position] = best
    return answer
