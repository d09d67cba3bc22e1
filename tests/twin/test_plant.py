"""The cooling plant as a whole, by kind of chiller and rejector."""

from __future__ import annotations

import json

import numpy as np
import pytest
from handmade import carnot_chiller, plant_json, york_chiller

from optimiser.errors import InputError
from optimiser.twin.chiller import chiller_power
from optimiser.twin.plant import CoolingPlant, plant_power, read_plant

AIR_COOLED = carnot_chiller(150, name="air", condenser="air", rated_cop=4.0)
PLANTS = {
    "carnot tower": plant_json(),
    "york tower": plant_json(chiller=york_chiller(150), plant={"economiser": "none"}),
    "york tower free": plant_json(chiller=york_chiller(150)),
    "carnot dry": plant_json(dry_cooler={}),
    "carnot adiabatic": plant_json(dry_cooler={"adiabatic_effectiveness": 0.8}),
    "air-cooled": plant_json(chiller=AIR_COOLED),
}
HEAT = np.linspace(20e3, 350e3, 34)


def _plant(name: str) -> CoolingPlant:
    plant = read_plant(PLANTS[name])
    assert plant is not None
    return plant


def _run(name: str, heat, dry=20.0, wet=15.0):
    return plant_power(_plant(name), np.asarray(heat, float), np.asarray(dry), np.asarray(wet))


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize(("dry", "wet"), [(-5.0, -7.0), (12.0, 9.0), (21.0, 16.0), (38.0, 24.0)])
def test_heat_rejected_is_heat_removed_plus_work(name, dry, wet) -> None:
    """Condenser heat is coil heat plus chillers and pumps, in every mode (first law)."""
    found = _run(name, HEAT, dry, wet)
    work = found.chiller_w + found.chilled_water_pump_w + found.condenser_pump_w
    np.testing.assert_allclose(found.heat_rejected_w, HEAT + work, rtol=1e-12)


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize("wet", [-5.0, 8.0, 12.0, 16.0, 20.0, 26.0])
def test_more_heat_never_needs_less_power(name, wet) -> None:
    """Power rises with heat under any weather."""
    power = _run(name, HEAT, wet + 5.0, wet).power_w
    assert np.all(np.diff(power) > -1e-6)


@pytest.mark.parametrize("name", sorted(PLANTS.keys() - {"carnot adiabatic"}))
def test_chillers_work_harder_on_warmer_days(name) -> None:
    """Compressor power never falls as dry and wet bulb rise together (pads may start, so not)."""
    wet = np.linspace(-10, 28, 150)
    chiller = _run(name, np.full(150, 250e3), wet + 6.0, wet).chiller_w
    assert np.all(np.diff(chiller) >= -1e-6)


@pytest.mark.parametrize("name", PLANTS)
def test_plant_has_no_size_of_its_own(name) -> None:
    """Ratings and heat twice as large need twice the power and water."""
    document = json.loads(PLANTS[name])
    for card in document["cards"].values():
        for field in ("rated_cooling_kw", "rated_heat_kw", "rated_fan_kw"):
            if field in card:
                card[field] *= 2
    large = read_plant(json.dumps(document))
    assert large is not None
    one, two = _run(name, HEAT), plant_power(large, 2 * HEAT, np.array(20.0), np.array(15.0))
    np.testing.assert_allclose(two.power_w, 2 * one.power_w, rtol=1e-9)
    np.testing.assert_allclose(two.water_l_per_h, 2 * one.water_l_per_h, rtol=1e-9)


def test_modes_of_the_economiser() -> None:
    """Cold days run without chillers, mild ones with fewer, warm ones with chillers alone."""
    found = _run("carnot tower", np.full(3, 200e3), np.array([5.0, 18.0, 33.0]), [3.0, 14.0, 25.0])
    assert found.free_share[0] == 1.0 and found.chiller_w[0] == 0.0
    assert 0.0 < found.free_share[1] < 1.0
    assert found.free_share[2] == 0.0
    alone = _run("carnot tower", 200e3, 18.0, 14.0)
    without = plant_power(
        read_plant(plant_json(plant={"economiser": "none"})),  # type: ignore[arg-type]
        np.array(200e3),
        np.array(18.0),
        np.array(14.0),
    )
    assert alone.power_w < without.power_w


def test_fans_slow_down_once_cooling_is_free() -> None:
    """On colder days than needed the tower fans do less, not more."""
    wet = np.linspace(-10, 8, 30)
    fans = _run("carnot tower", np.full(30, 200e3), wet + 3, wet).rejection_fan_w
    assert np.all(np.diff(fans) >= -1e-9)


def test_condenser_water_is_not_colder_than_allowed() -> None:
    """In mechanical cooling the chillers never see water below the lowest set-point."""
    found = _run("york tower", np.full(50, 200e3), np.linspace(-5, 35, 50), np.linspace(-8, 26, 50))
    assert found.condenser_c.min() >= 18.0
    assert found.condenser_c.max() > 25.0


def test_fixed_point_has_converged() -> None:
    """Chiller power at the returned condenser temperature is the returned power."""
    plant = _plant("york tower")
    found = _run("york tower", 250e3, 30.0, 24.0)
    again = chiller_power(
        plant.chiller,
        plant.plant.chiller_count,
        250e3 + found.chilled_water_pump_w,
        plant.plant.chilled_water_c,
        found.condenser_c,
    )
    assert again.power_w == pytest.approx(float(found.chiller_w), rel=1e-9)
    assert found.condenser_c > 24.0


def test_carnot_machines_see_leaving_condenser_water() -> None:
    """Their lift ends at the water that leaves: 24 °C and a rise of 6 K make it 30 °C."""
    document = plant_json(plant={"economiser": "none", "condenser_min_c": 24.0})
    plant = read_plant(document)
    assert plant is not None
    found = plant_power(plant, np.array(250e3), np.array(15.0), np.array(10.0))
    load = 250e3 + found.chilled_water_pump_w
    expected = chiller_power(plant.chiller, 3, load, 18.0, np.array(30.0)).power_w
    assert found.condenser_c == pytest.approx(24.0)
    assert found.chiller_w == pytest.approx(float(expected), rel=1e-9)


def test_dry_rejection_uses_no_water_and_pads_only_when_warm() -> None:
    """Plain and air-cooled plants are dry; pads drink above 24 °C only."""
    for name in ("carnot dry", "air-cooled"):
        assert _run(name, HEAT, 35.0, 22.0).water_l_per_h.max() == 0.0
    pads = _run("carnot adiabatic", np.full(2, 2e5), np.array([20.0, 35.0]), np.array([15.0, 22.0]))
    assert pads.water_l_per_h[0] == 0.0 and pads.water_l_per_h[1] > 0.0


def test_tower_water_is_near_the_published_rate() -> None:
    """At latent share 0.75 and four cycles a tower drinks 1.48 L per kWh it rejects."""
    found = _run("york tower", 2e5, 30.0, 22.0)
    per_kwh = found.water_l_per_h / (found.heat_rejected_w / 1e3)
    assert per_kwh == pytest.approx(1.48, abs=0.01)


def test_overload_is_flagged() -> None:
    """More heat than three chillers or towers can take is said."""
    found = _run("carnot tower", np.array([300e3, 600e3]), 30.0, 24.0)
    assert found.is_overloaded.tolist() == [False, True]


@pytest.mark.parametrize(
    ("missing", "said"),
    [("tower", "cooled by water"), ("condenser_pump", "cooled by water")],
)
def test_water_cooled_condenser_needs_its_loop(missing, said) -> None:
    """A condenser without tower or pump is refused; nothing is assumed."""
    document = json.loads(PLANTS["york tower"])
    document["cards"].pop(missing)
    with pytest.raises(InputError, match=said) as caught:
        read_plant(json.dumps(document))
    assert caught.value.problems[0].field == f"cooling.plant.{missing}"


def test_equipment_without_effect_is_refused() -> None:
    """A tower beside air-cooled chillers would be silently idle, so it is a mistake."""
    document = json.loads(PLANTS["york tower free"])
    document["cards"]["chiller"]["condenser"] = "air"
    with pytest.raises(InputError) as caught:
        read_plant(json.dumps(document))
    fields = {problem.field for problem in caught.value.problems}
    assert fields == {f"cooling.plant.{f}" for f in ("tower", "condenser_pump", "economiser")}


def test_no_plant_is_legal() -> None:
    """An empty document means that the site has no plant."""
    assert read_plant("") is None
