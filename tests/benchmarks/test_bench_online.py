"""The account of a day follows the published definitions: hand-solved cases."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cases.online_day import place_by_size
from benchmarks.peers.cloud_power import Account, Fleet

# two hosts of 2 × 1000 MIPS, 100 W idle, 200 W full
CURVE = np.linspace(100.0, 200.0, 11)
BEFORE = np.array([0, 0], dtype=np.int32)
AFTER = np.array([0, 1], dtype=np.int32)


def account(memory_mb: float = 625.0) -> Account:
    """Return an empty account of two VMs; 625 MB take 10 s over half of 1 Gbit/s."""
    return Account(Fleet(np.full(2, 1000.0), np.tile(CURVE, (2, 1)), np.full(2, memory_mb)))


def test_energy_of_awake_hosts() -> None:
    """1000 of 2000 MIPS is 150 W: 300 s of it are 0.0125 kWh; the empty host draws nothing."""
    day = account()
    day.step(np.array([600.0, 400.0]), BEFORE, BEFORE, lags=True)
    assert day.day.kwh == pytest.approx(150.0 * 300.0 / 3.6e6)
    assert day.day.sla_percent == 0.0
    assert day.day.mean_hosts_on == 1.0


def test_overload_and_the_limit_of_one_core() -> None:
    """1500 and 900 on one host: capped 1000 + 900, all served but 500 of 2400."""
    day = account()
    day.step(np.array([1500.0, 900.0]), BEFORE, BEFORE, lags=True)
    assert day.day.sla_percent == pytest.approx(100.0 * 500.0 / 2400.0)
    assert day.day.slatah_percent == pytest.approx(100.0)


def test_a_move_costs_and_takes_effect_after_its_copy() -> None:
    """For 10 of 300 s both hosts are awake and a tenth of the mover's 900 MIPS is lost.

    Before: 1000 + 900 MIPS on host 0 is 195 W, host 1 empty 100 W. After: 150 W and 145 W.
    """
    day = account()
    day.step(np.array([1000.0, 900.0]), BEFORE, AFTER, lags=True)
    assert day.day.moves == 1
    assert day.day.sla_percent == pytest.approx(100.0 * 90.0 * 10.0 / (1900.0 * 300.0))
    assert day.day.pdm_percent == pytest.approx(100.0 * 0.5 * 90.0 * 10.0 / (900.0 * 300.0))
    assert day.day.kwh == pytest.approx((295.0 * 10.0 + 295.0 * 290.0) / 3.6e6)
    assert day.day.mean_hosts_on == pytest.approx(2.0)


def test_the_start_packs_full_sizes() -> None:
    """Three VMs of 1200 MIPS need hosts of their own; the better kind comes first."""
    curve = np.stack([CURVE, CURVE, CURVE - 50.0])
    fleet = Fleet(np.full(3, 1000.0), curve, np.full(3, 100.0))
    assert place_by_size(np.array([1200.0, 800.0, 1300.0]), fleet, np.inf).tolist() == [0, 0, 2]
