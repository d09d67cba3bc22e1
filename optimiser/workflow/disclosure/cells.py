"""Cells of the tables that a site names, as numbers and texts or nothing."""

from __future__ import annotations

import pandas as pd


def is_known(value: object) -> bool:
    """Return whether a cell of a table holds something."""
    return value is not None and value != "" and not pd.isna(value)  # type: ignore[call-overload]


def number(value: object) -> float | None:
    """Return a cell as a number, ``None`` when it is empty."""
    return float(value) if is_known(value) else None  # type: ignore[arg-type]


def text(value: object) -> str | None:
    """Return a cell as text, ``None`` when it is empty."""
    return str(value) if is_known(value) else None
