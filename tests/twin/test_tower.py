"""Cooling towers: the YorkCalc approach and the fan that holds a temperature."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.schema.equipment import TowerCard
from optimiser.twin.tower import design_water_kg_s, tower_rejection, york_approach_k

CARD = TowerCard(name="tower", rated_heat_kw=1000, rated_fan_kw=15, design_approach_k=3.9)


@pytest.mark.parametrize(
    ("arguments", "approach"),
    [
        ((25.56, 5.56, 1.0, 1.0), 3.843),
        ((20, 5.56), 5.058),
        ((10, 5.56), 7.771),
        ((0, 5.56), 11.160),
        ((20, 5.56, 1.0, 0.5), 10.930),
        ((20, 3), 3.079),
        ((10, 3, 0.5), 2.124),
    ],
)
def test_york_golden_approaches(arguments, approach) -> None:
    """Seven reference approaches of the published correlation."""
    found = york_approach_k(*(np.array(value) for value in arguments))
    assert found == pytest.approx(approach, abs=6e-4)


def test_inputs_are_held_inside_the_fitted_range() -> None:
    """Beyond 26.7 °C wet bulb or 22.2 K range the edge value counts."""
    assert york_approach_k(np.array(35.0), np.array(5.56)) == york_approach_k(
        np.array(26.7), np.array(5.56)
    )
    assert york_approach_k(np.array(20.0), np.array(30.0)) == york_approach_k(
        np.array(20.0), np.array(22.2)
    )
    assert york_approach_k(np.array(26.7), np.array(1.1), 0.5, 1.0) >= 1.1


def _reject(load, wet_bulb_c, target_c, water=None, count=2):
    heat = np.asarray(load) * CARD.rated_heat_kw * 1e3 * count
    water = design_water_kg_s(CARD) * count * np.asarray(load if water is None else water)
    return tower_rejection(
        CARD, count, heat, water, np.asarray(wet_bulb_c, float), np.asarray(target_c, float)
    )


def test_design_point() -> None:
    """At design load and wet bulb full fans give the card's approach."""
    found = _reject(1.0, 25.56, 0.0)
    assert found.leaving_c == pytest.approx(25.56 + 3.9)
    assert found.fan_w == pytest.approx(2 * 15e3)


def test_target_is_held_with_the_slowest_fan_that_reaches_it() -> None:
    """Where the target is reachable the water leaves at it, and a colder target costs more."""
    targets = np.array([18.0, 20.0, 22.0, 24.0])
    found = _reject(np.full(4, 0.6), np.full(4, 14.0), targets)
    np.testing.assert_allclose(found.leaving_c, targets, atol=1e-9)
    assert np.all(np.diff(found.fan_w) < 0)


def test_closed_form_agrees_with_bisection() -> None:
    """The air ratio from the parabola is the one a search on the correlation finds."""
    load, wet, target = 0.8, 16.0, 21.5
    found = _reject(load, wet, target)
    factor = 3.9 / float(york_approach_k(np.array(25.56), np.array(5.56)))
    low, high = 0.1, 1.0
    for _ in range(60):
        air = 0.5 * (low + high)
        leaving = wet + factor * float(york_approach_k(np.array(wet), np.array(5.56), load, air))
        low, high = (air, high) if leaving > target else (low, air)
    assert found.fan_w == pytest.approx(2 * 15e3 * high**3, rel=1e-9)


def test_water_is_warmer_where_full_fans_are_not_enough() -> None:
    """An unreachable target gives full fan power and a warmer leaving temperature."""
    found = _reject(np.array(1.0), 24.0, 25.0)
    assert found.leaving_c > 25.0
    assert found.fan_w == pytest.approx(2 * 15e3)


def test_leaving_water_rises_with_wet_bulb_and_heat() -> None:
    """With full fans neither a wetter day nor more heat gives colder water."""
    wet = np.linspace(-5, 26, 100)
    assert np.all(np.diff(_reject(np.full(100, 0.9), wet, np.full(100, -20.0)).leaving_c) > 0)
    load = np.linspace(0.3, 1.5, 100)
    assert np.all(np.diff(_reject(load, np.full(100, 18.0), np.full(100, 0.0)).leaving_c) >= 0)


def test_fan_vanishes_with_the_heat_and_scales_with_cells() -> None:
    """No heat, no fan power; twice the cells for twice the heat draw twice as much."""
    assert _reject(1e-9, 10.0, 18.0).fan_w < 1e-3
    one, two = (_reject(0.7, 15.0, 20.0, count=count).fan_w for count in (1, 2))
    assert two == pytest.approx(2 * one)


def test_overload_and_range_are_flagged() -> None:
    """More heat than rated, or a wet bulb outside the fit, is said."""
    found = _reject(np.array([1.0, 1.2, 1.0]), np.array([20.0, 20.0, 28.0]), np.full(3, 25.0))
    assert found.is_overloaded.tolist() == [False, True, False]
    assert found.is_clamped.tolist() == [False, False, True]
