"""Numbers of the disclosure as people read them; rounding happens here and nowhere else."""

from __future__ import annotations

import re

from optimiser.report.disclosure.plain import Cell
from optimiser.report.disclosure.table import Column, Kind, Table
from optimiser.report.text import MINUS, NONE, number

_TWO_DECIMALS = frozenset(
    {"PUE", "PPUE", "IPUE", "DPUE", "MPUE", "WUE", "REF", "ERF", "ERE", "CER", "CUE", "MLC", "ELC"}
)


def decimals_of(metric: str) -> int | None:
    """Return the decimals a metric is printed with, ``None`` for three significant digits."""
    word = re.match(r"[A-Za-z]*", metric)
    return 2 if word and word[0].upper() in _TWO_DECIMALS else None


def shown(value: Cell, decimals: int | None = None) -> str:
    """Return a cell as text; a number whose decimals would hide it keeps two digits."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if decimals is None and float(value).is_integer():
        return f"{value:,.0f}".replace("-", MINUS)
    if decimals is None or 0 < abs(value) < 0.5 * 10**-decimals:
        return number(value)
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def shown_cell(column: Column, value: Cell, decimals: int | None) -> str:
    """Return a cell of a table as text."""
    if value is None and column.kind is Kind.TEXT:
        return ""
    if column.name.endswith("unit") and value == "1":
        return ""
    if column.kind is Kind.COUNT and isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    if column.name in ("completeness", "coverage") and isinstance(value, (int, float)):
        return completeness(value)
    return shown(value, decimals if column.name in _ROUNDED else None)


_ROUNDED = frozenset({"value", "lower", "upper", "mc_lower", "mc_upper", "threshold"})


def completeness(fraction: float) -> str:
    """Return a share as percent, cut rather than rounded so that a gap can never look whole."""
    return f"{int(fraction * 100_000 + 1e-6) / 1000:g} %"


def row_decimals(table: Table, row: tuple[Cell, ...]) -> int | None:
    """Return the decimals of a row from the metric it names."""
    for column, cell in zip(table.columns, row, strict=True):
        if column.name in ("metric", "indicator") and isinstance(cell, str):
            return decimals_of(cell)
    return None
