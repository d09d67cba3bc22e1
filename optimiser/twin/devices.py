"""Devices such as GPUs: small requests share one device, large ones take whole devices."""

from __future__ import annotations

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


def pack_shares(sizes: np.ndarray, num_devices: int, device_size: int) -> np.ndarray | None:
    """Pack sizes (descending) into devices; device of each, or ``None`` when impossible."""
    free = [device_size] * num_devices
    chosen = np.full(len(sizes), -1, dtype=np.int64)
    return chosen if _place(sizes, 0, free, chosen) else None


def _place(sizes: np.ndarray, position: int, free: list[int], chosen: np.ndarray) -> bool:
    if position == len(sizes):
        return True
    if sizes[position:].sum() > sum(free):
        return False
    size, tried = int(sizes[position]), set()
    for device, room in enumerate(free):
        if room < size or room in tried:
            continue
        tried.add(room)  # devices with equal room are alike
        free[device] -= size
        chosen[position] = device
        if _place(sizes, position + 1, free, chosen):
            return True
        free[device] += size
    return False
