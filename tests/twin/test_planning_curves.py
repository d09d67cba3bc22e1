"""Convex envelopes of load curves and the planning gap."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import SPEC_CURVES_W

from optimiser.twin.planning import (
    convex_envelope,
    lower_envelope,
    planning_envelope,
    planning_power_w,
)
from optimiser.twin.servers import interpolate_curve_w

CURVES = np.array(list(SPEC_CURVES_W.values()), dtype=float)


@pytest.mark.parametrize("first_point", [0, 1])
def test_envelope_is_convex_below_the_curve_and_tight(first_point: int) -> None:
    """Slopes rise, the envelope never passes the curve and touches it at its vertices."""
    found = convex_envelope(CURVES, first_point)
    curve = CURVES[:, first_point:]
    assert np.all(np.diff(found.slope_w, axis=1) >= -1e-6)
    assert np.all(found.value_w <= curve + 1e-9)
    np.testing.assert_allclose(found.value_w[found.is_vertex], curve[found.is_vertex])
    np.testing.assert_allclose(found.gap_w, (curve - found.value_w).max(axis=1))


def test_envelope_equals_the_largest_of_all_supporting_lines() -> None:
    """Two definitions agree: the wrapped hull and the best line below all points."""
    load = np.arange(11) / 10
    found = convex_envelope(CURVES)
    for row, curve in enumerate(CURVES):
        best = np.full(11, -np.inf)
        for a in range(11):
            for b in range(a + 1, 11):
                slope = (curve[b] - curve[a]) / (load[b] - load[a])
                line = curve[a] + slope * (load - load[a])
                if np.all(line <= curve + 1e-9):
                    best = np.maximum(best, line)
        np.testing.assert_allclose(found.value_w[row], best, atol=1e-9)


def test_convex_curve_has_no_gap_and_a_straight_one_has_a_single_segment() -> None:
    """A line needs one piece with slope and intercept of the line."""
    line = convex_envelope(100.0 + 10.0 * np.arange(11))
    assert line.gap_w[0] == pytest.approx(0.0, abs=1e-9)
    assert line.segments(0) == [pytest.approx((100.0, 100.0))]


def test_gap_by_hand() -> None:
    """A step at 50 % load: the hull from (0, 100) to (1, 200) lies 50 W below the step."""
    curve = np.array([100.0] * 5 + [200.0] * 6)
    # hull: 100 up to 40 %, then straight to 200 at 100 %; at 50 % it is 100 + 100/6
    assert convex_envelope(curve).gap_w[0] == pytest.approx(100 - 100 / 6)


def test_envelope_from_ten_per_cent_is_close_to_published_curves() -> None:
    """With the idle jump the gap is a few per cent of peak (619 results: median 1.2, p90 4.9)."""
    share = convex_envelope(CURVES, first_point=1).gap_w / CURVES[:, -1]
    assert np.median(share) < 0.025
    assert share.max() < 0.06


@pytest.mark.parametrize("make", [convex_envelope, planning_envelope])
def test_planning_power_is_never_below_the_true_curve(make) -> None:
    """At any load planning power covers the interpolated curve, so rules stay safe."""
    load = np.linspace(0, 1, 301)
    envelope = make(CURVES)
    kind = np.arange(len(CURVES))
    table = np.broadcast_to(load, (len(CURVES), 301))
    planned = planning_power_w(envelope, kind, table)
    true = interpolate_curve_w(CURVES, kind, table)
    assert np.all(planned >= true - 1e-9)
    assert (planned - true).max() < 0.35 * CURVES[:, -1].max()


def test_planning_power_adds_accelerators_linearly() -> None:
    """Half-used accelerators add half their span."""
    envelope = convex_envelope(CURVES[:1])
    kind, load = np.array([0]), np.array([0.3])
    bare = planning_power_w(envelope, kind, load)
    full = planning_power_w(envelope, kind, load, np.array([1000.0]), np.array([0.5]))
    assert (full - bare)[0] == pytest.approx(500.0)


def test_envelope_on_uneven_points_and_many_rows() -> None:
    """Rows with their own points are wrapped together as they would be alone."""
    random = np.random.default_rng(3)
    x = np.sort(random.uniform(0, 10, (40, 25)), axis=1)
    y = random.normal(size=(40, 25)).cumsum(axis=1)
    value, vertex = lower_envelope(x, y)
    for row in range(40):
        alone, own = lower_envelope(x[row], y[row : row + 1])
        np.testing.assert_allclose(value[row], alone[0])
        np.testing.assert_array_equal(vertex[row], own[0])
    slopes = np.diff(value, axis=1) / np.diff(x, axis=1)
    assert np.all(np.diff(slopes, axis=1) > -1e-6)
