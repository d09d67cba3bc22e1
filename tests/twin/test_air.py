"""Air flow, heat and the fans of air handlers."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.twin.air import air_flow_m3_s, air_heat_w, crah_fan_w, fan_law_w
from optimiser.twin.pieces import fit_pieces, sample_grid


def test_one_kilowatt_at_twelve_kelvin() -> None:
    """1 kW at 12 K needs 0.0697 m³/s, and carrying it back gives 1 kW."""
    flow = air_flow_m3_s(np.array(1000.0), 12.0)
    assert flow == pytest.approx(0.0697, abs=5e-5)
    assert air_heat_w(flow, 12.0) == pytest.approx(1000.0)


def test_fan_at_rating_and_at_half_flow() -> None:
    """Full flow draws rated power; half flow with exponent 3 an eighth of it."""
    rated = {"count": 2, "rated_flow_m3_s": 5.0, "rated_fan_w": 4000.0, "exponent": 3.0}
    full = crah_fan_w(np.array(10.0), **rated, min_flow_fraction=0.3)
    half = crah_fan_w(np.array(5.0), **rated, min_flow_fraction=0.3)
    assert (full, half) == (pytest.approx(8000.0), pytest.approx(1000.0))


def test_fans_do_not_turn_below_their_lowest_flow() -> None:
    """Below 30 % flow the power stays that of 30 %."""
    power = fan_law_w(np.array([0.0, 0.1, 0.3]), 1000.0, 3.0, 0.3)
    np.testing.assert_allclose(power, 1000 * 0.3**3)


def test_more_units_for_the_same_flow_need_less_power() -> None:
    """Spreading a flow over all units beats staging: 4 units at 50 % against 2 at 100 %."""
    shared = {"rated_flow_m3_s": 5.0, "rated_fan_w": 4e3, "exponent": 2.7, "min_flow_fraction": 0.3}
    spread = crah_fan_w(np.array(10.0), count=4, **shared)
    staged = crah_fan_w(np.array(10.0), count=2, **shared)
    assert spread < 0.5 * staged


def test_fan_power_is_convex_and_rising_in_flow() -> None:
    """The law bends upwards everywhere, so that linear models may cut it from below."""
    flow = np.linspace(0, 12, 200)
    power = crah_fan_w(flow, 2, 5.0, 4e3, 2.7, 0.3)
    assert np.all(np.diff(power) >= 0)
    assert np.all(np.diff(power, 2) >= -1e-9)


@pytest.mark.parametrize(("segments", "error"), [(3, 0.036), (4, 0.021), (6, 0.0096), (8, 0.0055)])
def test_few_segments_represent_the_cube_law(segments, error) -> None:
    """Chords of φ³ on 0.3 to 1 miss it by 3.6, 2.1, 0.96, 0.55 % of full power; ours by half."""
    x = sample_grid(np.array([300.0]), np.array([1000.0]), segments)
    pieces = fit_pieces(x, (x / 1000) ** 3, segments)
    assert 2 * pieces.error[0] == pytest.approx(error, rel=0.06)
