"""Budgets judged by hand: two hosts of 100 W idle and 1 W per percent, 5 W asleep."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify

ENVIRONMENT = {"price_per_kwh": 0.2, "carbon_g_per_kwh": 400.0}


def judge(hosts, hours=24, environment=ENVIRONMENT, **policy):
    """Return the violations of a budget with two workloads of 10 % at host numbers."""
    rule = {"kind": "budget", "name": "target", **policy}
    _, twin, rules = tiny(2, 2, [rule], hours=hours, environment=environment)
    host = np.array(hosts) - 1
    on = np.isin(np.arange(2), host)
    return verify(twin, rules, Placement(host, on)).violations


@pytest.mark.parametrize(
    ("measure", "amount"),
    [
        ("power", 0.125),  # 120 W + 5 W
        ("energy", 0.125 * 24),
        ("carbon", 0.125 * 24 * 0.4),
        ("cost", 0.125 * 24 * 0.2),
    ],
)
def test_what_one_host_draws_is_enough_and_no_less(measure: str, amount: float):
    """The very number is kept; a thousandth less is not, and the value is told."""
    assert not judge([1, 1], measure=measure, limit=amount)
    found = judge([1, 1], measure=measure, limit=amount * 0.999)
    assert found[0].value == pytest.approx(amount, rel=1e-4)
    assert judge([1, 2], measure=measure, limit=amount)  # two hosts draw 220 W


def test_a_year_counts_in_proportion():
    """A day has a 365th of a year's budget: 3 kWh of 1,095."""
    assert not judge([1, 1], limit=1095, per="year")
    assert judge([1, 1], limit=1094, per="year")
    assert not judge([1, 1], hours=12, limit=3, per="day")


def test_only_the_hours_of_the_day_count():
    """Nine hours of 125 W are 1.125 kWh, whether or not they pass midnight."""
    for hours in ({"from_hour": 8, "until_hour": 17}, {"from_hour": 20, "until_hour": 5}):
        assert not judge([1, 1], limit=1.125, **hours)
        assert judge([1, 1], limit=1.12, **hours)


def test_energy_that_costs_less_than_nothing_is_free():
    """A price below zero earns no budget for other hours."""
    cheap = {"price_per_kwh": -0.1, "carbon_g_per_kwh": 400.0}
    assert not judge([1, 2], environment=cheap, measure="cost", limit=0)
    assert judge([1, 2], environment=cheap, measure="energy", limit=1)
