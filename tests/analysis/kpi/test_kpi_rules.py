"""The engine's rules: each test fails when its rule is broken."""

from dataclasses import replace

import pytest
from analysis.kpi.reference_site import PARTS, WATER, YEAR, quantity, simple

from optimiser.analysis.kpi.emissions import carbon_effectiveness, water_effectiveness
from optimiser.analysis.kpi.energy import pue
from optimiser.analysis.kpi.quantity import Quality, Term, missing, total
from optimiser.analysis.kpi.reuse import onsite_renewable, renewable_factor, reuse_factor


def test_g1_components_are_added_before_they_are_divided():
    """Months (1.0/0.8 GWh) and (3.0/2.0 GWh): 1.428571, not the mean 1.375."""
    sums = {
        role: total(role, [quantity(role, one), quantity(role, two)], "kWh")
        for role, one, two in (("e_grid", 1e6, 3e6), ("e_it_ups", 0.8e6, 2e6))
    }
    assert pue(sums, YEAR).value == pytest.approx(1.428571, abs=5e-7)


def test_g3_a_missing_month_takes_the_annual_figure_away():
    """With eleven months there is no annual PUE; on request an interim one with its flag."""
    parts = {
        role: replace(part, completeness=11 / 12, quality=Quality.MISSING)
        for role, part in simple(11.0, 10.0).items()
    }
    found = pue(parts, YEAR)
    assert (found.value, found.reason, found.raw) == (None, "PARTIAL", None)
    partial = pue(parts, replace(YEAR, allow_partial=True))
    assert (partial.name, partial.value) == ("iPUE", pytest.approx(1.1))
    assert partial.quality is Quality.MISSING
    assert [flag.code for flag in partial.flags] == ["PARTIAL"]
    assert partial.completeness == pytest.approx(11 / 12)


def test_g4_nothing_is_divided_by_zero():
    """EIT = 0 gives no value and DIV0; EIT missing gives NO_DATA."""
    found = pue(simple(10.0, 0.0), YEAR)
    assert (found.value, found.lower, found.reason) == (None, None, "DIV0")
    unseen = pue({**simple(10.0, 8.0), "e_it_ups": missing("e_it_ups", "kWh")}, YEAR)
    assert (unseen.value, unseen.reason) == (None, "NO_DATA")


@pytest.mark.parametrize(
    ("ratio", "reason", "code"),
    [
        (pue(simple(9.0, 10.0), YEAR), "OUT_OF_BAND", "OUT_OF_BAND"),
        (pue(simple(10.0, 10.0), YEAR), None, None),
        (pue(simple(30.0, 10.0), YEAR), None, None),
        (pue(simple(31.0, 10.0), YEAR), None, "UNUSUAL"),
        (reuse_factor(quantity("e", 11.0), simple(10.0, 8.0), YEAR), "OUT_OF_BAND", "OUT_OF_BAND"),
        (reuse_factor(quantity("e", -1.0), simple(10.0, 8.0), YEAR), "OUT_OF_BAND", "OUT_OF_BAND"),
        (renewable_factor([quantity("e", -1.0)], simple(10.0, 8.0), YEAR), "OUT_OF_BAND",
         "OUT_OF_BAND"),
        (renewable_factor([quantity("e", 11.0)], simple(10.0, 8.0), YEAR), None, "CAPPED"),
        (water_effectiveness(quantity("win", -1.0, "m3"), PARTS, YEAR), "OUT_OF_BAND",
         "OUT_OF_BAND"),
        (water_effectiveness(quantity("win", 400_000.0, "m3"), PARTS, YEAR), None, "UNUSUAL"),
        (water_effectiveness(WATER["win"], PARTS, YEAR), None, None),
    ],
)  # fmt: skip
def test_g5_bands(ratio, reason, code):
    """What is impossible is refused and what is unusual is flagged."""
    assert ratio.reason == reason
    assert [flag.code for flag in ratio.flags] == ([] if code is None else [code])
    assert (ratio.value is None) == (reason is not None)
    assert ratio.raw is not None


def test_g5_an_explained_boundary_error_stands_with_its_flag():
    """An explanation keeps the value and stays visible."""
    found = pue(simple(9.0, 10.0), YEAR, explanation="heat pump output booked as export")
    assert found.value == pytest.approx(0.9)
    assert [(flag.code, flag.severity) for flag in found.flags] == [("EXPLAINED", "warning")]


def test_g6_other_hours_above_than_below_are_flagged():
    """E_DC of 8760 h over E_IT of 8700 h is not the same interval set: 99.315 %."""
    parts = simple(11.0, 10.0)
    apart = {**parts, "e_it_ups": replace(parts["e_it_ups"], completeness=8700 / 8760)}
    found = pue(apart, YEAR)
    assert [flag.code for flag in found.flags] == ["NOT_COINCIDENT"]
    assert found.completeness == pytest.approx(0.99315, abs=5e-6)
    both = {role: replace(part, completeness=8700 / 8760) for role, part in parts.items()}
    assert pue(both, YEAR).flags == ()


def test_g8_units_are_carried():
    """Cubic metres are not added to kilowatt-hours, nor multiplied by a factor per litre."""
    with pytest.raises(ValueError, match="kWh"):
        total("e_dc", [PARTS["e_grid"], WATER["win"]], "kWh")
    with pytest.raises(ValueError, match="kgCO2e/L"):
        Term(PARTS["e_grid"], factor=quantity("ef", 1.0, "kgCO2e/L")).unit  # noqa: B018
    with pytest.raises(ValueError, match="e_grid gives kWh"):
        carbon_effectiveness([Term(PARTS["e_grid"])], PARTS, YEAR)


def test_g9_nothing_is_rounded():
    """1.1549 stays 1.1549 until it is printed."""
    assert pue(simple(1.1549e6, 1e6), YEAR).value == pytest.approx(1.1549, abs=1e-15)


@pytest.mark.parametrize("other", [Quality.ESTIMATED, Quality.MODELLED, Quality.FORECAST])
def test_g10_the_worst_class_is_inherited(other):
    """A measured numerator over a modelled denominator is modelled."""
    parts = simple(11.0, 10.0)
    mixed = {**parts, "e_it_ups": replace(parts["e_it_ups"], quality=other)}
    assert pue(mixed, YEAR).quality is other


def test_g12_exported_generation_changes_nothing():
    """100 kWh more PV that are exported leave PUE and REF as they are."""
    more = {
        **PARTS,
        "e_onsite": quantity("e_onsite", 1_200_100.0),
        "e_export": quantity("e_export", 100.0),
    }
    assert pue(more, YEAR).value == pue(PARTS, YEAR).value
    before = renewable_factor(onsite_renewable(PARTS), PARTS, YEAR)
    assert renewable_factor(onsite_renewable(more), more, YEAR).value == before.value
