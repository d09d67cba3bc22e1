"""Chart specifications: what is drawn, on which axis, from which numbers."""

from __future__ import annotations

import json

import pytest

from optimiser.report import charts
from optimiser.report.payload import FrontierPoint
from optimiser.report.timeline import block_size, timeline


def test_every_chart_that_the_data_allow(report_data, bare_data):
    """A full site has all charts, a bare one none."""
    assert set(charts.build(report_data)) == {
        "power-before",
        "power-after",
        "price",
        "carbon",
        "air",
        "frontier",
    }
    assert charts.build(bare_data) == {}


def test_parts_that_are_missing_are_not_stacked(report_data):
    """A site without cooling has two parts in its stack, and no empty third."""
    dry = report_data.series.before.model_copy(update={"cooling_kw": None})
    series = report_data.series.model_copy(update={"before": dry, "after": dry})
    spec = charts.build(report_data.model_copy(update={"series": series}))["power-before"]
    assert "Power losses" in json.dumps(spec)
    assert "Cooling" not in json.dumps(spec)


def test_power_charts_share_their_scale(report_data):
    """Before and after can be compared by eye only on one scale."""
    built = charts.build(report_data)
    domains = [
        built[name]["layer"][0]["encoding"]["y"]["scale"]["domain"]
        for name in ("power-before", "power-after")
    ]
    assert domains[0] == domains[1]
    assert domains[0][1] >= max(report_data.series.before.total_kw)


def test_specifications_name_no_address(report_data):
    """Nothing in a chart looks as if it had to be fetched."""
    assert "http" not in json.dumps(charts.build(report_data))


def test_rows_carry_the_series(report_data):
    """The drawn numbers are the given ones, and the last step is closed at its end."""
    rows = timeline(report_data.series.time).table({"Total": report_data.series.after.total_kw})
    assert len(rows) == 25
    assert rows[5]["Total"] == pytest.approx(report_data.series.after.total_kw[5], rel=1e-3)
    assert rows[-1]["start"] == "2026-06-16T00:00:00Z"


def test_long_horizons_are_drawn_as_daily_means():
    """A year of hours becomes 365 points that keep the mean."""
    labels = [
        f"2026-{1 + d // 28:02d}-{1 + d % 28:02d}T{h:02d}:00" for d in range(336) for h in range(24)
    ]
    assert block_size(labels) == 24
    rows = timeline(labels).table({"x": [float(i % 24) for i in range(len(labels))]})
    assert len(rows) == 336 + 1
    assert {row["x"] for row in rows} == {11.5}


def test_odd_steps_are_drawn_in_equal_blocks():
    """Steps that do not divide a day fall back to the smallest sufficient block."""
    labels = [
        f"2026-01-{1 + i // 160:02d}T{(i * 9 // 60) % 24:02d}:{(i * 9) % 60:02d}"
        for i in range(1700)
    ]
    assert block_size(labels) == 160
    labels[1] = "2026-01-01T00:07"
    assert block_size(labels) == 3


def test_repeated_hour_keeps_its_order():
    """The hour that comes twice when summer time ends is drawn twice, in order."""
    labels = [f"2026-10-25T{h:02d}:00+03:00" for h in (1, 2, 3)]
    labels += [f"2026-10-25T{h:02d}:00+02:00" for h in (3, 4)]
    starts = [point["start"] for point in timeline(labels).points]
    assert starts == sorted(set(starts))
    assert [start[11:16] for start in starts] == ["01:00", "02:00", "03:00", "03:01", "04:00"]


def test_bound_becomes_a_share_of_the_saving(report_data):
    """Objectives 100, 60 at no and full saving: a bound of 56 allows 110 % of the saving."""
    points = (
        FrontierPoint(max_moves=0, moves=0, objective=100, saving_fraction_of_full=0.0),
        FrontierPoint(max_moves=9, moves=9, objective=60, saving_fraction_of_full=1.0, bound=56),
    )
    spec = charts.build(report_data.model_copy(update={"frontier": points}))["frontier"]
    values = spec["layer"][0].get("data", spec.get("data"))["values"]
    assert [row["bound"] for row in values] == [None, 1.1]


def test_a_flat_frontier_has_no_bound_to_draw(report_data):
    """When no move saves anything, bounds have no share."""
    points = tuple(
        FrontierPoint(max_moves=k, moves=0, objective=5, saving_fraction_of_full=0, bound=5)
        for k in (0, 10)
    )
    spec = charts.build(report_data.model_copy(update={"frontier": points}))["frontier"]
    assert "strokeDash" not in json.dumps(spec["layer"])
