"""ASHRAE envelopes: limits, altitude and failure rate."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.twin.envelopes import (
    ALLOWABLE,
    RECOMMENDED,
    inlet_limit_c,
    inlet_lowest_c,
    x_factor,
)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("A1", 15, 32), ("A2", 10, 35), ("A3", 5, 40), ("A4", 5, 45), ("B", 5, 35), ("C", 5, 40)],
)
def test_allowable_ranges(name, low, high) -> None:
    """The allowable dry-bulb ranges are those of the 2021 guidelines."""
    assert inlet_limit_c(name, "allowable") == high
    assert inlet_lowest_c(name, "allowable") == low


def test_recommended_ranges() -> None:
    """Classes A are recommended 18 to 27 °C, H1 18 to 22 °C within an allowable 25 °C."""
    assert {inlet_limit_c(c) for c in ("A1", "A2", "A3", "A4")} == {27.0}
    assert {inlet_lowest_c(c) for c in ("A1", "A2", "A3", "A4")} == {18.0}
    assert (inlet_limit_c("H1"), inlet_limit_c("H1", "allowable")) == (22.0, 25.0)
    assert (RECOMMENDED["A2"].dew_low_c, RECOMMENDED["A2"].dew_high_c) == (-9, 15)


def test_recommended_lies_inside_allowable() -> None:
    """No recommended limit is wider than the allowable one of its class."""
    for name, wide in ALLOWABLE.items():
        narrow = RECOMMENDED[name]
        assert wide.low_c <= narrow.low_c <= narrow.high_c <= wide.high_c


@pytest.mark.parametrize(("name", "fall_k"), [("A1", 3.0), ("A2", 3.0), ("A3", 900 / 175)])
def test_altitude_derating(name, fall_k) -> None:
    """At 1,800 m the allowable limit has fallen for the 900 m above 900 m, and not below that."""
    sea = inlet_limit_c(name, "allowable")
    assert inlet_limit_c(name, "allowable", 900) == sea
    assert sea - inlet_limit_c(name, "allowable", 1800) == pytest.approx(fall_k)


def test_recommended_limit_follows_only_when_allowable_falls_below_it() -> None:
    """A1 at 2,700 m is allowable to 26 °C, so 27 °C is no longer recommended."""
    assert inlet_limit_c("A1", "recommended", 1800) == 27.0
    assert inlet_limit_c("A1", "recommended", 2700) == pytest.approx(26.0)


def test_x_factor_points() -> None:
    """Failure rate is 1 at 20 °C, follows the published points and rises with temperature."""
    np.testing.assert_allclose(
        x_factor(np.array([15, 20, 25, 30, 35])), [0.72, 1.0, 1.24, 1.42, 1.55]
    )
    assert np.all(np.diff(x_factor(np.linspace(15, 35, 50))) > 0)
