"""Series on a grid: amounts and levels by step, with how each was obtained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from optimiser.library.meters.grid import Grid

MEASURED, PROXY, ESTIMATED, INTERPOLATED, MISSING, MODELLED, FORECAST = range(7)
NOT_IN_SERVICE = 255
"""Code of a step outside the service life of a series: no value is expected, none is missing."""

FACT_COLUMNS = (
    "series", "role", "unit", "kind", "method", "accuracy_percent", "calibrated", "group", "zone",
    "point", "serial", "file", "line", "quality",
)  # fmt: skip
"""Columns of the facts of series."""
QUALITY_COLUMNS = (
    "series", "expected", "seen", "rejected", "duplicates", "conflicts", "late",
    "gaps", "longest_gap_h", "rollovers", "resets", "negative", "completeness", "measured", "proxy",
    "estimated", "interpolated", "missing", "modelled", "forecast", "first", "last",
)  # fmt: skip
"""Columns of the data-quality facts of series; the classes count steps."""


@dataclass(frozen=True)
class SeriesData:
    """All series of a site over one grid.

    ``facts`` one row per series (``FACT_COLUMNS``); ``value`` (series, step) float64 in canonical
    units, an amount in the step or the mean level, 0 where nothing is known; ``coverage`` (series,
    step) float32, the share of the step that was seen; ``code`` (series, step) uint8, how the value
    was obtained. ``bridges`` (series, first step, last step + 1) int64 are stretches through which
    a counter's total is known and its course is not. ``checks`` holds ``QUALITY_COLUMNS``,
    ``files`` the SHA-256 of each input, ``defaults_used`` what was filled in.
    """

    grid: Grid
    facts: pd.DataFrame
    value: np.ndarray
    coverage: np.ndarray
    code: np.ndarray
    bridges: np.ndarray
    checks: pd.DataFrame
    files: dict[str, str] = field(default_factory=dict)
    defaults_used: tuple[str, ...] = ()

    def rows(self, role: str) -> np.ndarray:
        """Return the rows of the series of a role."""
        return np.flatnonzero(self.facts["role"].to_numpy() == role)


def no_bridges() -> np.ndarray:
    """Return an empty list of bridges."""
    return np.empty((0, 3), dtype=np.int64)


def class_counts(code: np.ndarray) -> dict[str, np.ndarray]:
    """Return how many steps of each series (series,) have each class."""
    names = ("measured", "proxy", "estimated", "interpolated", "missing", "modelled", "forecast")
    return {name: (code == number).sum(axis=1) for number, name in enumerate(names)}


def facts_frame(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Return facts of series as a frame with all columns, empty ones included."""
    return pd.DataFrame(list(rows), columns=list(FACT_COLUMNS))
