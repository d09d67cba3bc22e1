"""Generated meter data: ``python -m benchmarks.generators.meters DIR --meters 500 --minutes 15``.

A folder with a register (``meters.csv``), Parquet or CSV files by month and group of meters, and
``truth.json``: what each role that only has counters consumed, by the generator's own sums. One
seed and one size give the same values every time. The data centre is invented: a daily and weekly
course of IT load, cooling that follows the season, counters that roll over, readings
that are missing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from optimiser.schema.period import Period, parse_period

ZONE = "Europe/Berlin"
GROUP = 100
ROLLOVER_WH = 10_000_000
GAP_SHARE = 0.5
"""Share of the meters with one gap in each month."""
LONGEST_GAP_MINUTES = 45
REGISTER_HEAD = "meter,role,kind,unit,file,rollover,accuracy_percent,group,calibrated,point"


@dataclass(frozen=True)
class Kind:
    """Meters of one role: ``count`` of them, ``mean`` kW, L/h, °C or % each."""

    role: str
    kind: str
    unit: str
    count: int
    mean: float
    accuracy_percent: float


def fleet(num: int) -> list[Kind]:
    """Return the meters of a data centre with ``num`` of them (at least 40)."""
    few, some, many = max(1, num // 100), max(1, num * 3 // 100), max(2, num // 10)
    fixed = [
        Kind("e_grid", "counter", "Wh", 2, 2400.0, 0.5),
        Kind("e_onsite", "power", "kW", 2, 60.0, 1.0),
        Kind("e_generator", "counter", "Wh", 4, 1.0, 1.0),
        Kind("e_it_ups", "counter", "Wh", 8, 450.0, 1.0),
        Kind("e_cooling", "power", "kW", some, 800.0 / some, 1.0),
        Kind("e_losses", "counter", "Wh", few, 300.0 / few, 1.0),
        Kind("win", "counter", "L", 4, 1200.0, 2.0),
        Kind("grid_carbon", "level", "g/kWh", 1, 350.0, 5.0),
        Kind("t_in_setpoint", "level", "C", few, 24.0, 0.5),
        Kind("it_cpu", "level", "%", some, 35.0, 1.0),
        Kind("e_it_pdu", "counter", "Wh", many, 3500.0 / many, 1.0),
    ]
    rest = num - sum(kind.count for kind in fixed)
    if rest < 2:
        raise ValueError("at least 40 meters are needed")
    half = rest // 2
    per_meter = 3400.0 / rest
    return [
        *fixed,
        Kind("e_it_device", "counter", "Wh", rest - half, per_meter, 1.5),
        Kind("e_it_device", "power", "kW", half, per_meter, 1.5),
    ]


def meter_names(kinds: Sequence[Kind]) -> list[list[str]]:
    """Return the names of the meters of each kind."""
    found, number = [], 0
    for kind in kinds:
        found.append([f"{kind.role}-{number + i:04d}" for i in range(kind.count)])
        number += kind.count
    return found


def course(seconds: np.ndarray, kind: Kind) -> np.ndarray:
    """Return the shape of a role over time (1 is its mean), by day, week and season."""
    day = 2 * np.pi * (seconds % 86_400) / 86_400
    year = 2 * np.pi * (seconds % 31_557_600) / 31_557_600
    if kind.role == "e_onsite":
        return np.pi * np.maximum(0.0, -np.cos(day)) * (1 - 0.5 * np.cos(year))
    if kind.role == "e_generator":
        return np.where(seconds % 2_592_000 < 3600, 720.0, 0.0)
    season = 0.25 if kind.role in ("e_cooling", "win") else 0.0
    return 1.0 - 0.12 * np.cos(day) - season * np.cos(year)


def make_meters(
    folder: Path,
    num: int,
    minutes: int,
    *,
    year: int = 2026,
    seed: int = 1,
    form: str = "parquet",
) -> Path:
    """Write register, meter files and truth of a local year; return the folder."""
    period, kinds = parse_period(str(year), ZONE), fleet(num)
    files = folder / "meters"
    files.mkdir(parents=True)
    truth: dict[str, float] = {}
    lines = [REGISTER_HEAD]
    for number, (kind, part, names) in enumerate(_groups(kinds)):
        random = np.random.default_rng([seed, number])
        group = f"{kind.role}-{kind.kind}-{part}"
        total = _write_group(files, group, kind, names, period, minutes, random, form)
        truth[kind.role] = truth.get(kind.role, 0.0) + total
        ending = "parquet" if form == "parquet" else "csv"
        rollover = str(ROLLOVER_WH * 1000) if kind.kind == "counter" else ""
        lines += [
            f"{name},{kind.role},{kind.kind},{kind.unit},meters/*-{group}.{ending},{rollover},"
            f"{kind.accuracy_percent:g},lot-{i % 5},{year - 1}-06-30,{kind.role} meter"
            for i, name in enumerate(names)
        ]
    (folder / "meters.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mixed = {kind.role for kind in kinds if kind.kind != "counter"}
    counted = {role: total for role, total in truth.items() if role not in mixed}
    told = {"period": str(year), "zone": ZONE, "amounts": counted}
    (folder / "truth.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return folder


def _groups(kinds: Sequence[Kind]) -> Iterator[tuple[Kind, int, list[str]]]:
    for kind, names in zip(kinds, meter_names(kinds), strict=True):
        for part, first in enumerate(range(0, len(names), GROUP)):
            yield kind, part, names[first : first + GROUP]


def _months(period: Period, minutes: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the times [s UTC] of each month; the last has the first reading of the next year."""
    step = minutes * 60
    months = period.months()
    for month in months:
        low, high = _second(month.start), _second(month.end)
        extra = step if month is months[-1] else 0
        yield month.label, np.arange(low, high + extra, step, dtype=np.int64)


def _second(moment: datetime) -> int:
    return int(moment.timestamp())


def _write_group(
    files: Path, group: str, kind: Kind, names: Sequence[str], period: Period, minutes: int,
    random: np.random.Generator, form: str,
) -> float:  # fmt: skip
    """Write the files of one group; return the amount that its meters saw in the period."""
    share = (0.9 + 0.2 * random.random(len(names))).astype(np.float32)
    reading = random.integers(0, ROLLOVER_WH, len(names))
    total = 0.0
    for label, seconds in _months(period, minutes):
        shape = course(seconds.astype(float), kind).astype(np.float32)
        noise = random.standard_normal((len(names), len(seconds)), dtype=np.float32)
        rate = kind.mean * share[:, None] * shape * (1 + 0.02 * noise)
        if kind.kind == "counter":
            value, reading, gained = _counted(rate, reading, minutes, kind.unit)
            inside = seconds < _second(period.end)
            total += float(gained[:, inside].sum())
        else:
            value = np.round(rate, 2)
        kept = _kept(value.shape, max(2, LONGEST_GAP_MINUTES // minutes), random)
        _write(files / f"{label}-{group}", names, seconds, value, kept, form)
    return total / 1000.0 if kind.kind == "counter" else total


def _counted(
    rate: np.ndarray, reading: np.ndarray, minutes: int, unit: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the readings at each time, the reading after them, and what each step adds."""
    scale = 1000.0 if unit == "Wh" else 1.0
    gained = np.maximum(0, np.rint(rate * (scale * minutes / 60.0))).astype(np.int64)
    after = reading[:, None] + np.cumsum(gained, axis=1)
    before = after - gained
    return before % (ROLLOVER_WH * 1000), after[:, -1], gained


def _kept(shape: tuple[int, int], longest: int, random: np.random.Generator) -> np.ndarray:
    """Return which readings there are; a gap has fewer missing readings than ``longest``."""
    kept = np.ones(shape, dtype=bool)
    for row in np.flatnonzero(random.random(shape[0]) < GAP_SHARE):
        first = int(random.integers(1, max(2, shape[1] - longest - 1)))
        kept[row, first : first + int(random.integers(1, longest))] = False
    return kept


def _write(
    path: Path, names: Sequence[str], seconds: np.ndarray, value: np.ndarray, kept: np.ndarray,
    form: str,
) -> None:  # fmt: skip
    import duckdb
    import pandas as pd

    flat = kept.ravel()
    which = np.repeat(np.arange(len(names), dtype=np.int16), len(seconds))[flat]
    frame = pd.DataFrame(  # noqa: F841 (DuckDB finds it by name)
        {
            "meter": pd.Categorical.from_codes(which, list(names)),
            "time": np.tile(seconds.astype("datetime64[s]"), len(names))[flat],
            "value": value.ravel()[flat],
        }
    )
    select = "SELECT meter::VARCHAR AS meter, time::TIMESTAMPTZ AS time, value FROM frame"
    options = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2"
    ending = "parquet"
    if form == "csv":
        select = (
            "SELECT strftime(time, '%Y-%m-%dT%H:%M:%SZ') AS time, meter::VARCHAR AS meter, value "
            "FROM frame"
        )
        options, ending = "FORMAT csv, HEADER", "csv"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"COPY ({select}) TO '{path}.{ending}' ({options})")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one folder of meter data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--meters", type=int, default=500)
    parser.add_argument("--minutes", type=int, default=15)
    parser.add_argument("--year", type=int, default=2026)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--form", choices=("parquet", "csv"), default="parquet")
    options = parser.parse_args(arguments)
    made = make_meters(
        options.folder, options.meters, options.minutes, year=options.year, seed=options.seed,
        form=options.form,
    )  # fmt: skip
    print(made)


if __name__ == "__main__":
    main()
