"""Checks one column of a table and turns its cells into values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from optimiser.errors import did_you_mean
from optimiser.library.findings import Findings
from optimiser.library.sources import Cells
from optimiser.schema.tables import LARGEST_INTEGER, Column
from optimiser.units import to_unit

_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")
_DEVICES = re.compile(r"\d+(;\d+)*")


def parse_labels(text: str) -> dict[str, str]:
    """Return labels written as ``key=value;key=value``. Raises ``ValueError`` with a sentence."""
    labels: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        key, found, value = (piece.strip() for piece in part.partition("="))
        if not found or not key or not value:
            raise ValueError(f"{part!r} is not of the form key=value")
        if labels.setdefault(key, value) != value:
            raise ValueError(f"the label {key!r} is given twice")
    return labels


def check_column(column: Column, cells: Cells, findings: Findings) -> np.ndarray:
    """Return the values of a column: text as ``str`` objects, numbers as float64 or int64.

    Empty optional cells take the default; an integer column without default (``None``) is
    float64 with NaN. Mistakes go to ``findings``; their cells hold a harmless stand-in.
    """
    if column.is_number:
        return _numbers(column, cells, findings)
    text = as_text(cells)
    empty = np.flatnonzero(text == "")
    if len(empty) and column.required:
        findings.add(column.name, "is empty", empty, expected=column.description)
    elif len(empty):
        text[empty] = column.default or ""
    check = _TEXT_CHECKS.get(column.kind)
    if check is not None:
        check(column, text, findings)
    return text


def as_text(cells: Cells) -> np.ndarray:
    """Return cells as an array of text objects, empty where null."""
    if isinstance(cells, list):
        text = np.empty(len(cells), dtype=object)
        text[:] = cells
        return text
    values = np.ma.asarray(cells)
    plain = [str(value).strip() for value in values.filled("" if values.dtype == object else 0)]
    text = np.array(plain, dtype=object)
    text[np.ma.getmaskarray(values)] = ""
    return text


def _check_names(column: Column, text: np.ndarray, findings: Findings) -> None:
    bad = [row for row, value in enumerate(text) if not value.isprintable()]
    if bad:
        remedy = "remove line breaks and control characters"
        findings.add(column.name, "has characters that cannot be shown", np.array(bad), text,
                     remedy=remedy)  # fmt: skip


def _check_choices(column: Column, text: np.ndarray, findings: Findings) -> None:
    wrong = np.flatnonzero(~np.isin(text.astype(str), [*column.choices, ""]))
    expected = "one of " + ", ".join(column.choices)
    findings.add(
        column.name, "is not one of the choices", wrong, text, expected,
        lambda value: did_you_mean(str(value).lower(), column.choices),
    )  # fmt: skip


def _check_labels(column: Column, text: np.ndarray, findings: Findings) -> None:
    faults: dict[str, str] = {}
    for value in pd.unique(text):
        try:
            parse_labels(value)
        except ValueError as error:
            faults[value] = str(error)
    if faults:
        wrong = np.flatnonzero(np.isin(text.astype(str), list(faults)))
        findings.add(
            column.name, lambda row: faults[text[row]], wrong, text, "key=value;key=value",
            lambda value: f"write {str(value).replace(':', '=')}" if ":" in str(value) else None,
        )  # fmt: skip


def _check_devices(column: Column, text: np.ndarray, findings: Findings) -> None:
    faults = [value for value in pd.unique(text) if value and not _DEVICES.fullmatch(value)]
    wrong = np.flatnonzero(np.isin(text.astype(str), faults)) if faults else np.empty(0, int)
    findings.add(column.name, "is not a list of devices", wrong, text, "numbers as 0;1;2")


def _check_dates(column: Column, text: np.ndarray, findings: Findings) -> None:
    faults = {value for value in pd.unique(text) if value and not _is_date(value)}
    wrong = np.flatnonzero(np.isin(text.astype(str), list(faults))) if faults else np.empty(0, int)
    findings.add(column.name, "is not a date", wrong, text, "a date such as 2026-01-31")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


_TEXT_CHECKS = {
    "name": _check_names,
    "choice": _check_choices,
    "labels": _check_labels,
    "devices": _check_devices,
    "date": _check_dates,
}


def _numbers(column: Column, cells: Cells, findings: Findings) -> np.ndarray:
    number, empty, shown = _parse_numbers(cells)
    if column.required:
        expected = _expected(column)
        findings.add(column.name, "is empty", np.flatnonzero(empty), expected=expected)
    good = ~empty
    faults = _faults(column, number)
    if column.kind == "integer" and isinstance(cells, list):
        # 8.000 is eight for us and eight thousand for many who write it
        grouped = [("." in cell and _GROUPED.fullmatch(cell) is not None) for cell in cells]
        faults.append(
            ("is written with a point before thousands or decimals", np.array(grouped, dtype=bool))
        )
    for what, wrong in faults:
        rows = np.flatnonzero(good & wrong)
        good &= ~wrong
        expected = _expected(column, with_limit=what == "is too large")
        findings.add(column.name, what, rows, shown, expected, _remedy_of(column))
    number = np.where(good, number, np.nan if column.default is None else column.default or 0)
    return number.astype(np.int64) if _is_whole(column) else number


def _is_whole(column: Column) -> bool:
    return column.kind == "integer" and (column.required or column.default is not None)


def _parse_numbers(cells: Cells) -> tuple[np.ndarray, np.ndarray, Sequence[object] | np.ndarray]:
    """Return numbers (NaN where there is none), which cells are empty, and the cells to show."""
    if not isinstance(cells, list) and np.ma.asarray(cells).dtype.kind in "iuf":
        values = np.ma.asarray(cells)
        return values.filled(0).astype(float), np.ma.getmaskarray(values), values
    text = as_text(cells)
    number = pd.to_numeric(pd.Series(text, dtype=object), errors="coerce")
    return number.to_numpy(dtype=float), text == "", text


def _faults(column: Column, number: np.ndarray) -> list[tuple[str, np.ndarray]]:
    with np.errstate(invalid="ignore"):
        faults = [("is not a number", ~np.isfinite(number))]
        if column.kind == "integer":
            faults.append(("is not a whole number", number != np.floor(number)))
        if column.minimum is not None:
            word = "is negative" if column.minimum == 0 else "is too small"
            faults.append((word, number < column.minimum))
        if column.maximum is not None:
            faults.append(("is too large", number > column.maximum))
    return faults


def _expected(column: Column, with_limit: bool = False) -> str:
    words = "a whole number" if column.kind == "integer" else "a number"
    low, high = column.minimum, column.maximum
    if low is not None and high is not None and high < LARGEST_INTEGER:
        words += f" from {low:g} to {high:g}"
    elif low is not None:
        words += f", at least {low:g}"
        words += f" and at most {high:,.0f}" if with_limit and high is not None else ""
    return f"{words} [{column.unit}]" if column.unit else words


def _remedy_of(column: Column):  # type: ignore[no-untyped-def]
    """Return a function that says how to mend a number, where that can be guessed."""

    def remedy(value: object) -> str | None:
        """Return how to write a number that stands with another unit or in another form."""
        text = str(value)
        try:
            number = to_unit(text, column.unit)
        except ValueError:
            return _percent(column, text) or _thousands(column, text) or _comma(text)
        if column.kind != "integer":
            return f"write {number:g}"
        return f"write {round(number)}" + _binary(text, column.unit)

    return remedy


def _binary(text: str, unit: str) -> str:
    """Say what the number would be if GB stands for GiB, as it often does."""
    if not unit.endswith("iB") or not re.search(r"\d\s*[KMGT]B\s*$", text, re.IGNORECASE):
        return ""
    meant = re.sub(r"\s*([KMGT])B\s*$", r" \1iB", text, flags=re.IGNORECASE)
    return f", or {round(to_unit(meant, unit))} if {meant} is meant"


def _percent(column: Column, text: str) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return None
    is_share = column.unit == "fraction" and 1 < number <= 100
    return f"if this is a percentage, write {number / 100:g}" if is_share else None


def _thousands(column: Column, text: str) -> str | None:
    is_grouped = column.kind == "integer" and _GROUPED.fullmatch(text) is not None
    return f"write {re.sub('[.,]', '', text)}" if is_grouped else None


def _comma(text: str) -> str | None:
    plain = text.replace(",", ".", 1)
    try:
        float(plain)
    except ValueError:
        return None
    return f"write {plain}" if "," in text else None
