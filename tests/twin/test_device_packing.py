"""Shares on devices: packed exactly, and in little time."""

from __future__ import annotations

import itertools
import time

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


def test_many_like_shares_take_no_time() -> None:
    """A host on which first fit decreasing fails is packed at once, four shares to a device."""
    requests = np.array([320, 270] + [230] * 7 + [220] * 23)
    began = time.process_time()
    found = assign_devices(requests, 8, 1000)
    assert found is not None
    used = np.bincount([device[0] for device in found], weights=requests)
    assert used.max() <= 1000 and time.process_time() - began < 1.0


def test_one_share_too_many_is_refused_at_once() -> None:
    """Shares above a quarter go three to a device, so 25 of them never fit on eight devices."""
    began = time.process_time()
    assert assign_devices(np.full(25, 251), 8, 1000) is None
    assert time.process_time() - began < 1.0
