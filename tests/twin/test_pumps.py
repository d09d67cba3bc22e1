"""Pumps and water flows."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.schema.equipment import PumpCard
from optimiser.twin.pumps import design_pump_w, pump_loop, water_flow_kg_s

CARD = PumpCard(name="pump", head_kpa=160, efficiency=0.75, motor_efficiency=0.9)


def test_water_flow_of_one_kilowatt() -> None:
    """1 kW at 10 K is 0.0239 kg/s of water."""
    assert water_flow_kg_s(np.array(1000.0), 10.0) == pytest.approx(0.0239, abs=5e-5)


def test_design_power_is_head_times_flow_over_efficiencies() -> None:
    """100 L/s against 160 kPa at 0.75 · 0.9 needs 23.7 kW."""
    assert design_pump_w(CARD, 99.8) == pytest.approx(0.1 * 160e3 / 0.675)


def test_loop_at_design_half_and_no_heat() -> None:
    """Power follows flow to the 2.7, down to the lowest flow and not below."""
    loop = pump_loop(CARD, np.array([1e6, 5e5, 0.0]), 1e6, 6.0)
    design = loop.power_w[0]
    assert loop.flow_kg_s[0] == pytest.approx(1e6 / (4186 * 6))
    np.testing.assert_allclose(loop.power_w / design, [1.0, 0.5**2.7, 0.3**2.7])
    np.testing.assert_allclose(loop.flow_kg_s / loop.flow_kg_s[0], [1.0, 0.5, 0.3])


def test_doubling_the_plant_doubles_the_pumps() -> None:
    """Pumps have no size of their own."""
    heat = np.linspace(1e5, 9e5, 9)
    small, large = pump_loop(CARD, heat, 1e6, 6.0), pump_loop(CARD, 2 * heat, 2e6, 6.0)
    np.testing.assert_allclose(large.power_w, 2 * small.power_w)
