"""The worked numbers of the reference facility."""

from dataclasses import replace

import pytest
from analysis.kpi.reference_site import EMISSIONS, FUEL, GRID, PARTS, WATER, YEAR, quantity, simple

from optimiser.analysis.kpi.emissions import (
    carbon_effectiveness,
    source_water_effectiveness,
    water_effectiveness,
)
from optimiser.analysis.kpi.energy import (
    design_pue,
    energy_closure,
    energy_terms,
    overhead_pue,
    partial_pue,
    pue,
)
from optimiser.analysis.kpi.productivity import SpaceAndPower, Task, energy_productivity
from optimiser.analysis.kpi.quantity import Quality, Term
from optimiser.analysis.kpi.reuse import (
    cooling_efficiency,
    heat_removed_estimate,
    onsite_renewable,
    renewable_factor,
    reuse_effectiveness,
    reuse_factor,
)
from optimiser.analysis.kpi.servers import (
    ServerGroup,
    sert_total,
    sert_worklet,
    server_efficiency,
)
from optimiser.analysis.kpi.spread import gum, monte_carlo

OVERHEADS = [PARTS["e_cooling"], PARTS["e_losses"], PARTS["e_other"]]


def test_pue_and_its_parts():
    """46 252 800 / 35 040 000 = 1.32; cooling alone 1.22, electrical alone 1.08."""
    found = pue(PARTS, YEAR)
    assert found.numerator.value == 46_252_800
    assert found.value == pytest.approx(1.32, abs=1e-12)
    assert found.label == "PUE1(2025)"
    it = PARTS["e_it_ups"]
    assert partial_pue("cooling", OVERHEADS[:1], it, YEAR).value == pytest.approx(1.22, abs=1e-12)
    assert partial_pue("electrical", OVERHEADS[1:2], it, YEAR).value == pytest.approx(1.08)
    with pytest.raises(ValueError, match="name"):
        partial_pue(" ", OVERHEADS[:1], it, YEAR)


def test_pue_is_one_plus_overheads():
    """The independent check: 1 + overhead / E_IT; the balance closes."""
    check = overhead_pue(OVERHEADS, PARTS["e_it_ups"], YEAR)
    assert check.value == pytest.approx(pue(PARTS, YEAR).value, abs=1e-12)
    uses = [PARTS["e_it_ups"], *OVERHEADS]
    assert energy_closure(energy_terms(PARTS), uses, YEAR).value == pytest.approx(0.0)
    open_balance = energy_closure(energy_terms(PARTS), uses[:-2], YEAR)
    assert [flag.code for flag in open_balance.flags] == ["NOT_CLOSED"]


def test_categories_are_not_mixed():
    """IT energy behind the PDU is less: PUE2 is above PUE1, and says so in its name."""
    parts = {**PARTS, "e_it_pdu": quantity("e_it_pdu", 34_000_000.0)}
    highest, basic = pue(parts, YEAR), pue(parts, YEAR, category="1")
    assert (highest.label, basic.label) == ("PUE2(2025)", "PUE1(2025)")
    assert highest.value > basic.value
    assert pue(PARTS, YEAR, category="3").reason == "NO_DATA"


def test_interim_mixed_and_design():
    """Less than a year is iPUE, a shared building mPUE, a model dPUE with its statements."""
    quarter = replace(YEAR, label="2025-Q1", is_year=False)
    assert pue(PARTS, quarter).label == "iPUE1(2025-Q1)"
    assert pue(PARTS, YEAR, is_mixed_use=True).name == "mPUE"
    model = simple(12.0, 10.0, Quality.MODELLED)
    assert design_pue(model, YEAR, "flat 4 MW", "Berlin TMY").name == "dPUE"
    with pytest.raises(ValueError, match="measured"):
        design_pue(PARTS, YEAR, "flat 4 MW", "Berlin TMY")
    with pytest.raises(ValueError, match="climate"):
        design_pue(model, YEAR, "flat 4 MW", "")


def test_weights_of_the_green_grid():
    """District cooling of 100 kWh counts 40 and fuel of 100 counts 35, only when asked for."""
    parts = {
        **simple(100.0, 100.0), "e_district": quantity("e_district", 100.0),
        "e_fuel": quantity("e_fuel", 100.0), "e_condenser": quantity("e_condenser", 100.0),
    }  # fmt: skip
    assert pue(parts, YEAR).value == pytest.approx(4.0)
    weighted = pue(parts, YEAR, weighting="tgg")
    assert weighted.value == pytest.approx(1.78)
    assert "WEIGHTED" in [flag.code for flag in weighted.flags]


def test_interval_of_pue():
    """E_DC ± 0.5 % and E_IT ± 1 %: worst case 1.3004 to 1.3400, independent 1.320 ± 0.015."""
    found = pue(
        {
            "e_grid": quantity("e_grid", 46_252_800.0, relative=0.005),
            "e_it_ups": quantity("e_it_ups", 35_040_000.0, relative=0.01),
        },
        YEAR,
    )
    assert (found.lower, found.upper) == pytest.approx((1.3004, 1.3400), abs=5e-5)
    linear = gum(found)
    assert linear is not None
    assert (linear.upper - linear.lower) / 2 / found.value == pytest.approx(0.01118, abs=1e-5)
    assert (linear.upper - linear.lower) / 2 == pytest.approx(0.015, abs=5e-4)
    drawn = monte_carlo(found, draws=200_000)
    assert drawn is not None
    assert (drawn.lower, drawn.upper) == pytest.approx((linear.lower, linear.upper), abs=5e-4)
    assert drawn == monte_carlo(found, draws=200_000)


def test_renewable_reuse_and_cooling():
    """REF .717794, ERF .1, ERE 1.188, CER 4.909091."""
    renewable = [Term(PARTS["e_goo"]), Term(PARTS["e_ppa"]), *onsite_renewable(PARTS)]
    assert renewable_factor(renewable, PARTS, YEAR).value == pytest.approx(0.717794, abs=5e-7)
    assert reuse_factor(PARTS["e_reuse"], PARTS, YEAR).value == pytest.approx(0.1, abs=1e-12)
    ere = reuse_effectiveness(PARTS["e_reuse"], PARTS, YEAR)
    assert ere.value == pytest.approx(1.188, abs=1e-12)
    cer = cooling_efficiency(PARTS["q_removed"], PARTS["e_cooling"], YEAR)
    assert cer.value == pytest.approx(4.909091, abs=5e-7)


def test_renewable_factor_is_capped():
    """Certificates above E_DC do not push REF above 1; the quotient is kept."""
    found = renewable_factor([quantity("e_goo", 150.0)], simple(100.0, 80.0), YEAR)
    assert (found.value, found.raw, found.upper) == (1.0, 1.5, 1.0)
    assert [flag.code for flag in found.flags] == ["CAPPED"]
    assert gum(found).upper == monte_carlo(found).upper == 1.0
    near = {**simple(100.0, 80.0), "e_grid": quantity("e_grid", 100.0, relative=0.02)}
    close = renewable_factor([quantity("e_goo", 99.5)], near, YEAR)
    assert (close.value, close.upper) == (0.995, 1.0)
    assert gum(close).upper == monte_carlo(close).upper == 1.0


def test_cooling_that_was_not_metered():
    """Heat from electricity is ESTIMATED; heat-driven cooling has no CER."""
    heat = heat_removed_estimate(PARTS["e_it_ups"])
    found = cooling_efficiency(heat, PARTS["e_cooling"], YEAR)
    assert found.quality is Quality.ESTIMATED
    assert [flag.code for flag in found.flags] == ["ESTIMATED_HEAT"]
    driven = cooling_efficiency(heat, PARTS["e_cooling"], YEAR, is_electric=False)
    assert (driven.value, driven.reason) == (None, "OUT_OF_SCOPE")


def test_carbon_per_it_energy():
    """(15 747 480 + 43 092) / 35 040 000 = 0.450644; electricity alone 0.44941."""
    found = carbon_effectiveness(EMISSIONS, PARTS, YEAR)
    assert found.numerator.value == pytest.approx(15_790_572)
    assert found.value == pytest.approx(0.450644, abs=5e-7)
    assert found.flags[0].sentence == "sources included: e_grid, fuel_l"
    electric = carbon_effectiveness(EMISSIONS[:1], PARTS, YEAR)
    assert electric.value == pytest.approx(0.44941, abs=5e-6)
    assert carbon_effectiveness(EMISSIONS, PARTS, YEAR, "market").name == "CUE-MB"
    assert carbon_effectiveness([], PARTS, YEAR).reason == "NO_DATA"


def test_water_per_it_energy():
    """1.20 of all water, 0.60 of drinking water, 1.00 of fresh water; L/kWh is m3/MWh (G8)."""
    found = {name: water_effectiveness(water, PARTS, YEAR).value for name, water in WATER.items()}
    assert found == pytest.approx({"win": 1.2, "win_pot": 0.6, "win_fre": 1.0})
    per_mwh = WATER["win"].value / (PARTS["e_it_ups"].value / 1000)
    assert found["win"] == pytest.approx(per_mwh)
    off_site = Term(PARTS["e_grid"], factor=quantity("ewif", 0.001, "m3/kWh"))
    third = source_water_effectiveness(WATER["win"], [off_site], PARTS, YEAR)
    assert third.label == "WUE3(2025)"
    assert third.value == pytest.approx(1.2 + 44_992_800 / 35_040_000)


def test_annex_iii_of_the_public_example():
    """EDC 10 GWh, EIT 8 GWh, WIN 12 000, EREUSE 1.5 GWh, ERES 6 GWh: 1.25, 1.5, 0.15, 0.60."""
    parts = simple(10e6, 8e6)
    assert pue(parts, YEAR).value == pytest.approx(1.25)
    water = water_effectiveness(quantity("win", 12_000.0, "m3"), parts, YEAR)
    assert water.value == pytest.approx(1.5)
    assert reuse_factor(quantity("e_reuse", 1.5e6), parts, YEAR).value == pytest.approx(0.15)
    assert renewable_factor([quantity("e", 6e6)], parts, YEAR).value == pytest.approx(0.60)


def test_server_efficiency():
    """100 × (12 000, 400 W) and 50 × (8 000, 350 W): 1 600 000 / 57 500 = 27.826087."""
    groups = [ServerGroup(100, 12_000, 400, "b 1"), ServerGroup(50, 8_000, 350, "b 1")]
    found = server_efficiency(groups, 200, YEAR)
    assert found.value == pytest.approx(27.826087, abs=5e-7)
    assert found.flags[0].sentence == "150 of 200 servers; benchmark b 1 (75 %)"
    with pytest.raises(ValueError, match="several benchmarks"):
        server_efficiency([*groups, ServerGroup(1, 1, 1, "b 2")], 200, YEAR)
    with pytest.raises(ValueError, match="installed"):
        server_efficiency(groups, 100, YEAR)
    assert server_efficiency([], 10, YEAR).reason == "NO_DATA"


def test_sert_scores():
    """(20, 15, 10) gives 17.721353; a worklet is the geometric mean of its levels."""
    assert sert_total(20, 15, 10) == pytest.approx(17.721353, abs=5e-7)
    assert sert_worklet([2.0, 8.0]) == pytest.approx(4.0)
    with pytest.raises(ValueError, match="positive"):
        sert_total(20, 0, 10)
    with pytest.raises(ValueError, match="positive"):
        sert_worklet([])


def test_productivity():
    """100 tasks of 2 at full worth and 50 of 4 at half worth: 300 per 100 kWh."""
    tasks = [Task("batch", 2.0, 1.0, 100), Task("late", 4.0, 0.5, 50)]
    found = energy_productivity(tasks, simple(100.0, 80.0), YEAR, "board 2025-03")
    assert (found.value, found.unit) == (3.0, "work/kWh")
    with pytest.raises(ValueError, match="approved"):
        energy_productivity(tasks, simple(100.0, 80.0), YEAR, "")


def test_space_and_power():
    """Peak 600 of 1000 kW, 800 usable, 300 of 420 U in 10 racks."""
    found = SpaceAndPower(1000, 600, 800, 420, 300, 10)
    assert (found.power_use, found.kw_per_rack, found.stranded_kw) == (0.6, 60, 200)
    assert found.rack_fill == pytest.approx(5 / 7)
    assert SpaceAndPower(0, 0, 0, 0, 0, 0).rack_fill is None


def test_arithmetic_is_told_with_units():
    """What is printed is enough to calculate the figure again."""
    assert carbon_effectiveness(EMISSIONS, PARTS, YEAR).arithmetic() == [
        "numerator: e_grid 44992800 kWh × ef_grid 0.35 kgCO2e/kWh",
        "numerator: fuel_l 16200 L × ef_diesel 2.66 kgCO2e/L",
        "numerator: m_co2e = 15790572 kgCO2e",
        "denominator: e_it_ups 35040000 kWh",
        "denominator: e_it = 35040000 kWh",
        "CUE1(2025) = 15790572 / 35040000 = 0.4506441781 kgCO2e/kWh",
    ]
    assert carbon_effectiveness([Term(FUEL, factor=EMISSIONS[1].factor)], PARTS, YEAR).sources == (
        "register.csv:fuel_l", "register.csv:ef_diesel", "register.csv:e_it_ups",
    )  # fmt: skip
    assert GRID.value == 0.35
