"""The report's data refuse what does not fit together."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from optimiser.report import payload as p


def test_survives_a_round_trip_through_json(report_data):
    """What is written as JSON is read back equal."""
    assert p.ReportData.model_validate_json(report_data.model_dump_json()) == report_data


def test_refuses_series_of_unequal_length(report_data):
    """A series that is shorter than the time axis is named in the refusal."""
    fields = report_data.series.model_dump() | {"price_per_kwh": (0.1, 0.2)}
    with pytest.raises(ValidationError, match=r"price_per_kwh: expected 24 values"):
        p.Series.model_validate(fields)


def test_refuses_a_time_that_is_none(report_data):
    """A label that is no ISO time is refused at once, not when the chart is drawn."""
    fields = report_data.series.model_dump()
    fields["time"] = ("noon", *fields["time"][1:])
    with pytest.raises(ValidationError, match="noon"):
        p.Series.model_validate(fields)


def test_refuses_waves_that_lose_moves(report_data):
    """The waves must tell of exactly the moves that are listed."""
    fields = report_data.model_dump() | {"moves": report_data.moves[:-1]}
    with pytest.raises(ValidationError, match="900 moves, but 899"):
        p.ReportData.model_validate(fields)


def test_refuses_more_hosts_on_than_there_are(bare_data):
    """A site of 39 hosts can not have 40 awake."""
    with pytest.raises(ValidationError, match="40 hosts are on, but the site has 39"):
        p.ReportData.model_validate(bare_data.model_dump() | {"hosts_total": 39})


def test_refuses_numbers_that_are_none():
    """Infinity and NaN never reach the page."""
    with pytest.raises(ValidationError):
        p.Term(term="x", believed=float("nan"), simulated=1.0, unit="EUR")


def test_row_of_the_twin_may_be_a_number(report_data):
    """The twin numbers its rows; the report labels them."""
    assert p.Rack.model_validate(report_data.racks[0].model_dump() | {"row": 3}).row == "3"


@pytest.mark.parametrize(
    ("used", "limit", "fraction"), [(9.0, 12.0, 0.75), (0.0, 0.0, 0.0), (1.0, 0.0, float("inf"))]
)
def test_share_of_a_bottleneck(used, limit, fraction):
    """The share follows from use and limit, also for a limit of zero."""
    full = p.Bottleneck(kind="k", where="w", used=used, limit=limit, unit="kW")
    assert full.fraction == fraction


def test_a_workload_that_bounces_counts_once(report_data):
    """Two moves of one workload are one moved workload."""
    first = report_data.moves[0]
    moves = (first, first.model_copy(update={"order": 2, "wave": 2}))
    data = report_data.model_copy(update={"moves": moves, "waves": ()})
    assert (data.workloads_moved, data.wave_count) == (1, 2)
