"""Components of a window: common hours, classes, weights and errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.quantity import Quality
from optimiser.errors import UsageError
from optimiser.library.meters.grid import grid_of
from optimiser.library.meters.series import (
    INTERPOLATED,
    MISSING,
    NOT_IN_SERVICE,
    QUALITY_COLUMNS,
    SeriesData,
    facts_frame,
    no_bridges,
)  # fmt: skip
from optimiser.schema.period import parse_period

YEAR = parse_period("2026", "Europe/Berlin")


def make(*series: dict, period=YEAR, bridges: np.ndarray | None = None) -> Components:
    """Return components with constant values; each series may override arrays by key."""
    grid = grid_of(period)
    shape = (len(series), grid.num)
    value, code = np.zeros(shape), np.zeros(shape, dtype=np.uint8)
    facts = []
    for row, one in enumerate(series):
        value[row] = one.get("value", 1.0)
        code[row] = one.get("code", 0)
        base = {
            "series": f"m{row}", "unit": "kWh", "kind": "counter", "method": "counter@1",
            "accuracy_percent": 1.0, "group": "", "zone": "", "file": "m.csv",
            "quality": "measured",
        }  # fmt: skip
        facts.append({**base, **{k: v for k, v in one.items() if k not in ("value", "code")}})
    coverage = np.where((code == MISSING) | (code == NOT_IN_SERVICE), 0, 1).astype(np.float32)
    value[code == MISSING] = 0.0
    checks = pd.DataFrame(columns=list(QUALITY_COLUMNS))
    bridges = no_bridges() if bridges is None else bridges
    data = SeriesData(grid, facts_frame(facts), value, coverage, code, bridges, checks)
    return Components(data)


def test_numerator_and_denominator_cover_the_same_hours() -> None:
    """G6: 8760 h of the one, 8700 h of the other: both over 8700 h, completeness 99.315 %."""
    code = np.zeros(8760, dtype=np.uint8)
    code[:60] = MISSING
    parts = make({"role": "e_grid", "value": 5.0}, {"role": "e_it_ups", "value": 4.0, "code": code})
    found = parts.window(YEAR, ["e_grid", "e_it_ups"])
    assert (found["e_grid"].value, found["e_it_ups"].value) == (5 * 8700, 4 * 8700)
    assert found["e_grid"].completeness == pytest.approx(0.99315, abs=5e-6)
    assert parts.dropped_hours(YEAR, ["e_grid", "e_it_ups"]) == {"e_grid": 60, "e_it_ups": 0}
    assert parts.window(YEAR, ["e_grid"])["e_grid"].value == 5 * 8760


def test_a_role_without_data_is_missing_and_shortens_nothing() -> None:
    """G3: nothing seen is not zero."""
    parts = make({"role": "e_grid"}, {"role": "win", "code": MISSING})
    found = parts.window(YEAR, ["e_grid", "win", "e_reuse"])
    assert found["e_grid"].value == 8760
    for role in ("win", "e_reuse"):
        assert (found[role].value, found[role].reason) == (None, "NO_DATA")


def test_one_missing_month_lowers_completeness() -> None:
    """G3: eleven months are not a year."""
    code = np.zeros(8760, dtype=np.uint8)
    june = grid_of(YEAR).span(*_ends("2026-06"))
    code[june] = MISSING
    parts = make({"role": "e_grid", "code": code})
    found = parts.window(YEAR, ["e_grid"])["e_grid"]
    assert found.completeness == pytest.approx((8760 - 720) / 8760)
    month = parts.window(parse_period("2026-06", "Europe/Berlin"), ["e_grid"])["e_grid"]
    assert month.reason == "NO_DATA"


def _ends(text: str):
    period = parse_period(text, "Europe/Berlin")
    return period.start, period.end


def test_the_worst_class_wins_and_classes_do_not_vanish_in_sums() -> None:
    """G10: measured plus forecast is forecast."""
    parts = make({"role": "e_grid"}, {"role": "e_grid", "code": 6})
    assert parts.window(YEAR, ["e_grid"])["e_grid"].quality is Quality.FORECAST


def test_a_counter_is_as_good_as_its_ends_once_a_gap_lies_inside() -> None:
    """A gap inside the window leaves the total measured; one across its edge does not."""
    code = np.zeros(8760, dtype=np.uint8)
    code[100:200] = INTERPOLATED
    bridges = np.array([[0, 100, 200]])
    parts = make({"role": "e_grid", "code": code}, bridges=bridges)
    assert parts.window(YEAR, ["e_grid"])["e_grid"].quality is Quality.MEASURED
    day = parse_period("2026-01-05", "Europe/Berlin")  # hours 96 to 120
    assert parts.window(day, ["e_grid"])["e_grid"].quality is Quality.INTERPOLATED


def test_a_bridge_cut_by_another_series_gap_is_no_longer_exact() -> None:
    """The common hours leave out a part of the bridge."""
    code, other = np.zeros((2, 8760), dtype=np.uint8)
    code[100:200], other[150] = INTERPOLATED, MISSING
    parts = make(
        {"role": "e_grid", "code": code}, {"role": "e_it_ups", "code": other},
        bridges=np.array([[0, 100, 200]]),
    )  # fmt: skip
    found = parts.window(YEAR, ["e_grid", "e_it_ups"])
    assert found["e_grid"].quality is Quality.INTERPOLATED


def test_levels_are_weighted_by_what_goes_with_them() -> None:
    """Heat at 60 °C in one hour of ten and at 30 °C in one of thirty: 37.5 °C, not 45."""
    heat, warm = np.zeros(8760), np.zeros(8760)
    heat[:2], warm[:2] = (10, 30), (60, 30)
    parts = make({"role": "e_reuse", "value": heat}, {"role": "t_reuse", "value": warm})
    assert parts.window(YEAR, ["t_reuse"])["t_reuse"].value == pytest.approx(37.5)


def test_levels_of_zones_take_the_energy_of_their_zone() -> None:
    """(22·3 + 26·1) / 4 = 23."""
    parts = make(
        {"role": "e_it_device", "value": 3.0, "zone": "north"},
        {"role": "e_it_device", "value": 1.0, "zone": "south"},
        {"role": "t_in_setpoint", "value": 26.0, "zone": "south"},
        {"role": "t_in_setpoint", "value": 22.0, "zone": "north"},
    )
    assert parts.window(YEAR, ["t_in_setpoint"])["t_in_setpoint"].value == pytest.approx(23.0)


def test_errors_of_one_calibration_add_up_and_others_in_quadrature() -> None:
    """Two equal meters of 1 %: 1 % of the sum together, 0.707 % apart; worst case 1 % always."""
    apart = make({"role": "e_grid"}, {"role": "e_grid"}).window(YEAR, ["e_grid"])["e_grid"]
    group = {"role": "e_grid", "group": "g"}
    together = make(group, group).window(YEAR, ["e_grid"])["e_grid"]
    assert apart.relative == pytest.approx(0.01 / 2**0.5)
    assert together.relative == pytest.approx(0.01)
    assert together.group == "g" and apart.group is None
    assert apart.bounds == pytest.approx((0.99 * 2 * 8760, 1.01 * 2 * 8760))


def test_a_series_out_of_service_is_not_missing() -> None:
    """The second meter begins in the middle of the year."""
    code = np.zeros(8760, dtype=np.uint8)
    code[:4000] = NOT_IN_SERVICE
    parts = make({"role": "e_grid"}, {"role": "e_grid", "code": code, "value": 2.0})
    found = parts.window(YEAR, ["e_grid"])["e_grid"]
    assert found.completeness == 1.0
    assert parts.by_series("e_grid", YEAR)[1].value == 2.0 * 4760


def test_the_hours_of_a_role_and_the_long_table_agree_with_the_window() -> None:
    """What a drill-down shows adds up to the figure."""
    code = np.zeros(8760, dtype=np.uint8)
    code[7] = MISSING
    parts = make({"role": "e_grid", "value": 2.0, "code": code}, {"role": "e_grid"})
    total = parts.window(YEAR, ["e_grid"])["e_grid"].value
    hours = parts.hourly("e_grid", YEAR)
    assert hours["value"].sum() == total == 3 * 8759
    assert hours["quality"][7] == Quality.MISSING and np.isnan(hours["value"][7])
    table = parts.table(YEAR, ["e_grid"])
    assert len(table) == 2 * 8760 and table["start"].dt.tz is not None


def test_many_series_are_told_by_file() -> None:
    """A cell with two thousand names helps nobody; each series can be asked for."""
    few = make(*[{"role": "e_grid"}] * 12).window(YEAR, ["e_grid"])["e_grid"]
    parts = make(*[{"role": "e_grid", "file": f"{n % 2}.csv"} for n in range(13)])
    many = parts.window(YEAR, ["e_grid"])["e_grid"]
    assert few.sources[:2] == ("m.csv#m0", "m.csv#m1")
    assert many.sources == ("0.csv (7 series)", "1.csv (6 series)")
    assert len(parts.by_series("e_grid", YEAR)) == 13


def test_an_unknown_role_is_told_with_the_nearest() -> None:
    """The vocabulary is closed."""
    with pytest.raises(UsageError, match="e_grid"):
        make({"role": "e_grid"}).window(YEAR, ["e_gird"])
