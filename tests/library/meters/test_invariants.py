"""What must hold for any data: order, splitting, forms, clocks."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library.meters.conftest import ZONE, read_folder

from optimiser.schema.period import parse_period

REGISTER = (
    "meter,role,kind,unit,file,rollover,interval_minutes\n"
    "c,e_grid,counter,kWh,a.csv,1000,\np,e_it_ups,power,kW,a.csv,,\nl,it_cpu,level,%,a.csv,,\n"
    "m,e_cooling,amount,kWh,a.csv,,17\n"
)
PERIOD = "2026-03-28..2026-03-30"
ROLES = ["e_grid", "e_it_ups", "it_cpu", "e_cooling"]


@st.composite
def tables(draw: st.DrawFn) -> list[str]:
    """Return rows of four meters every 17 minutes over four days, with holes and duplicates."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    minutes = np.arange(0, 4 * 1440, 17)
    start = np.datetime64("2026-03-27T22:00")
    counter = np.cumsum(rng.integers(0, 90, len(minutes))) % 1000
    rows = []
    for i, minute in enumerate(minutes):
        moment = f"{start + np.timedelta64(int(minute), 'm')}Z"
        values = {
            "c": counter[i],
            "p": rng.integers(0, 500) / 10,
            "l": rng.integers(0, 100),
            "m": rng.integers(0, 50) / 10,
        }
        for name, value in values.items():
            if rng.random() < 0.05:
                continue
            rows += [f"{moment},{name},{value}"] * (2 if rng.random() < 0.05 else 1)
    return rows


def _read(rows: list[str], period: str = PERIOD, register: str = REGISTER):
    with tempfile.TemporaryDirectory() as name:
        files = {"a.csv": "\n".join(["time,meter,value", *rows]) + "\n"}
        return read_folder(Path(name), register, files, period)


@settings(max_examples=15, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[str], shuffler: random.Random) -> None:
    """Rows of files and of the register, in any order, give the same bytes."""
    mixed = list(rows)
    shuffler.shuffle(mixed)
    head, *lines = REGISTER.splitlines()
    register = "\n".join([head, *reversed(lines)]) + "\n"
    one, other = _read(rows), _read(mixed, register=register)
    for name in ("value", "coverage", "code", "bridges"):
        assert getattr(one.data, name).tobytes() == getattr(other.data, name).tobytes(), name
    assert one.checks.equals(other.checks)
    assert one.facts.drop(columns="line").equals(other.facts.drop(columns="line"))


@settings(max_examples=8, deadline=None)
@given(tables())
def test_splitting_a_period_never_changes_totals(rows: list[str]) -> None:
    """Days add up to the period, however it is read; the second day has 23 hours."""
    whole = _read(rows)
    period = parse_period(PERIOD, ZONE)
    days = period.days()
    assert [day.hours for day in days] == [24, 23, 24]
    for role in ("e_grid", "e_it_ups", "e_cooling"):
        total = whole.window(period, [role])[role].value or 0.0
        inside = [whole.window(day, [role])[role].value or 0.0 for day in days]
        alone = [_read(rows, day.label).window(day, [role])[role].value or 0.0 for day in days]
        assert sum(inside) == pytest.approx(total, rel=1e-12)
        assert sum(alone) == pytest.approx(total, rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(tables(), st.integers(1, 5))
def test_files_may_be_cut_anywhere(rows: list[str], parts: int) -> None:
    """One file, several in order of time, and several with mixed rows agree."""
    whole = _read(rows)
    register = REGISTER.replace("a.csv", "part-*.csv")
    ordered = sorted(rows)
    size = -(-len(rows) // parts)
    for cut in (
        [ordered[i : i + size] for i in range(0, len(ordered), size)],
        [rows[i::parts] for i in range(parts)],
    ):
        files = {
            f"part-{i}.csv": "\n".join(["time,meter,value", *some]) + "\n"
            for i, some in enumerate(cut)
        }
        with tempfile.TemporaryDirectory() as name:
            again = read_folder(Path(name), register, files, PERIOD)
        assert np.allclose(again.data.value, whole.data.value, rtol=1e-12, atol=1e-12)
        assert (again.data.code == whole.data.code).all()
        assert again.checks["seen"].tolist() == whole.checks["seen"].tolist()


@settings(max_examples=10, deadline=None)
@given(tables(), st.integers(40, 400))
def test_large_files_are_read_in_slices_with_the_same_result(rows: list[str], most: int) -> None:
    """Whatever number of samples is handled at once."""
    whole = _read(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optimiser.library.meters.batches.MOST_SAMPLES", most)
        patch.setattr("optimiser.library.meters.read.MOST_SAMPLES", most)
        sliced, mixed = _read(sorted(rows)), _read(rows[::-1])
    for other in (sliced, mixed):
        assert np.allclose(other.data.value, whole.data.value, rtol=1e-12, atol=1e-12)
        assert (other.data.code == whole.data.code).all()
        assert other.checks["seen"].tolist() == whole.checks["seen"].tolist()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 99), min_size=2, max_size=48),
    st.integers(100, 1000),
    st.integers(0, 999),
)
def test_a_rollover_hides_nothing(gains: list[int], modulus: int, start: int) -> None:
    """A counter that rolls over counts what one without end counts."""
    endless = start % modulus + np.concatenate([[0], np.cumsum(gains)])
    register = "meter,role,kind,unit,file,rollover,maximum\nc,e_grid,counter,kWh,a.csv,{},{}\n"
    text = [
        "\n".join(
            [
                "time,value",
                *(
                    f"{np.datetime64('2026-01-04T23:00') + np.timedelta64(i, 'h')}Z,{v}"
                    for i, v in enumerate(readings)
                ),
            ]
        )
        + "\n"
        for readings in (endless % modulus, endless)
    ]
    found = []
    for content, limits in zip(text, ((modulus, 99), ("", "")), strict=True):
        with tempfile.TemporaryDirectory() as name:
            parts = read_folder(
                Path(name), register.format(*limits), {"a.csv": content}, "2026-01-05..2026-01-06"
            )
        found.append(parts.data.value)
    assert np.allclose(*found)
    assert found[1].sum() == pytest.approx(sum(gains))


def test_wide_and_long_csv_and_parquet_agree(tmp_path: Path) -> None:
    """The form of a file is no matter."""
    import duckdb

    moments = [
        f"{np.datetime64('2026-01-04T23:00') + np.timedelta64(15 * i, 'm')}Z" for i in range(97)
    ]
    values = np.random.default_rng(3).integers(0, 90, (2, 97)).cumsum(axis=1)
    wide = ["time,x,y", *(f"{m},{a},{b}" for m, a, b in zip(moments, *values, strict=True))]
    long = [
        "time,meter,value",
        *(
            f"{m},{n},{v}"
            for n, row in zip("xy", values, strict=True)
            for m, v in zip(moments, row, strict=True)
        ),
    ]
    (tmp_path / "wide.csv").write_text("\n".join(wide) + "\n")
    (tmp_path / "long.csv").write_text("\n".join(long) + "\n")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for form in ("wide", "long"):
            connection.execute(
                f"COPY (SELECT * REPLACE (time::TIMESTAMPTZ AS time) FROM "
                f"read_csv('{tmp_path}/{form}.csv')) TO '{tmp_path}/{form}.parquet'"
            )
    found = []
    for file in ("wide.csv", "wide.parquet", "long.csv", "long.parquet"):
        columns = ("x", "y") if file.startswith("wide") else ("value", "value")
        register = "meter,role,kind,unit,file,column\n" + "".join(
            f"{name},e_grid,counter,kWh,{file},{column}\n"
            for name, column in zip("xy", columns, strict=True)
        )
        found.append(read_folder(tmp_path, register, {}, "2026-01-05").data.value.tobytes())
    assert len(set(found)) == 1
