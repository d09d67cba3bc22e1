"""Series given by clock time repeat every local day."""

from __future__ import annotations

import pandas as pd

from optimiser.schema.study import Horizon
from optimiser.twin.demand import make_clock
from optimiser.twin.series import align_series


def test_clock_times_hold_until_the_next_and_wrap_around_midnight() -> None:
    """Before the first time of the day the last one of the day before is in force."""
    table = pd.DataFrame({"time": ["22:00", "07:00"], "price_per_kwh": [0.1, 0.3]})
    clock = make_clock(Horizon(hours=48), "UTC", None)
    prices, other_year = align_series(table, "price_per_kwh", clock, "prices.csv")
    assert not other_year
    assert prices[:24].tolist() == [0.1] * 7 + [0.3] * 15 + [0.1] * 2
    assert prices[24:].tolist() == prices[:24].tolist()


def test_clock_times_follow_the_local_clock() -> None:
    """A price that starts at seven starts at seven where the site is, not in UTC."""
    table = pd.DataFrame({"time": ["00:00", "07:00"], "price_per_kwh": [0.0, 1.0]})
    clock = make_clock(Horizon(hours=24), "Europe/Helsinki", None)
    prices, _ = align_series(table, "price_per_kwh", clock, "prices.csv")
    assert prices.tolist() == [0.0] * 7 + [1.0] * 17
