"""Forecasts by month, their back-test, exhaustion and the month to order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optimiser.analysis.kpi.forecast import (
    GROWTH,
    TREND,
    declared_growth,
    exhausted_after,
    order_after,
    trend,
)


def test_the_worked_example_orders_in_month_four():
    """Usable 800 kW, 620 kW now, 12 kW a month more: out in 15 months, 9 + 2 to get more."""
    found = declared_growth(620.0, (6.0, 9.0, 12.0), 24)
    assert found.method == GROWTH
    months = exhausted_after(found.p90, 800.0)
    assert months == 15
    assert order_after(months, 9.0, 2.0) == 4.0
    assert exhausted_after(found.p50, 800.0) == 20
    assert exhausted_after(found.levels[0], 800.0) is None
    assert order_after(None, 9.0, 2.0) is None


@pytest.mark.parametrize(("usable", "month"), [(620.0, 0), (619.0, 0), (632.0, 1), (632.1, 2)])
def test_demand_that_reaches_the_limit_exhausts_it(usable, month):
    """Full is out, one unit less is not."""
    assert exhausted_after(declared_growth(620.0, (12.0, 12.0, 12.0), 24).p90, usable) == month


def test_growth_may_not_fall_with_probability():
    """P90 below P50 is a mistake."""
    with pytest.raises(ValueError, match="must not fall"):
        declared_growth(1.0, (1.0, 3.0, 2.0), 12)


def test_a_straight_history_goes_on_straight():
    """An exact line has no interval and no error."""
    found = trend(100.0 + 5.0 * np.arange(12), 6)
    assert found.method == TREND and found.history == 12
    assert np.allclose(found.levels, 155.0 + 5.0 * np.arange(7))
    assert found.back_test.folds == 6
    assert found.back_test.mape == pytest.approx(0.0, abs=1e-12)


def test_the_interval_is_that_of_linear_regression():
    """P10 and P90 from the textbook formula, by another library."""
    random = np.random.default_rng(5)
    months = np.arange(14) - 13.0
    demand = 300.0 + 4.0 * months + random.normal(0.0, 6.0, 14)
    fit = stats.linregress(months, demand)
    rest = demand - (fit.intercept + fit.slope * months)
    error = np.sqrt((rest**2).sum() / 12)
    at = 9.0
    wide = error * np.sqrt(
        1 + 1 / 14 + (at - months.mean()) ** 2 / ((months - months.mean()) ** 2).sum()
    )
    middle = fit.intercept + fit.slope * at
    expected = middle + wide * stats.t.ppf([0.1, 0.5, 0.9], 12)
    assert trend(demand, 9).levels[:, 9] == pytest.approx(expected)


def test_two_years_show_the_course_of_the_year():
    """A yearly wave of 40 on a growing line is followed; a straight line would miss it."""
    months = np.arange(36)
    demand = 500.0 + 2.0 * months + 40.0 * np.sin(2 * np.pi * months / 12.0)
    found = trend(demand, 12)
    ahead = np.arange(35, 48)
    expected = 500.0 + 2.0 * ahead + 40.0 * np.sin(2 * np.pi * ahead / 12.0)
    assert found.p50 == pytest.approx(expected)


def test_too_little_is_no_forecast_and_unknown_months_are_left_out():
    """Five months do not do; gaps neither count nor bend the line."""
    line = 10.0 + np.arange(9.0)
    assert trend(line[:5], 3) is None
    gappy = line.copy()
    gappy[[2, 5]] = np.nan
    assert trend(gappy, 3).p50 == pytest.approx([18.0, 19.0, 20.0, 21.0])
    assert trend(gappy, 3).history == 7
    assert trend(line[:8], 3).back_test is None


def test_the_back_test_tells_a_method_that_fails():
    """A step that no line foresees shows as error, loss and months outside the interval."""
    calm = 100.0 + np.random.default_rng(3).normal(0, 0.5, 12)
    step = np.where(np.arange(12) < 8, calm, 180.0)
    good, bad = trend(calm, 3).back_test, trend(step, 3).back_test
    assert bad.mape > 10 * good.mape
    assert bad.pinball > 10 * good.pinball
    assert bad.coverage < good.coverage
