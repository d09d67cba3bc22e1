"""Cross-interference between racks."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.errors import InputError
from optimiser.schema.site import Recirculation
from optimiser.twin.recirculation import (
    generate_exchange,
    inlet_temperature_c,
    rack_rise_matrix,
    rise_matrix,
)
from optimiser.units import AIR_DENSITY_KG_M3, AIR_HEAT_CAPACITY_J_KG_K

FLOW = np.array([0.8, 0.8, 0.6, 0.6])
POWER = np.array([8e3, 10e3, 6e3, 4e3])
EXCHANGE = np.array([
    [0.05, 0.03, 0.01, 0.00],
    [0.03, 0.05, 0.03, 0.01],
    [0.01, 0.03, 0.05, 0.03],
    [0.00, 0.01, 0.03, 0.05],
])  # fmt: skip


def _inlet(rise: np.ndarray, power: np.ndarray) -> np.ndarray:
    return inlet_temperature_c(rise, power, np.zeros(len(power), int), np.array([20.0]))


def test_golden_vector() -> None:
    """Four racks, the published arithmetic: first row of D and all inlet temperatures."""
    rise = rise_matrix(EXCHANGE, FLOW)
    np.testing.assert_allclose(rise[0] * 1e3, [0.0563, 0.0352, 0.0127, 0.0008], atol=5e-5)
    np.testing.assert_allclose(_inlet(rise, POWER), [20.881, 21.120, 21.257, 20.760], atol=5e-4)


def test_air_handler_heat_equals_rack_power() -> None:
    """The air that returns carries exactly the 28,000 W of the racks (first law)."""
    capacity = AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K * FLOW
    inlet = _inlet(rise_matrix(EXCHANGE, FLOW), POWER)
    outlet = inlet + POWER / capacity
    returned = (1.0 - EXCHANGE.sum(axis=1)) * capacity @ outlet
    fresh = (capacity - EXCHANGE.T @ capacity).sum() * 20.0
    assert returned - fresh == pytest.approx(28_000.0, rel=1e-12)


def test_no_recirculation_means_supply_temperature_everywhere() -> None:
    """With A = 0 every inlet is supply air: the model equals the simple one."""
    rise = rise_matrix(np.zeros((4, 4)), FLOW)
    np.testing.assert_array_equal(_inlet(rise, POWER), 20.0)


def test_more_power_anywhere_never_cools_a_rack() -> None:
    """D is not negative, so inlets rise with the power of every rack."""
    rise = rise_matrix(EXCHANGE, FLOW)
    assert np.all(rise >= 0)
    base = _inlet(rise, POWER)
    for rack in range(4):
        warmer = POWER.copy()
        warmer[rack] += 1000.0
        assert np.all(_inlet(rise, warmer) >= base)


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (np.array([[0.6, 0.6], [0.0, 0.0]]), "sends out more air"),
        (np.array([[0.0, -0.1], [0.0, 0.0]]), "negative"),
        (np.array([[0.0, 0.9], [0.0, 0.9]]), "more recirculated air than its own flow"),
        (np.zeros((3, 3)), "does not fit"),
    ],
)
def test_impossible_exchange_is_refused(exchange, said) -> None:
    """A matrix that makes or loses air is refused with the reason."""
    with pytest.raises(InputError, match=said):
        rise_matrix(exchange, np.array([0.5, 0.5]))


def test_generated_exchange_follows_order_in_zone_and_row() -> None:
    """Neighbours share air inside a row; other rows, zones and racks without zone do not."""
    zone = np.array([0, 0, 0, 0, 1, -1])
    row = np.array([0, 0, 0, 1, 0, 0])
    exchange = generate_exchange(zone, row, [Recirculation(), Recirculation(own_fraction=0.1)])
    np.testing.assert_allclose(exchange[0], [0.04, 0.03, 0.01, 0, 0, 0])
    np.testing.assert_allclose(exchange[1], [0.03, 0.04, 0.03, 0, 0, 0])
    np.testing.assert_allclose(exchange[3], [0, 0, 0, 0.04, 0, 0])
    assert exchange[4, 4] == 0.1
    assert not exchange[5].any()


def test_generated_rise_is_legal_beside_an_empty_rack() -> None:
    """A rack of hardly any air beside full ones still takes in at most its own flow."""
    flow = np.array([0.8, 1e-3, 0.8])
    rise = rack_rise_matrix(flow, np.zeros(3, int), np.zeros(3, int), [Recirculation()])
    assert np.all(np.isfinite(rise)) and np.all(rise >= 0)
    # an inlet cannot be hotter than the hottest exhaust
    power = np.array([8e3, 0.0, 8e3])
    inlet = _inlet(rise, power)
    assert inlet.max() < 20 + 8e3 / (AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K * 0.8)


def test_rack_without_a_zone_has_no_inlet_temperature() -> None:
    """Outside any zone the inlet is unknown, not zero."""
    inlet = inlet_temperature_c(np.zeros((2, 2)), np.ones(2), np.array([0, -1]), np.array([21.0]))
    assert inlet[0] == 21.0
    assert np.isnan(inlet[1])
