"""Shares on devices: packed exactly, and in little time."""

from __future__ import annotations

import itertools

import numpy as np

from optimiser.twin.devices import assign_devices


def _can_pack(requests: np.ndarray, devices: int, size: int) -> bool:
    """Try every assignment of shares to devices."""
    return any(
        np.bincount(choice, weights=requests, minlength=devices).max() <= size
        for choice in itertools.product(range(devices), repeat=len(requests))
    )


def test_packing_agrees_with_trying_everything() -> None:
    """On 200 random hosts the packing exists exactly when enumeration finds one."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        devices, requests = int(rng.integers(1, 4)), rng.integers(1, 100, rng.integers(1, 7))
        found = assign_devices(requests, devices, 100)
        assert (found is not None) == _can_pack(requests, devices, 100), requests


def test_many_like_shares_are_packed() -> None:
    """A host on which first fit decreasing fails, four shares a device; trying all never ends."""
    requests = np.array([320, 270] + [230] * 7 + [220] * 23)
    found = assign_devices(requests, 8, 1000)
    assert found is not None
    used = np.bincount([device[0] for device in found], weights=requests)
    assert used.max() <= 1000


def test_one_share_too_many_is_refused() -> None:
    """Shares above a quarter go three to a device: 25 never fit on eight; trying all never ends."""
    assert assign_devices(np.full(25, 251), 8, 1000) is None
