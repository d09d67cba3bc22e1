"""What samples become: amounts and levels by hour, whatever form they come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.quantity import Quality
from optimiser.schema.period import parse_period

ZONE = "Europe/Berlin"
POWER = "meter,role,kind,unit,file\na,e_grid,power,kW,a.csv\n"
COUNTER = "meter,role,kind,unit,file,rollover\na,e_grid,counter,kWh,a.csv,1000\n"


def total(parts: Components, period: str, role: str = "e_grid", zone: str = ZONE):
    """Return one component of one window."""
    return parts.window(parse_period(period, zone), [role])[role]


def series(values: list[float | None], start: str, minutes: int = 60) -> str:
    """Return a CSV of evenly spaced values, times in UTC."""
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    rows = [
        f"{first + timedelta(minutes=minutes * i):%Y-%m-%dT%H:%MZ},{'' if v is None else v}"
        for i, v in enumerate(values)
    ]
    return "\n".join(["time,value", *rows]) + "\n"


def test_power_is_integrated_by_the_trapezoid(read) -> None:
    """G2: 100 kW at 0:00 and 300 kW at 1:00 are 200 kWh, not 400."""
    text = "time,value\n2026-01-05T00:00+01:00,100\n2026-01-05T01:00+01:00,300\n"
    parts = read(POWER, {"a.csv": text}, "2026-01-05")
    found = total(parts, "2026-01-05")
    assert found.value == pytest.approx(200.0)
    assert found.completeness == pytest.approx(1 / 24)


def test_power_samples_of_any_time_are_split_at_the_hour(read) -> None:
    """From 100 kW at 0:30 to 300 kW at 1:30: 75 kWh before 1:00 and 125 after it."""
    rows = (
        "2026-01-05T00:00Z,100\n2026-01-05T00:30Z,100\n2026-01-05T01:30Z,300\n2026-01-05T02:00Z,300"
    )
    register = "meter,role,kind,unit,file,interval_minutes\na,e_grid,power,kW,a.csv,60\n"
    parts = read(register, {"a.csv": f"time,value\n{rows}\n"}, "2026-01-05")
    hours = parts.hourly("e_grid", parse_period("2026-01-05", ZONE)).set_index("start")["value"]
    assert hours["2026-01-05T00:00Z"] == pytest.approx(50 + 75)
    assert hours["2026-01-05T01:00Z"] == pytest.approx(125 + 150)


def test_a_counter_that_rolls_over_keeps_counting(read) -> None:
    """990, 995, 3, 8 with a rollover at 1000: 5 + 8 + 5."""
    parts = read(COUNTER, {"a.csv": series([990, 995, 3, 8], "2026-01-05T00:00")}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(18)
    assert parts.checks["rollovers"].tolist() == [1]


def test_a_counter_that_is_reset_leaves_a_gap_and_no_negative_energy(read) -> None:
    """500, 510, then a new device at 0: the hour in between is not known."""
    register = COUNTER.replace(",1000", ",")
    text = series([500, 510, 0, 10, 20], "2026-01-05T00:00")
    parts = read(register, {"a.csv": text}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(30)
    assert parts.checks[["resets", "gaps", "measured"]].iloc[0].tolist() == [1, 1, 3]


def test_a_slip_of_a_counter_is_passed_over(read) -> None:
    """500, 0, 520: one reading was wrong; 20 went through in two hours."""
    register = COUNTER.replace(",1000", ",")
    parts = read(register, {"a.csv": series([500, 0, 520, 530], "2026-01-05T00:00")}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(30)
    assert parts.checks["rejected"].tolist() == [1] and parts.checks["resets"].tolist() == [0]


def test_a_gap_of_a_counter_loses_nothing_and_is_interpolated_by_hour(read) -> None:
    """Readings at 0:00 and 10:00 know the sum; no hour between is measured."""
    values = [0, *[None] * 9, 100, 110]
    parts = read(COUNTER, {"a.csv": series(values, "2026-01-05T00:00")}, "2026-01-05")
    found = total(parts, "2026-01-05")
    assert found.value == pytest.approx(110) and found.quality is Quality.MEASURED
    assert parts.checks[["interpolated", "measured", "gaps"]].iloc[0].tolist() == [10, 1, 1]


def test_a_short_gap_of_power_is_bridged_and_a_long_one_is_missing(read) -> None:
    """G3: with 15-minute samples, 45 min are joined by a line; five hours are not zero."""
    values: list[float | None] = [60.0] * 97
    values[5:7] = [None] * 2
    values[40:60] = [None] * 20
    text = series(values, "2026-01-04T23:00", 15)
    parts = read(POWER, {"a.csv": text}, "2026-01-05")
    found = total(parts, "2026-01-05")
    assert found.value == pytest.approx(60 * 18)
    assert found.completeness == pytest.approx(18 / 24)
    assert parts.checks[["interpolated", "missing"]].iloc[0].tolist() == [1, 6]
    assert parts.checks["longest_gap_h"][0] == pytest.approx(5.25)


def test_missing_hours_are_estimated_only_when_asked_for(read) -> None:
    """The same hour of the other weeks stands in, as ESTIMATED, and completeness stays honest."""
    values: list[float | None] = [50.0] * (31 * 24 + 1)
    values[100:110] = [None] * 10
    text = series(values, "2025-12-31T23:00")
    plain = total(read(POWER, {"a.csv": text}, "2026-01"), "2026-01")
    filled = total(read(POWER, {"a.csv": text}, "2026-01", estimate="typical_hour"), "2026-01")
    assert plain.value == pytest.approx(50 * (744 - 11))
    assert filled.value == pytest.approx(50 * 744)
    assert filled.quality is Quality.ESTIMATED and "typical_hour@1" in filled.method
    assert plain.completeness == filled.completeness == pytest.approx(733 / 744)


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_days_on_which_the_clock_changes_have_their_true_length(read, day, hours) -> None:
    """G7: 10 kW for a local day are 230 or 250 kWh."""
    start = {"2024-03-31": "2024-03-30T23:00", "2024-10-27": "2024-10-26T22:00"}[day]
    parts = read(POWER, {"a.csv": series([10] * (hours + 1), start)}, day)
    assert total(parts, day).value == pytest.approx(10 * hours)
    assert total(parts, day).completeness == 1.0


def test_a_leap_year_has_its_day(read) -> None:
    """G7: 8784 hours."""
    text = series([0, 10], "2023-12-31T23:00", 8784 * 60)
    parts = read(COUNTER.replace(",1000", ","), {"a.csv": text}, "2024")
    assert len(parts.hourly("e_grid", parse_period("2024", ZONE))) == 8784
    assert total(parts, "2024").value == pytest.approx(10)


def test_local_times_without_offset_follow_the_zone_of_the_register(read) -> None:
    """Ten readings of a local clock around the change of March: 9 hours less one."""
    rows = "\n".join(f"2024-03-31T{h:02}:00,{10 * i}" for i, h in enumerate([0, 1, 3, 4, 5]))
    parts = read(COUNTER, {"a.csv": f"time,value\n{rows}\n"}, "2024-03-31")
    hours = parts.hourly("e_grid", parse_period("2024-03-31", ZONE))
    assert hours["value"].dropna().tolist() == pytest.approx([10.0] * 4)


@pytest.mark.parametrize("stamp", ["start", "end"])
def test_amounts_are_laid_from_or_up_to_their_stamp(read, stamp) -> None:
    """A quarter of an hour stamped 1:00 lies after or before one o'clock."""
    register = (
        f"meter,role,kind,unit,file,stamp,interval_minutes\na,e_grid,amount,kWh,a.csv,{stamp},15\n"
    )
    text = series([5.0] * 9, "2026-01-05T00:00", 15)
    parts = read(register, {"a.csv": text}, "2026-01-05", hour_coverage_fraction=0.1)
    hours = parts.hourly("e_grid", parse_period("2026-01-05", ZONE)).set_index("start")
    first = {"start": [20, 20, 5], "end": [20, 20]}[stamp]
    assert hours["value"].dropna().tolist()[-len(first) :] == pytest.approx(first)
    assert hours["value"].sum() == pytest.approx(45)


@pytest.mark.parametrize(("stamp", "total_kwh"), [("", 40 + 60), ("start", 30 + 50 + 70)])
def test_means_of_intervals_are_not_samples_of_moments(read, stamp, total_kwh) -> None:
    """30, 50, 70 kW by the hour: two trapezoids between moments, or three hours of their means."""
    register = f"meter,role,kind,unit,file,stamp\na,e_grid,power,kW,a.csv,{stamp}\n"
    parts = read(register, {"a.csv": series([30, 50, 70], "2026-01-05T00:00")}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(total_kwh)


def test_means_of_levels_hold_over_their_interval(read) -> None:
    """20 °C and 30 °C, each for an hour that ends at its stamp."""
    register = "meter,role,kind,unit,file,stamp\na,t_outdoor,level,C,a.csv,end\n"
    parts = read(register, {"a.csv": series([20, 30], "2026-01-05T01:00")}, "2026-01-05")
    hours = parts.hourly("t_outdoor", parse_period("2026-01-05", ZONE)).set_index("start")["value"]
    assert hours.dropna().to_dict() == {
        datetime(2026, 1, 5, 0, tzinfo=UTC): 20.0,
        datetime(2026, 1, 5, 1, tzinfo=UTC): 30.0,
    }


def test_both_ways_of_a_meter_are_told_apart(read) -> None:
    """Import and export of one meter: 40 kWh in, 60 out."""
    register = (
        "meter,role,kind,unit,file,channel,part\n"
        "in,e_grid,amount,kWh,a.csv,main,positive\nout,e_export,amount,kWh,a.csv,main,negative\n"
    )
    rows = "\n".join(f"2026-01-05T0{h}:00Z,main,{v}" for h, v in enumerate([40, -60]))
    parts = read(register, {"a.csv": f"time,meter,value\n{rows}\n"}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(40)
    assert total(parts, "2026-01-05", "e_export").value == pytest.approx(60)


def test_units_and_scale_lead_to_canonical_amounts(read) -> None:
    """A pulse per 10 L, megawatts, gigajoules and degrees Fahrenheit."""
    register = (
        "meter,role,kind,unit,file,column,scale\n"
        "w,win,counter,L,a.csv,pulses,10\np,e_grid,power,MW,a.csv,mw,\n"
        "h,e_reuse,counter,GJ,a.csv,gj,\nt,t_outdoor,level,F,a.csv,f,\n"
    )
    rows = "\n".join(f"2026-01-05T0{h}:00Z,{100 * h},2,{3.6 * h},50" for h in range(3))
    parts = read(register, {"a.csv": f"time,pulses,mw,gj,f\n{rows}\n"}, "2026-01-05")
    found = {role: total(parts, "2026-01-05", role) for role in parts.roles}
    assert found["win"].value == pytest.approx(2.0) and found["win"].unit == "m3"
    assert found["e_grid"].value == pytest.approx(4000.0)
    assert found["e_reuse"].value == pytest.approx(2000.0)
    assert found["t_outdoor"].value == pytest.approx(10.0)


def test_duplicates_are_counted_and_contradictions_do_not_count(read) -> None:
    """The same value twice is one; two values at one time are none."""
    rows = ["00:00Z,0", "01:00Z,10", "01:00Z,10", "02:00Z,20", "02:00Z,25", "03:00Z,30"]
    text = "time,value\n" + "\n".join(f"2026-01-05T{row}" for row in rows) + "\n"
    parts = read(COUNTER, {"a.csv": text}, "2026-01-05")
    assert parts.checks[["duplicates", "conflicts"]].iloc[0].tolist() == [1, 1]
    assert total(parts, "2026-01-05").value == pytest.approx(30)


def test_what_came_last_counts_and_late_data_are_told(read) -> None:
    """A correction received ten days later replaces the first value, unless asked as of before."""
    text = (
        "time,value,received\n2026-01-05T00:00Z,0,2026-01-05T00:01Z\n"
        "2026-01-05T01:00Z,10,2026-01-05T01:01Z\n2026-01-05T01:00Z,12,2026-01-15T00:00Z\n"
    )
    parts = read(COUNTER, {"a.csv": text}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(12)
    assert parts.checks["late"].tolist() == [1]
    before = datetime(2026, 1, 10, tzinfo=UTC)
    early = read(COUNTER, {"a.csv": text}, "2026-01-05", as_of=before)
    assert total(early, "2026-01-05").value == pytest.approx(10)


def test_the_class_of_a_row_is_kept(read) -> None:
    """A reading that was estimated makes its hours ESTIMATED."""
    text = (
        "time,value,quality\n2026-01-05T00:00Z,0,measured\n2026-01-05T01:00Z,10,estimated\n"
        "2026-01-05T02:00Z,20,\n2026-01-05T03:00Z,30,\n"
    )
    parts = read(COUNTER, {"a.csv": text}, "2026-01-05")
    assert parts.checks[["measured", "estimated"]].iloc[0].tolist() == [1, 2]


def test_what_is_not_plausible_is_missing(read) -> None:
    """A spike above the maximum is no energy."""
    register = "meter,role,kind,unit,file,maximum\na,e_grid,power,kW,a.csv,500\n"
    text = series([100, 100, 90_000, 100, 100], "2026-01-05T00:00", 15)
    parts = read(register, {"a.csv": text}, "2026-01-05")
    assert total(parts, "2026-01-05").value == pytest.approx(100)
    assert parts.checks["rejected"].tolist() == [1]


def test_a_meter_out_of_service_is_not_missing(read) -> None:
    """Two devices one after the other make one complete year."""
    register = (
        "meter,role,kind,unit,file,valid_from,valid_to\n"
        "old,e_grid,counter,kWh,old.csv,,2026-01-05\nnew,e_grid,counter,kWh,new.csv,2026-01-06,\n"
    )
    old = series([100, 124], "2026-01-04T23:00", 24 * 60)
    new = series([0, 24], "2026-01-05T23:00", 24 * 60)
    parts = read(register, {"old.csv": old, "new.csv": new}, "2026-01-05..2026-01-06")
    found = total(parts, "2026-01-05..2026-01-06")
    assert (found.value, found.completeness) == (pytest.approx(48), 1.0)


def test_a_file_of_one_row_and_a_file_of_none_are_read(read) -> None:
    """One reading is seen and says nothing; none is missing, not an error."""
    one = read(COUNTER, {"a.csv": "time,value\n2026-01-05T00:00Z,1\n"}, "2026-01-05")
    assert one.checks["seen"].tolist() == [1]
    none = read(COUNTER, {"a.csv": "time,value\n"}, "2026-01-05")
    assert none.checks["seen"].tolist() == [0]
    assert total(none, "2026-01-05").reason == "NO_DATA"


def test_every_input_has_its_checksum(read) -> None:
    """The manifest needs them."""
    text = series([0, 10], "2026-01-05T00:00")
    parts = read(COUNTER, {"a.csv": text}, "2026-01-05")
    assert [len(digest) for digest in parts.data.files.values()] == [64]
    assert set(parts.data.files) == {"a.csv"}


@pytest.mark.parametrize(
    ("zone", "day", "hours", "steps"),
    [
        ("Asia/Kolkata", "2026-05-05", 24, 24),  # its hours begin at half past in UTC
        ("Australia/Lord_Howe", "2026-04-05", 24.5, 49),  # the clock goes back by half an hour
        ("America/Sao_Paulo", "2018-11-04", 23, 23),  # midnight itself does not exist
        ("Etc/GMT-1", "2026-03-29", 24, 24),  # no summer time
    ],
)
def test_days_of_other_zones_are_whole(read, zone, day, hours, steps) -> None:
    """G7: 60 kW from local midnight to local midnight."""
    period = parse_period(day, zone)
    assert period.hours == hours
    start = period.start.strftime("%Y-%m-%dT%H:%M")
    text = series([60.0] * (steps * 2 + 1), start, 30)
    parts = read(POWER, {"a.csv": text}, day, zone=zone)
    assert len(parts.hourly("e_grid", period)) == steps
    found = total(parts, day, zone=zone)
    assert found.value == pytest.approx(60 * hours)
    assert found.completeness == 1.0


def test_a_fixed_zone_in_the_register_reads_clocks_without_summer_time(read) -> None:
    """A logger that stays on UTC+1 writes every hour once, also on the day of 25 hours."""
    register = "meter,role,kind,unit,file,time_zone\na,e_grid,counter,kWh,a.csv,Etc/GMT-1\n"
    first = datetime(2024, 10, 26, 23)
    rows = "\n".join(f"{first + timedelta(hours=h):%Y-%m-%dT%H:%M},{10 * h}" for h in range(30))
    parts = read(register, {"a.csv": f"time,value\n{rows}\n"}, "2024-10-27")
    assert total(parts, "2024-10-27").value == pytest.approx(250)
    assert total(parts, "2024-10-27").completeness == 1.0
