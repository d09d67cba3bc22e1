"""Compiled: how much of what a host has free the usual workloads cannot use.

The gradient of fragmentation (Q. Weng et al., Beware of Fragmentation: Scheduling GPU-Sharing
Workloads with Fragmentation Gradient Descent, USENIX ATC 2023) counts, for a workload m of the mix
with popularity p(m), the free devices R(g) of a node as a fragment where m cannot use them: all of
them if the node lacks another resource or too few devices are free enough, else those with
R(g) < min(request, 1); F = sum of p(m) F(m), and a pod goes where F grows least. That calls eight
free devices good for a workload although the processors beside them suffice for one copy. Here the
same sum is blended with what whole copies of m would leave idle if the host took nothing else,
which sees processors run out, and the rest that a share leaves on each device.

On a site without devices the resource that drives power takes their place, as one divisible piece.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.jit import jit

ONE_COPY = 0.4
"""Weight of the published measure (room for one copy) in the blend; the rest is for all copies."""


class Mix(NamedTuple):
    """The workloads that are to be expected, most frequent first.

    ``need`` (entry, resource) and ``request`` (entry,) of the worth; ``share`` (entry,) adds up to
    1; ``allowed`` (entry, host); ``resource`` (column,) the resource of each demand column;
    ``flavour_need`` (flavour, resource); ``worth`` the resource whose idle amount counts, −1 for
    devices; ``one_copy`` the weight of the published measure.
    """

    need: np.ndarray
    request: np.ndarray
    share: np.ndarray
    allowed: np.ndarray
    resource: np.ndarray
    flavour_need: np.ndarray
    worth: int
    one_copy: float


@jit
def fill_free(data: Data, state: State, mix: Mix, host: int, out: np.ndarray) -> None:
    """Fill ``out`` (resource,) with what a host has free at its fullest step."""
    out[:] = np.int64(2**62)
    capacity, load = data.capacity[host], state.load[host]
    for column in range(len(capacity)):
        resource = mix.resource[column]
        out[resource] = min(out[resource], capacity[column] - load[column])


@jit
def usable_devices(mix: Mix, entry: int, size: int, copies: int, devices: np.ndarray) -> float:
    """Amount of free devices that an entry of the mix can use, ``copies`` by other resources."""
    request, open_amount, room = mix.request[entry], 0, 0
    if request >= size:
        whole = 0
        for free in devices:
            if free == size:
                whole += 1
        room = whole * size // request
        open_amount = whole * size if room > 0 else 0
    else:
        for free in devices:
            if free >= request:
                open_amount += free
                room += free // request
    return mix.one_copy * open_amount + (1.0 - mix.one_copy) * min(copies, room) * request


@jit
def stranded(mix: Mix, size: int, host: int, free: np.ndarray, devices: np.ndarray) -> float:
    """Free amount of a host that the mix cannot use, ``free`` (resource,), ``devices`` (device,).

    In the unit of the worth.
    """
    total = 0
    if mix.worth >= 0:
        total = max(free[mix.worth], 0)
    else:
        for amount in devices:
            total += max(amount, 0)
    if total == 0:
        return 0.0
    lost = 0.0
    for entry in range(len(mix.request)):
        copies = np.int64(2**31)
        if not mix.allowed[entry, host]:
            copies = np.int64(0)
        for resource in range(len(free)):
            need = mix.need[entry, resource]
            if need > 0 and copies > 0:
                copies = min(copies, max(free[resource], 0) // need)
        used = 0.0
        if copies > 0 and mix.worth < 0:
            used = usable_devices(mix, entry, size, copies, devices)
        elif copies > 0:
            every = copies * mix.request[entry]
            used = mix.one_copy * total + (1.0 - mix.one_copy) * every
        lost += mix.share[entry] * (total - used)
    return lost


@jit
def stranded_now(
    data: Data, state: State, mix: Mix, host: int, free: np.ndarray, devices: np.ndarray
) -> float:
    """Free amount of a host as it is that the mix cannot use; ``free``, ``devices`` are scratch."""
    fill_free(data, state, mix, host, free)
    devices[:] = state.device_free[host]
    return stranded(mix, data.device_size, host, free, devices)


@jit
def rise(
    data: Data,
    state: State,
    mix: Mix,
    flavour: int,
    host: int,
    before: float,
    free: np.ndarray,
    devices: np.ndarray,
) -> tuple[float, int]:
    """Growth of what is stranded when a host takes one workload, and the best device for a share.

    ``before`` is stranded now. The device is −1 where there is nothing to choose. ``free`` and
    ``devices`` are scratch.
    """
    size, best_device = data.device_size, -1
    fill_free(data, state, mix, host, free)
    devices[:] = state.device_free[host]
    for resource in range(len(free)):
        free[resource] -= mix.flavour_need[flavour, resource]
    request = data.device_request[flavour] if size > 0 else 0
    if request == 0:
        return stranded(mix, size, host, free, devices) - before, best_device
    if request >= size:
        left = request // size
        for device in range(len(devices)):
            if left > 0 and devices[device] == size:
                devices[device] = 0
                left -= 1
        return stranded(mix, size, host, free, devices) - before, best_device
    least = np.inf
    for device in range(len(devices)):
        room = devices[device]
        if room < request or room in devices[:device]:
            continue  # devices with equal room are alike
        devices[device] -= request
        after = stranded(mix, size, host, free, devices)
        devices[device] = room
        if after < least:
            least, best_device = after, device
    return least - before, best_device
