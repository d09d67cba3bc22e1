"""Mistakes in register and files: all of them, with line, value, expectation and remedy."""

from __future__ import annotations

import pytest

from optimiser.errors import InputError

GOOD = "time,meter,value\n2026-01-05T00:00Z,a,1\n2026-01-05T01:00Z,a,2\n"
HEAD = "meter,role,kind,unit,file"


def told(read, register: str, files: dict[str, str], period: str = "2026-01-05", **more) -> str:
    """Return the text of all mistakes."""
    with pytest.raises(InputError) as caught:
        read(register, files, period, **more)
    return str(caught.value)


def test_every_mistake_of_the_register_is_told_at_once(read) -> None:
    """Role, unit, kind, number, date, zone and pattern."""
    head = f"{HEAD},scale,calibrated,rollover,time_zone"
    text = "\n".join(
        [
            head,
            "a,e_gird,counter,kWh,a.csv,1,2025-13-01,,",
            "b,e_grid,power,kWh,a.csv,1,2025-01-01,,",
            "c,t_reuse,counter,C,a.csv,1,,,",
            "d,e_grid,power,kW,a.csv,0,,1000,Europe/Berln",
            "e,e_grid,counter,kWh,a.xls,,,,",
        ]
    )
    found = told(read, text + "\n", {"a.csv": GOOD})
    for line in (
        "meters.csv:2: role: is not one of the choices",
        "did you mean 'e_grid'?",
        "meters.csv:2: calibrated: is not a date",
        "meters.csv:3: unit: is no unit for e_grid by power",
        "meters.csv:4: kind: does not fit: t_reuse is a level",
        "meters.csv:5: scale: a scale of zero loses every value",
        "meters.csv:5: rollover: only counters roll over",
        "meters.csv:5: time_zone: there is no such time zone",
        "did you mean 'Europe/Berlin'?",
        "meters.csv:6: file: is neither CSV nor Parquet",
    ):
        assert line in found, line


def test_files_columns_and_channels_that_are_not_there_are_told_with_the_nearest(read) -> None:
    """At the line of the register."""
    register = f"{HEAD},column,channel\na,e_grid,counter,kWh,mtrs.csv,value,\n"
    assert "did you mean 'mters.csv'?" in told(read, register, {"mters.csv": GOOD})
    register = (
        f"{HEAD},column,channel\na,e_grid,counter,kWh,a.csv,vlaue,\n"
        "b,e_grid,counter,kWh,a.csv,,aa\n"
    )
    text = told(read, register, {"a.csv": GOOD})
    assert "meters.csv:2: column: a.csv has no such column" in text
    assert "did you mean 'value'?" in text
    assert "meters.csv:3: channel: no row of its files is about this series" in text
    assert "did you mean 'a'?" in text


def test_bad_cells_are_told_with_their_lines(read) -> None:
    """Numbers with a comma, words, and times that are none."""
    rows = ['2026-01-05T00:00Z,a,"1,5"', "2026-01-05T01:00Z,a,n/a", "05.01.2026 02:00,a,3"]
    text = told(
        read, f"{HEAD}\na,e_grid,counter,kWh,a.csv\n",
        {"a.csv": "\n".join(["time,meter,value", *rows]) + "\n"},
    )  # fmt: skip
    assert "a.csv:2: value: is not a number" in text and "a.csv:3: value" in text
    assert "a.csv:4: time: is not a time" in text and "'05.01.2026 02:00'" in text


def test_local_times_that_exist_twice_or_never_are_refused(read) -> None:
    """On the days the clock changes, without an offset."""
    register = f"{HEAD}\na,e_grid,counter,kWh,a.csv\n"
    rows = "2024-10-27T01:00,1\n2024-10-27T02:30,2\n2024-10-27T04:00,3\n"
    text = told(read, register, {"a.csv": f"time,value\n{rows}"}, "2024-10-27")
    assert "a.csv:3: time: exists twice on the day the clocks go back" in text
    assert "Etc/GMT-1" in text
    rows = "2024-03-31T01:00,1\n2024-03-31T02:30,2\n2024-03-31T04:00,3\n"
    text = told(read, register, {"a.csv": f"time,value\n{rows}"}, "2024-03-31")
    assert "a.csv:3: time: does not exist on the day the clocks go forward" in text


def test_times_with_and_without_offset_are_not_mixed(read) -> None:
    """The odd ones are shown."""
    rows = "2026-01-05T00:00Z,1\n2026-01-05T01:00,2\n2026-01-05T02:00Z,3\n"
    register = f"{HEAD}\na,e_grid,counter,kWh,a.csv\n"
    text = told(read, register, {"a.csv": f"time,value\n{rows}"})
    assert "a.csv:3: time: some rows have an offset" in text


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "is empty"),
        ("time;value\n2026-01-05T00:00Z;1\n", "not separated by commas"),
        ("tme,value\n2026-01-05T00:00Z,1\n", "there is no column of times"),
        ("time,value,value\n2026-01-05T00:00Z,1,1\n", "the column is there twice"),
        ("time,value\n2026-01-05T00:00Z,1,5\n2026-01-05T01:00Z,1\n", "wrong number of values"),
    ],
)
def test_files_that_are_no_tables_are_told(read, content: str, what: str) -> None:
    """Each with what is wrong and how to mend it."""
    assert what in told(read, f"{HEAD}\na,e_grid,counter,kWh,a.csv\n", {"a.csv": content})


def test_a_broken_parquet_file_is_told(read, tmp_path) -> None:
    """Not a stack trace."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1nothing")
    text = told(read, f"{HEAD}\na,e_grid,counter,kWh,a.parquet\n", {})
    assert "a.parquet: cannot be read as Parquet" in text


def test_unknown_classes_of_rows_are_told(read) -> None:
    """Only the vocabulary counts."""
    rows = "2026-01-05T00:00Z,1,measured\n2026-01-05T01:00Z,2,guessed\n"
    register = f"{HEAD}\na,e_grid,counter,kWh,a.csv\n"
    text = told(read, register, {"a.csv": f"time,value,quality\n{rows}"})
    assert "a.csv:3: quality: is not one of the classes" in text
