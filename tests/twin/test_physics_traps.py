"""The traps that other data-centre models fell into, one test each."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest
from handmade import MODERN_W, make_twin, plant_json, york_chiller

import optimiser.twin
from optimiser.library.weather import read_epw
from optimiser.twin.plant import plant_power, read_plant
from optimiser.twin.servers import interpolate_curve_w
from optimiser.twin.simulate import simulate, summary

TWIN_FILES = sorted(Path(optimiser.twin.__file__).parent.glob("*.py"))
WEATHER = ("USA_AZ_Phoenix-Sky.Harbor", "USA_NY_New.York-LaGuardia", "USA_WA_Seattle-Tacoma")
PLANTS = {
    "warm water": plant_json(0.25),
    "DOE-2": plant_json(0.25, chiller=york_chiller(37.5), plant={"chilled_water_c": 8.0}),
    "dry coolers": plant_json(0.25, dry_cooler={}),
}


def _year(dry, wet, plant=None, scale=1.0):
    twin = make_twin(
        times=len(dry), steps=24, dry_bulb_c=dry, wet_bulb_c=wet, plant=plant, scale=scale
    )
    on = np.ones(twin.sizes["host"], dtype=bool)
    result = simulate(twin, twin["workload_host"].values, on)
    return result, summary(result, twin)


@pytest.fixture(scope="module")
def climates(shared_data):
    """Dry and wet bulb of three typical years."""
    found = {}
    for name in WEATHER:
        path = shared_data / "weather" / f"{name}.epw"
        if not path.exists():
            pytest.skip(f"{path.name} is not there")
        table = read_epw(path)
        found[name] = (table["dry_bulb_c"].to_numpy(), table["wet_bulb_c"].to_numpy())
    return found


@pytest.mark.parametrize("plant", PLANTS)
def test_trap_1_climate_sign(plant) -> None:
    """Three kelvins more all year never lower PUE."""
    hour = np.arange(8760)
    dry = 12 - 10 * np.cos(2 * np.pi * hour / 8760) - 4 * np.cos(2 * np.pi * hour / 24)
    wet = dry - 3 + 2 * np.cos(2 * np.pi * hour / 8760)
    now = _year(dry, wet, PLANTS[plant])[1]["pue"]
    warmer = _year(dry + 3, wet + 3, PLANTS[plant])[1]["pue"]
    assert warmer > now


@pytest.mark.shared
@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", WEATHER)
def test_trap_1_climate_sign_on_real_years(climates, name, plant) -> None:
    """The same on measured typical years of a hot, a mixed and a mild place."""
    dry, wet = climates[name]
    now = _year(dry, wet, PLANTS[plant])[1]["pue"]
    assert _year(dry + 3, wet + 3, PLANTS[plant])[1]["pue"] > now


@pytest.mark.shared
def test_warm_places_need_more_energy(climates) -> None:
    """Seattle is cooler than New York than Phoenix, and so are their PUEs with dry coolers."""
    pue = {name: _year(*climates[name], PLANTS["dry coolers"])[1]["pue"] for name in WEATHER}
    phoenix, new_york, seattle = (pue[name] for name in WEATHER)
    assert seattle < new_york < phoenix
    assert seattle > 1.0 and phoenix < 1.6


@pytest.mark.shared
def test_wet_bulb_agrees_with_an_independent_formula(climates, shared_data) -> None:
    """Vapour pressure from wet bulb by Buck and Sprung is that of the file's dew point."""
    table = read_epw(shared_data / "weather" / f"{WEATHER[1]}.epw")
    thawed = table[table["wet_bulb_c"] > 2.0]
    dry, wet, dew, pressure = (
        thawed[c].to_numpy() for c in ("dry_bulb_c", "wet_bulb_c", "dew_point_c", "pressure_pa")
    )

    def buck(t):
        return 611.21 * np.exp((18.678 - t / 234.5) * t / (257.14 + t))

    psychrometer = buck(wet) - 6.6e-4 * (1 + 1.15e-3 * wet) * pressure * (dry - wet)
    # 0.66 hPa/K · 0.2 K: the two formulas agree to about 0.2 K of wet bulb
    assert np.abs(psychrometer - buck(np.minimum(dew, dry))).max() < 0.015 * buck(dry).max()
    assert np.all(wet <= dry + 1e-6) and np.all(wet >= np.minimum(dew, dry) - 1e-6)


@pytest.mark.parametrize("plant", [*PLANTS.values(), ""], ids=[*PLANTS, "none"])
def test_trap_2_energy_balance(plant) -> None:
    """All electricity leaves as heat, to 1e-9, at every hour of a year."""
    hour = np.arange(8760)
    dry = 14 - 14 * np.cos(2 * np.pi * hour / 8760) - 5 * np.cos(2 * np.pi * hour / 24)
    result, _ = _year(dry, dry - 4, plant)
    np.testing.assert_allclose(result["heat_out_w"], result["facility_w"], rtol=1e-9)


def test_trap_3_computed_but_not_counted() -> None:
    """Facility power is the sum of its meters, and every one of them is in it."""
    result, found = _year(np.full(24, 25.0), np.full(24, 20.0))
    parts = found["kwh"]
    assert found["facility_kwh"] == pytest.approx(sum(parts.values()))
    assert all(value > 0 for value in parts.values()), parts
    assert set(parts) >= {"crah_fan", "chilled_water_pump", "condenser_pump", "rejection_fan"}
    assert result["facility_w"].min() > result["it_w"].max()


def test_trap_4_scale() -> None:
    """A site twice as large has the same PUE and WUE and twice the energy and water."""
    hour = np.arange(240)
    dry = 18 - 8 * np.cos(2 * np.pi * hour / 240)
    one, two = (_year(dry, dry - 3, scale=scale)[1] for scale in (1.0, 2.0))
    assert two["pue"] == pytest.approx(one["pue"], rel=1e-9)
    assert two["wue_l_per_kwh"] == pytest.approx(one["wue_l_per_kwh"], rel=1e-9)
    assert two["facility_kwh"] == pytest.approx(2 * one["facility_kwh"], rel=1e-9)
    assert two["water_l"] == pytest.approx(2 * one["water_l"], rel=1e-9)


@pytest.mark.parametrize("path", TWIN_FILES, ids=lambda path: path.stem)
def test_trap_5_star_imports_shadow_builtins(path) -> None:
    """No file of the twin imports a star, so ``max`` and ``min`` are what they seem."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stars = [
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert not stars


def test_trap_6_nearest_bin_curves() -> None:
    """50 % load is the 50 % point, 55 % lies between, and full load is inside the table."""
    curve = np.array([MODERN_W], dtype=float)
    load = np.array([0.5, 0.55, 0.955, 1.0])
    found = interpolate_curve_w(curve, np.zeros(4, int), load)
    np.testing.assert_allclose(found, [256, (256 + 281) / 2, 382 + 0.55 * 73, 455])


def test_trap_7_curves_outside_their_range() -> None:
    """18 °C water on curves fitted to 8.9 °C is held at the edge and every hour of it is said."""
    dry, wet = np.full(48, 24.0), np.full(48, 20.0)
    york = plant_json(0.25, chiller=york_chiller(37.5), plant={"economiser": "none"})
    cold = plant_json(
        0.25, chiller=york_chiller(37.5), plant={"economiser": "none", "chilled_water_c": 8.0}
    )
    assert _year(dry, wet, york)[1]["extrapolated_h"] == 48.0
    assert _year(dry, wet, cold)[1]["extrapolated_h"] == 0.0
    plants = [
        read_plant(
            plant_json(
                chiller=york_chiller(150), plant={"economiser": "none", "chilled_water_c": c}
            )
        )
        for c in (8.9, 18.0)
    ]
    edge, beyond = (
        plant_power(p, np.array(2e5), np.array(24.0), np.array(20.0)).chiller_w
        for p in plants
        if p is not None
    )
    assert beyond == pytest.approx(float(edge))


@pytest.mark.parametrize("path", TWIN_FILES, ids=lambda path: path.stem)
def test_trap_8_conditions_that_are_always_true(path) -> None:
    """No condition tests a constant (``x if not None else y``) or a literal for None."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp | ast.If | ast.While):
            test = node.test
            inner = test.operand if isinstance(test, ast.UnaryOp) else test
            assert not isinstance(inner, ast.Constant), f"{path.name}:{node.lineno}"


def test_trap_8_zero_is_not_missing() -> None:
    """An explicit zero (no bypass, no drift) is used, not replaced by a default."""
    twin = make_twin()
    twin["zone_bypass_fraction"][:] = 0.0
    on = np.ones(twin.sizes["host"], dtype=bool)
    none = simulate(twin, twin["workload_host"].values, on)["crah_fan_w"].values
    twin["zone_bypass_fraction"][:] = 0.1
    some = simulate(twin, twin["workload_host"].values, on)["crah_fan_w"].values
    assert np.all(none < some)


def _numbers(document):
    """Yield (card or plant, field) of every number that should matter."""
    for owner, fields in [("plant", document["plant"]), *document["cards"].items()]:
        for field, value in fields.items():
            if isinstance(value, int | float):
                yield owner, field


TOWER_SITE = json.loads(plant_json(0.25, chiller=york_chiller(37.5)))
DRY_SITE = json.loads(plant_json(0.25, dry_cooler={"adiabatic_effectiveness": 0.5}))
# given by the schema for the other rejector or the other chiller model
IDLE = {
    ("plant", "dry_cooler_count"),
    ("chiller", "reference_evaporator_c"),
    ("chiller", "reference_condenser_c"),
    ("chilled_water_pump", "design_rise_k"),  # the plant's chilled_water_rise_k rules that loop
}


@pytest.mark.parametrize(
    ("owner", "field"), [item for item in _numbers(TOWER_SITE) if item not in IDLE]
)
def test_trap_9_settings_switched_off_in_silence(owner, field) -> None:
    """Every number of plant and cards changes power, water or a flag at some hour of a year."""
    document = json.loads(json.dumps(TOWER_SITE))
    target = document["plant"] if owner == "plant" else document["cards"][owner]
    value = target[field]
    target[field] = value + 1 if isinstance(value, int) and value < 10 else 0.8 * value + 0.01
    before, after = (_probe(d) for d in (TOWER_SITE, document))
    assert any(not np.allclose(x, y, rtol=1e-7) for x, y in zip(before, after, strict=True))


@pytest.mark.parametrize("field", ["rated_heat_kw", "rated_fan_kw", "approach_k",
                                   "adiabatic_effectiveness", "adiabatic_above_c"])  # fmt: skip
def test_trap_9_dry_cooler_settings_count(field) -> None:
    """The same for the dry cooler's card."""
    document = json.loads(json.dumps(DRY_SITE))
    document["cards"]["dry_cooler"][field] *= 0.8
    before, after = (_probe(d) for d in (DRY_SITE, document))
    assert any(not np.allclose(x, y, rtol=1e-7) for x, y in zip(before, after, strict=True))


def _probe(document):
    plant = read_plant(json.dumps(document))
    assert plant is not None
    wet = np.linspace(-10, 27, 60)[:, None]
    found = plant_power(plant, np.linspace(2e3, 120e3, 60)[None, :], wet + 8, wet)
    return found.power_w, found.water_l_per_h, found.is_clamped, found.is_overloaded


def test_trap_10_one_fixed_carbon_factor() -> None:
    """Carbon follows the grid hour by hour: the same energy at a dirty hour emits more."""
    twin = make_twin(times=2, steps=1, dry_bulb_c=15.0)
    twin["carbon_g_per_kwh"][:] = [100.0, 700.0]
    on = np.ones(twin.sizes["host"], dtype=bool)
    result = simulate(twin, twin["workload_host"].values, on)
    emitted = result["carbon_g"].values
    assert emitted[1] == pytest.approx(7 * emitted[0])
    assert summary(result, twin)["kgco2e"] == pytest.approx(emitted.sum() / 1e3)
