"""The meter register, read and checked: one :class:`Series` per row, by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem, UsageError, did_you_mean
from optimiser.library.files import missing_file
from optimiser.library.meters.conversion import canonical_spelling, known_units
from optimiser.library.tables import Table, scan_table
from optimiser.schema.meter import METER_KINDS, METERS
from optimiser.schema.period import check_zone
from optimiser.schema.roles import ROLES, Role

_NO_COLUMN = "required column is missing"
ENDINGS = (".csv", ".csv.gz", ".parquet", ".pq")


@dataclass(frozen=True)
class Series:
    """One row of the register.

    ``factor`` and ``offset`` turn values into the canonical unit of the role (a rate times hours,
    for kind ``power``), scale included; ``line`` is that of the register; service is from
    ``begins`` (in) to ``ends`` (out), in UTC, ``None`` when open.
    """

    name: str
    role: Role
    kind: str
    unit: str
    factor: float
    offset: float
    files: tuple[Path, ...]
    pattern: str
    column: str
    channel: str
    interval_minutes: float | None
    stamp: str
    part: str
    rollover: float
    maximum: float
    accuracy_percent: float
    calibrated: str
    group: str
    quality: str
    zone: str
    point: str
    serial: str
    time_zone: str
    begins: datetime | None
    ends: datetime | None
    line: int | None


@dataclass(frozen=True)
class Register:
    """The series of a site by name, the table they were read from and what was filled in."""

    series: tuple[Series, ...]
    table: Table
    defaults_used: tuple[str, ...]

    def problem(self, row: Series, field: str, what: str, **more: object) -> Problem:
        """Return a problem at a series' line of the register."""
        return Problem(what, str(self.table.path), row.line, field, **more)  # type: ignore[arg-type]


def read_register(
    path: Path, zone: str, default_accuracy_percent: float
) -> tuple[Register | None, list[Problem]]:
    """Read a meter register; the register is ``None`` when its rows cannot be told.

    Files are relative to the register's folder. Problems of the register and of files that are not
    there are returned, not raised.
    """
    try:
        table = scan_table(path, METERS)
    except InputError as error:
        return None, list(error.problems)
    if table.is_whole and not any(problem.what == _NO_COLUMN for problem in table.problems):
        _check(table)
    if table.problems:
        return None, table.problems
    filled = int(table.frame["accuracy_percent"].isna().sum())
    defaults = list(table.defaults_used)
    if filled:
        text = f"{path.name}: accuracy_percent = {default_accuracy_percent:g} of {filled} series"
        defaults.append(text)
    rows = [
        _series(record, table, path.parent, zone, default_accuracy_percent)
        for record in table.frame.reset_index().to_dict("records")
    ]
    ordered = tuple(sorted(rows, key=lambda row: row.name))
    register = Register(ordered, table, tuple(defaults))
    return register, [*table.problems, *_missing_files(register)]


def _series(record: dict, table: Table, folder: Path, zone: str, accuracy_percent: float) -> Series:
    role, kind, own_zone = ROLES[record["role"]], record["kind"], record["time_zone"] or zone
    factor, offset = known_units(role, kind)[canonical_spelling(record["unit"])]
    own = record["accuracy_percent"]
    pattern = record["file"]
    return Series(
        name=record["meter"],
        role=role,
        kind=kind,
        unit=canonical_spelling(record["unit"]),
        factor=factor * record["scale"],
        offset=offset,
        files=_files(folder, pattern),
        pattern=pattern,
        column=record["column"],
        channel=record["channel"] or record["meter"],
        interval_minutes=_number(record["interval_minutes"]),
        stamp=record["stamp"],
        part=record["part"],
        rollover=_number(record["rollover"]) or 0.0,
        maximum=_number(record["maximum"]) or 0.0,
        accuracy_percent=accuracy_percent if np.isnan(own) else float(own),
        calibrated=record["calibrated"],
        group=record["group"],
        quality=record["quality"],
        zone=record["zone"],
        point=record["point"],
        serial=record["serial"],
        time_zone=own_zone,
        begins=_midnight(record["valid_from"], own_zone, 0),
        ends=_midnight(record["valid_to"], own_zone, 1),
        line=table.findings.line(record["index"]),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _midnight(text: str, zone: str, days: int) -> datetime | None:
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _files(folder: Path, pattern: str) -> tuple[Path, ...]:
    if any(sign in pattern for sign in "*?["):
        return tuple(sorted(path for path in folder.glob(pattern) if path.is_file()))
    return (folder / pattern,)


def _missing_files(register: Register) -> list[Problem]:
    """Tell each file that is not there once, at the first meter that names it."""
    problems: list[Problem] = []
    told: set[str] = set()
    for row in sorted(register.series, key=lambda row: row.line or 0):
        if row.pattern in told:
            continue
        told.add(row.pattern)
        if not row.files:
            what = "no file fits the pattern"
            hint = "correct the pattern, or add the files"
            problems.append(register.problem(row, "file", what, value=row.pattern, remedy=hint))
        for path in row.files:
            if not path.is_file():
                remedy = missing_file(path).remedy
                what = "the file does not exist"
                problems.append(register.problem(row, "file", what, value=str(path), remedy=remedy))
    return problems


def _check(table: Table) -> None:
    """Report what the columns of a row say against each other."""
    frame = table.frame
    _check_units(table)
    _check_zones(table)
    counter = frame["kind"] == "counter"
    rules = (
        ("rollover", frame["rollover"].notna() & ~counter, "only counters roll over",
         "leave it empty, or correct the kind"),
        ("rollover", frame["rollover"] == 0, "a counter cannot roll over at zero",
         "write the reading after which it starts again, such as 1000000"),
        ("scale", frame["scale"] == 0, "a scale of zero loses every value",
         "write the factor, or leave it empty"),
        ("part", (frame["part"] != "all") & ~frame["kind"].isin(["power", "amount"]),
         "only power and amounts have a direction", "leave it empty"),
        ("stamp", (frame["stamp"] != "") & counter, "a counter is read at a moment",
         "leave it empty"),
        ("maximum", frame["maximum"] <= 0, "is not positive", "write the largest plausible value"),
        ("valid_to", (frame["valid_to"] != "") & (frame["valid_from"] != "")
         & (frame["valid_to"] < frame["valid_from"]), "is before valid_from",
         "correct one of them"),
        ("file", ~frame["file"].str.lower().str.endswith(ENDINGS), "is neither CSV nor Parquet",
         "write a file that ends with " + ", ".join(ENDINGS)),
    )  # fmt: skip
    for column, wrong, what, remedy in rules:
        rows = np.flatnonzero(wrong.to_numpy(dtype=bool))
        table.findings.add(column, what, rows, frame[column].to_numpy(), remedy=remedy)


def _check_units(table: Table) -> None:
    frame = table.frame
    triples = list(zip(frame["role"], frame["kind"], frame["unit"], strict=True))
    known = {
        (role, kind): known_units(ROLES[role], kind)
        for role, kind in dict.fromkeys((role, kind) for role, kind, _ in triples)
        if role in ROLES and kind in METER_KINDS
    }
    no_kind = np.array([known.get((r, k)) == {} for r, k, _ in triples], dtype=bool)
    wrong = np.array(
        [u != "" and canonical_spelling(u) not in known.get((r, k), {}) for r, k, u in triples],
        dtype=bool,
    )

    def kinds(row: int) -> str:
        role = ROLES[triples[row][0]]
        return f"{role.name} is {'an amount' if role.is_amount else 'a level'}"

    table.findings.add(
        "kind", lambda row: f"does not fit: {kinds(row)}", np.flatnonzero(no_kind),
        frame["kind"].to_numpy(), "level for levels; counter, amount or power for amounts",
    )  # fmt: skip
    for key, units in known.items():
        rows = [i for i, (r, k, _) in enumerate(triples) if (r, k) == key and wrong[i] and units]
        table.findings.add(
            "unit", f"is no unit for {key[0]} by {key[1]}", np.array(rows, dtype=int),
            frame["unit"].to_numpy(), "one of " + ", ".join(units),
            partial(_near, units=tuple(units)),
        )  # fmt: skip


def _near(value: object, units: tuple[str, ...]) -> str | None:
    return did_you_mean(str(value), units)


def _check_zones(table: Table) -> None:
    faults: dict[str, str] = {}
    for zone in pd.unique(table.frame["time_zone"]):
        try:
            check_zone(zone or "UTC")
        except UsageError as error:
            faults[str(zone)] = error.remedy or ""
    rows = np.flatnonzero(table.frame["time_zone"].isin(list(faults)).to_numpy())
    table.findings.add(
        "time_zone", "there is no such time zone", rows, table.frame["time_zone"].to_numpy(),
        "a name such as Europe/Berlin or Etc/GMT-1", lambda value: faults[str(value)],
    )  # fmt: skip
