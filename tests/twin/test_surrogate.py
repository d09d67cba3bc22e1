"""The convex piecewise-linear facility against the nonlinear one."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import carnot_chiller, make_twin, plant_json, york_chiller

from optimiser.twin.facility import facility, facility_power
from optimiser.twin.plant import plant_power
from optimiser.twin.surrogate import build_surrogate, marginal_w_per_w, surrogate_power

OPTIONS = {
    "whole": {},
    "york": {"plant": plant_json(0.25, chiller=york_chiller(37.5))},
    "dry": {"plant": plant_json(0.25, dry_cooler={})},
    "air-cooled": {"plant": plant_json(0.25, chiller=carnot_chiller(37.5, condenser="air"))},
    "no plant": {"plant": ""},
    "no cooling": {"zones": 0},
    "no chain": {"chain": False},
}


def _operating_points(model, times, seed=7, low=0.1):
    random = np.random.default_rng(seed)
    level = random.uniform(low, 1.0, times)
    share = np.clip(level + random.uniform(-0.1, 0.1, (len(model.rack_low_w), times)), 0, 1)
    return model.rack_low_w[:, None] + share * (model.rack_high_w - model.rack_low_w)[:, None]


@pytest.mark.parametrize("name", OPTIONS)
def test_error_against_the_facility(name) -> None:
    """From 10 % to full load, over a year's weather, power is within 1 % (2 % is promised)."""
    twin = make_twin(times=24 * 30, steps=24, **OPTIONS[name])
    model, surrogate = facility(twin), build_surrogate(twin)
    rack = _operating_points(model, twin.sizes["time"])
    true = facility_power(model, rack)
    power, water = surrogate_power(surrogate, rack)
    error = np.abs(power / true.total_w - 1)
    assert error.max() < 0.01
    assert error.mean() < 0.003
    assert abs(power.sum() / true.total_w.sum() - 1) < 0.002
    scale = max(true.water_l_per_h.max(), 1.0)
    assert np.abs(water - true.water_l_per_h).max() < 0.02 * scale


@pytest.mark.parametrize("name", OPTIONS)
def test_every_stage_is_convex_and_rising(name) -> None:
    """Slopes of all pieces rise and none is negative, so that minimising is safe."""
    surrogate = build_surrogate(make_twin(**OPTIONS[name]))
    for stage in ("pdu", "ups", "feed", "fan", "plant", "water"):
        slope = getattr(surrogate, stage).slope
        assert np.all(np.diff(slope, axis=1) >= -1e-9), stage
        assert np.all(slope >= -1e-9), stage


@pytest.mark.parametrize("name", OPTIONS)
def test_marginal_power_is_the_gradient(name) -> None:
    """One more watt in a rack costs what finite differences of the surrogate say."""
    twin = make_twin(**OPTIONS[name])
    model, surrogate = facility(twin), build_surrogate(twin)
    rack = _operating_points(model, twin.sizes["time"], seed=11)
    gradient = marginal_w_per_w(surrogate, rack)
    base, _ = surrogate_power(surrogate, rack)
    for index in range(len(rack)):
        moved = rack.copy()
        moved[index] += 1e-3
        difference = (surrogate_power(surrogate, moved)[0] - base) / 1e-3
        np.testing.assert_allclose(gradient[index], difference, rtol=1e-4)


def test_marginal_power_covers_the_watt_itself() -> None:
    """A watt of IT never costs less than a watt, and cooling adds to it."""
    twin = make_twin()
    model, surrogate = facility(twin), build_surrogate(twin)
    gradient = marginal_w_per_w(surrogate, _operating_points(model, twin.sizes["time"]))
    assert gradient.min() > 1.0
    assert gradient.max() < 2.0


def test_more_segments_are_more_accurate() -> None:
    """The stated error falls as segments are added."""
    twin = make_twin(times=48)
    errors = [
        build_surrogate(twin, plant_segments=n, fan_segments=n).plant.error.max() for n in (2, 4, 8)
    ]
    assert errors[0] > errors[1] > errors[2]


def test_stated_error_is_what_samples_show() -> None:
    """No heat inside the fitted range is further off than the surrogate says (up to sampling)."""
    twin = make_twin(times=48)
    model, surrogate = facility(twin), build_surrogate(twin)
    share = np.random.default_rng(1).uniform(0, 1, (48, 200))
    low, high = surrogate.plant.low[:, None], surrogate.plant.high[:, None]
    heat = low + share * (high - low)
    assert model.plant is not None
    true = plant_power(model.plant, heat, model.dry_bulb_c[:, None], model.wet_bulb_c[:, None])
    distance = np.abs(surrogate.plant.value(heat) - true.power_w)
    assert np.all(distance.max(axis=1) <= 1.3 * surrogate.plant.error + 1.0)
    busy = heat >= 0.1 * high
    assert (distance / heat)[busy].max() <= 1.3 * surrogate.max_error_fraction


def test_site_without_anything_is_it_power() -> None:
    """No chain, no cooling: facility power is rack power exactly."""
    twin = make_twin(chain=False, zones=0)
    surrogate = build_surrogate(twin)
    rack = np.random.default_rng(0).uniform(0, 5e3, (8, 24))
    power, water = surrogate_power(surrogate, rack)
    np.testing.assert_allclose(power, rack.sum(axis=0))
    assert not water.any()
    np.testing.assert_allclose(marginal_w_per_w(surrogate, rack), 1.0)


def test_racks_without_hosts_do_not_break_the_fit() -> None:
    """A PDU that can carry nothing still has finite pieces."""
    twin = make_twin(racks=4)
    twin["host_rack"][:] = 0
    surrogate = build_surrogate(twin)
    for stage in ("pdu", "ups", "feed", "fan", "plant", "water"):
        pieces = getattr(surrogate, stage)
        assert np.isfinite(pieces.slope).all() and np.isfinite(pieces.intercept).all()
