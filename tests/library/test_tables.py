"""Tables: every kind of mistake has its line, and lists of mistakes stay readable."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from optimiser.errors import InputError, Problem
from optimiser.library.columns import parse_labels
from optimiser.library.tables import read_table, scan_table
from optimiser.schema.site import Resource
from optimiser.schema.tables import (
    CARBON,
    DEMAND,
    HOSTS,
    PLACEMENT,
    PRICES,
    RACKS,
    WORKLOADS,
    TableSpec,
)

RESOURCES = [
    Resource(name="cpu", unit="millicore", drives_power=True),
    Resource(name="memory", unit="MiB"),
]
HEAD = "name,service,replicas,cpu,memory\n"


def _scan(folder: Path, text: str, spec: TableSpec) -> list[Problem]:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return scan_table(path, spec.with_resources(RESOURCES)).problems


def _one(folder: Path, text: str, spec: TableSpec) -> Problem:
    found = _scan(folder, text, spec)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def _refused(folder: Path, text: str, spec: TableSpec) -> Problem:
    path = folder / "table.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read_table(path, spec)
    (problem,) = caught.value.problems
    return problem


def test_a_correct_table_has_the_types_of_its_columns(tmp_path: Path) -> None:
    """Text stays text, whole numbers are int64, absent optional numbers are NaN."""
    path = tmp_path / "w.csv"
    path.write_text("cpu,name,service,memory,replicas\n 100 ,w,007,5,\n", encoding="utf-8")
    frame = read_table(path, WORKLOADS.with_resources(RESOURCES))
    row = frame.iloc[0]
    assert (row["name"], row["service"], row["profile"]) == ("w", "007", "")
    assert (row["cpu"], row["memory"], row["replicas"]) == (100, 5, 1)
    assert frame["cpu"].dtype == np.int64 and np.isnan(row["move_cost"])


def test_an_unknown_column_takes_the_missing_ones_place(tmp_path: Path) -> None:
    """A misspelt header is one mistake, not two."""
    problem = _one(tmp_path, "name,rak,card\nh,r,c\n", HOSTS)
    assert (problem.line, problem.field) == (1, "rak")
    assert problem.remedy == "did you mean 'rack'?"


def test_a_missing_column_is_told_with_its_meaning(tmp_path: Path) -> None:
    """Not once per row."""
    text = "name,service,cpu\n" + "a,s,1\nb,s,1\n"
    problem = _one(tmp_path, text, WORKLOADS)
    assert (problem.line, problem.field) == (1, "memory")
    assert "[MiB]" in str(problem.expected)


def test_no_column_is_dropped_in_silence(tmp_path: Path) -> None:
    """A column nobody reads is a mistake of someone."""
    problem = _one(tmp_path, "name,rack,card,colour_of_paint\nh,r,c,red\n", HOSTS)
    assert problem.field == "colour_of_paint"
    assert "remove it" in str(problem.remedy)


@pytest.mark.parametrize(
    ("cell", "what", "remedy"),
    [
        ("1.5", "is not a whole number", None),
        ("-4", "is negative", None),
        ("nan", "is not a number", None),
        ("inf", "is not a number", None),
        ("", "is empty", None),
        ("lots", "is not a number", None),
        ("4 GiB", "is not a number", "write 4096"),
        ('"1,5"', "is not a number", "write 1.5"),
        ('"16,384"', "is not a number", "write 16384"),
        ("16.384", "is not a whole number", "write 16384"),
        ("2GB", "is not a number", "write 1907, or 2048 if 2 GiB is meant"),
        ("1e300", "is too large", None),
    ],
)
def test_bad_numbers_are_told_with_line_and_remedy(
    tmp_path: Path, cell: str, what: str, remedy: str | None
) -> None:
    """Each on its line with the unit that is expected."""
    problem = _one(tmp_path, f"{HEAD}a,s,1,1,1\nb,s,1,1,{cell}\n", WORKLOADS)
    assert (problem.line, problem.field, problem.what) == (3, "memory", what)
    limit = f" and at most {2**53:,}" if what == "is too large" else ""
    assert problem.expected == f"a whole number, at least 0{limit} [MiB]"
    assert problem.remedy == remedy


def test_the_largest_exact_integer_survives(tmp_path: Path) -> None:
    """Nothing is rounded on the way through floating point."""
    path = tmp_path / "w.csv"
    path.write_text(f"{HEAD}a,s,1,{2**53 - 1},0\n", encoding="utf-8")
    frame = read_table(path, WORKLOADS.with_resources(RESOURCES))
    assert frame["cpu"][0] == 2**53 - 1


def test_percentages_in_place_of_fractions_are_recognised(tmp_path: Path) -> None:
    """The classic mistake in demand profiles."""
    problem = _one(tmp_path, "time,profile,cpu\n00:00,p,0.4\n12:00,p,45\n", DEMAND)
    assert (problem.line, problem.remedy) == (3, "if this is a percentage, write 0.45")


def test_a_wrong_state_suggests_the_right_one(tmp_path: Path) -> None:
    """Choices are listed and the nearest is named."""
    problem = _one(tmp_path, "name,rack,card,state\nh,r,c,ONN\n", HOSTS)
    assert (problem.line, problem.value) == (2, "ONN")
    assert problem.expected == "one of on, off, maintenance"
    assert problem.remedy == "did you mean 'on'?"


def test_duplicate_names_point_at_the_first(tmp_path: Path) -> None:
    """Both lines are named."""
    problem = _one(tmp_path, "name,rack,card\nh,r,c\ni,r,c\nh,r,c\n", HOSTS)
    assert (problem.line, problem.field) == (4, "name")
    assert problem.what == "is given twice, first on line 2"


def test_duplicate_moments_of_a_profile_are_refused(tmp_path: Path) -> None:
    """``1:00`` and ``01:00`` are the same time."""
    text = "time,profile,cpu\n1:00,p,0\n01:00,q,0\n01:00,p,0\n02:00,q,1\n"
    problem = _one(tmp_path, text, DEMAND)
    assert (problem.line, problem.value) == (4, "01:00, p")


def test_empty_names_are_refused(tmp_path: Path) -> None:
    """And are not told again as duplicates."""
    found = _scan(tmp_path, "name,rack,card\n,r,c\n,r,c\n", HOSTS)
    assert [(p.line, p.what) for p in found] == [(2, "is empty"), (3, "is empty")]


def test_ragged_rows_are_told_and_the_rest_is_checked(tmp_path: Path) -> None:
    """A lost comma does not hide the other mistakes."""
    found = _scan(tmp_path, f"{HEAD}a,s,1,1\nb,s,1,1,1,1\nc,s,1,1,x\n", WORKLOADS)
    assert [(p.line, p.what) for p in found] == [
        (2, "wrong number of values"),
        (3, "wrong number of values"),
        (4, "is not a number"),
    ]


def test_lines_are_right_after_blank_lines_and_quoted_line_breaks(tmp_path: Path) -> None:
    """The editor's line, not the row's number."""
    text = 'name,sla_class,tenant\n\na,,"two\nlines"\n\nb,,x\nb,,y\n'
    problem = _one(tmp_path, text, _services())
    assert (problem.line, problem.what) == (7, "is given twice, first on line 6")


def _services() -> TableSpec:
    from optimiser.schema.tables import SERVICES

    return SERVICES


def test_long_lists_of_one_mistake_are_cut_and_counted(tmp_path: Path) -> None:
    """Five are shown, the others counted with their first lines."""
    rows = "".join(f"w{i},s,1,x,1\n" for i in range(42))
    found = _scan(tmp_path, HEAD + rows, WORKLOADS)
    assert len(found) == 6
    assert found[-1].what == "and 37 more of the same kind, lines 7, 8, 9, 10, 11 …"


def test_labels_and_devices_have_their_form(tmp_path: Path) -> None:
    """A label without value and a range of devices are refused."""
    label = _one(tmp_path, "name,rack,card,labels\nh,r,c,a=b;fast\n", HOSTS)
    assert (label.line, label.what) == (2, "'fast' is not of the form key=value")
    device = _one(tmp_path, "workload,host,devices\nw,h,0-1\n", PLACEMENT)
    assert (device.line, device.expected) == (2, "numbers as 0;1;2")


def test_labels_are_parsed() -> None:
    """Spaces are trimmed; contradictions are refused."""
    assert parse_labels(" a=b ; c = d;") == {"a": "b", "c": "d"}
    with pytest.raises(ValueError, match="given twice"):
        parse_labels("a=b;a=c")


def test_semicolons_between_columns_are_explained(tmp_path: Path) -> None:
    """Spreadsheets of half of Europe write them."""
    problem = _refused(tmp_path, "time;price_per_kwh\n00:00;0,1\n", PRICES)
    assert problem.what == "the columns are not separated by commas"
    assert problem.line == 1


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    """The first byte that is not UTF-8."""
    problem = _refused(tmp_path, "name,rack,card\na,b,c\nSörnäinen,b,c\n", HOSTS)
    assert (problem.line, problem.expected) == (3, "UTF-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("name,name,rack\n", "is there twice"),
        ('name,rack,card\nh,"r,c\n', "never closed"),
    ],
)
def test_unreadable_tables_are_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    """Nothing to go on with."""
    assert words in _refused(tmp_path, text, HOSTS).what


def test_a_table_without_rows_is_refused_unless_it_may_be_empty(tmp_path: Path) -> None:
    """No hosts is a mistake, no placement is a new site."""
    assert _one(tmp_path, "name,rack,card\n", HOSTS).what == "has no rows"
    assert _scan(tmp_path, "workload,host\n", PLACEMENT) == []


def test_defaults_that_were_used_are_noted(tmp_path: Path) -> None:
    """Nothing is filled in silence."""
    path = tmp_path / "hosts.csv"
    path.write_text("name,rack,card,state\na,r,c,\nb,r,c,off\n", encoding="utf-8")
    assert scan_table(path, HOSTS).defaults_used == ("hosts.csv: state = on in 1 row",)
    path.write_text("name\nr1\n", encoding="utf-8")
    assert "hosts.csv: units = 42 (no such column)" in scan_table(path, RACKS).defaults_used


def _write_parquet(path: Path, frame: pd.DataFrame) -> None:
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        connection.execute("COPY frame TO ? (FORMAT parquet)", [str(path)])


def test_parquet_and_csv_give_the_same_frame(tmp_path: Path) -> None:
    """One reader's answer for both formats, nulls included."""
    frame = pd.DataFrame(
        {"name": ["a", "b"], "service": ["s", "t"], "replicas": [3, None], "cpu": [1, 2],
         "memory": [5, 6], "profile": ["p", None]}
    )  # fmt: skip
    frame.to_csv(tmp_path / "w.csv", index=False)
    _write_parquet(tmp_path / "w.parquet", frame)
    spec = WORKLOADS.with_resources(RESOURCES)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "w.csv", spec), read_table(tmp_path / "w.parquet", spec)
    )


def test_parquet_mistakes_name_the_row(tmp_path: Path) -> None:
    """A file without lines still says where."""
    frame = pd.DataFrame({"name": ["a", "b"], "service": "s", "cpu": [1, -2], "memory": 1})
    _write_parquet(tmp_path / "w.parquet", frame)
    table = scan_table(tmp_path / "w.parquet", WORKLOADS.with_resources(RESOURCES))
    (problem,) = table.problems
    assert (problem.field, problem.line, problem.what) == ("cpu (row 2)", None, "is negative")


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    """The name alone does not make it Parquet."""
    (tmp_path / "w.parquet").write_text("name\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_table(tmp_path / "w.parquet", WORKLOADS)


def test_parquet_moments_keep_their_zone(tmp_path: Path) -> None:
    """Instants with a zone are UTC, those without are local."""
    hours = pd.date_range("2026-01-01", periods=3, freq="h")
    frame = pd.DataFrame({"time": hours, "carbon_g_per_kwh": [1.0, 2.0, 3.0]})
    _write_parquet(tmp_path / "c.parquet", frame)
    assert read_table(tmp_path / "c.parquet", CARBON)["time"].dt.tz is None
    _write_parquet(tmp_path / "c.parquet", frame.assign(time=hours.tz_localize("Europe/Helsinki")))
    times = read_table(tmp_path / "c.parquet", CARBON)["time"]
    assert str(times.dt.tz) == "UTC"
    assert times[0] == pd.Timestamp("2025-12-31T22:00Z")
