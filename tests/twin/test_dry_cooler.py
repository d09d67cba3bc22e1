"""Dry and adiabatic coolers."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.schema.equipment import DryCoolerCard
from optimiser.twin.dry_cooler import (
    air_ratio,
    dry_cooler_rejection,
    entering_air_c,
    pad_water_l_per_h,
)

PLAIN = DryCoolerCard(name="dry", rated_heat_kw=500, rated_fan_kw=15, approach_k=7)
PADS = DryCoolerCard(
    name="pads", rated_heat_kw=500, rated_fan_kw=15, adiabatic_effectiveness=0.8
)  # fmt: skip


def test_design_point() -> None:
    """At rated heat and design approach the fans run at full speed."""
    found = dry_cooler_rejection(PLAIN, 2, np.array(1e6), np.array(30.0), np.array(37.0))
    assert found.leaving_c == pytest.approx(37.0)
    assert found.fan_w == pytest.approx(30e3)


def test_half_heat_needs_an_eighth_of_the_fan_power() -> None:
    """Heat is proportional to air flow at a fixed approach, power to its cube."""
    found = dry_cooler_rejection(PLAIN, 1, np.array(250e3), np.array(20.0), np.array(27.0))
    assert found.fan_w == pytest.approx(15e3 / 8)


def test_unreachable_target_leaves_warmer_water() -> None:
    """Air warmer than the target: full fans, water at air plus approach."""
    found = dry_cooler_rejection(PLAIN, 1, np.array(500e3), np.array(35.0), np.array(30.0))
    assert found.leaving_c == pytest.approx(42.0)
    assert found.fan_w == pytest.approx(15e3)


def test_more_heat_or_warmer_air_is_never_better() -> None:
    """Leaving water and fan power rise with heat and with air temperature."""
    heat = np.linspace(1e4, 7e5, 100)
    found = dry_cooler_rejection(PLAIN, 1, heat, np.full(100, 25.0), np.full(100, 32.0))
    assert np.all(np.diff(found.leaving_c) >= -1e-9) and np.all(np.diff(found.fan_w) >= -1e-9)
    air = np.linspace(-10, 45, 100)
    found = dry_cooler_rejection(PLAIN, 1, np.full(100, 4e5), air, np.full(100, 32.0))
    assert np.all(np.diff(found.leaving_c) >= -1e-9) and np.all(np.diff(found.fan_w) >= -1e-9)
    assert found.is_overloaded.sum() == 0


def test_pads_cool_the_air_only_when_wetted() -> None:
    """Above 24 °C the air loses 80 % of its depression; below it is left alone."""
    air = entering_air_c(PADS, np.array([20.0, 34.0]), np.array([14.0, 20.0]))
    np.testing.assert_allclose(air, [20.0, 34.0 - 0.8 * 14.0])


def test_pad_water_is_the_heat_taken_from_the_air() -> None:
    """500 kW at a 10 K rise is 49.7 kg/s of air; cooled by 11.2 K that evaporates 830 L/h."""
    water = pad_water_l_per_h(PADS, 1, np.array(1.0), np.array(34.0), np.array(20.0))
    assert water == pytest.approx(560e3 / 2.4299e6 * 3600)  # 560 kW over h_fg
    dry = pad_water_l_per_h(PLAIN, 1, np.array(1.0), np.array(34.0), np.array(20.0))
    assert dry == 0.0


def test_air_ratio_never_exceeds_one() -> None:
    """Fans do not turn faster than their rating."""
    ratio = air_ratio(PLAIN, 1, np.array(2e6), np.array(20.0), np.array(21.0))
    assert ratio == 1.0
