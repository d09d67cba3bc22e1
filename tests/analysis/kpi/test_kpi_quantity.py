"""Quantities, their sums, and what they inherit."""

import pytest

from optimiser.analysis.kpi.quantity import Quality, Quantity, Term, missing, total


def test_a_missing_value_needs_a_reason():
    """Missing is said, never left open."""
    with pytest.raises(ValueError, match="reason"):
        Quantity("e_dc", None, "kWh")
    assert missing("e_dc", "kWh").reason == "NO_DATA"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_value_is_infinite(value):
    """Neither infinity nor NaN may stand for something missing."""
    with pytest.raises(ValueError, match="finite"):
        Quantity("e_dc", value, "kWh")


def test_the_worst_class_is_inherited():
    """Measured and forecast energy together are a forecast (G10)."""
    measured = Quantity("e_grid", 1.0, "kWh", Quality.MEASURED)
    forecast = Quantity("e_onsite", 2.0, "kWh", Quality.FORECAST)
    result = total("e_dc", [measured, forecast], "kWh")
    assert (result.value, result.quality) == (3.0, Quality.FORECAST)


def test_missing_is_not_zero():
    """A sum with a missing part is missing (G3)."""
    result = total("e_dc", [Quantity("a", 5.0, "kWh"), missing("b", "kWh")], "kWh")
    assert (result.value, result.reason, result.completeness) == (None, "PARTIAL", 0.0)
    assert total("e_dc", [missing("b", "kWh")], "kWh").reason == "NO_DATA"


def test_errors_add_up_within_a_group():
    """3 ± 1 % and 4 ± 1 %: 5 % of a unit when independent, 7 % when calibrated together."""
    alone = [Quantity("a", 3.0, "kWh", relative=0.01), Quantity("b", 4.0, "kWh", relative=0.01)]
    assert total("s", alone, "kWh").relative == pytest.approx(0.05 / 7)
    together = [Quantity(one.name, one.value, "kWh", relative=0.01, group="lab") for one in alone]
    assert total("s", together, "kWh").relative == pytest.approx(0.01)
    assert total("s", alone, "kWh").bounds == pytest.approx((6.93, 7.07))


def test_a_term_is_a_product():
    """10 kWh × 0.5 kgCO2e/kWh, both ± 10 %, lies within 4.05 and 6.05 kgCO2e."""
    energy = Quantity("e", 10.0, "kWh", relative=0.1)
    factor = Quantity("ef", 0.5, "kgCO2e/kWh", relative=0.1)
    term = Term(energy, factor=factor)
    assert term.value == pytest.approx(5.0)
    assert term.bounds == pytest.approx((4.05, 6.05))
    assert str(term) == "e 10 kWh × ef 0.5 kgCO2e/kWh"
