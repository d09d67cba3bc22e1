"""The time column of series: ``HH:MM`` every day, or moments in ISO 8601."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from optimiser.library.findings import Findings

_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$", re.IGNORECASE)
EXPECTED = "HH:MM on all rows, or 2026-01-31T14:00 on all rows (with an offset or Z if not local)"


def read_times(text: np.ndarray, findings: Findings, column: str = "time") -> pd.Series:
    """Return the times of a series, by row.

    Text ``HH:MM`` when the series repeats daily, local datetimes without zone, or datetimes in
    UTC when the file gives offsets. Mistakes, mixtures among them, go to ``findings``.
    """
    unique, inverse = _factorize(text)
    clock = np.array([_CLOCK.fullmatch(value) is not None for value in unique])
    if clock.all():
        padded = np.array([value.zfill(5) for value in unique], dtype=object)
        return pd.Series(padded[inverse])
    if clock.mean() > 0.5:
        _report(findings, column, "is not a time of day", ~clock, inverse, text)
        return pd.Series(text)
    return _moments(unique, inverse, text, findings, column)


def _factorize(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inverse, unique = pd.factorize(text)
    return np.asarray(unique, dtype=object), inverse


def _moments(
    unique: np.ndarray, inverse: np.ndarray, text: np.ndarray, findings: Findings, column: str
) -> pd.Series:
    offset = np.array([_OFFSET.search(value) is not None and ":" in value for value in unique])
    parsed = pd.to_datetime(
        pd.Series(unique, dtype=object), errors="coerce", utc=True, format="ISO8601"
    )
    bad = (parsed.isna().to_numpy()) & (unique != "")
    if bad.any():
        _report(findings, column, "is not a time", bad, inverse, text)
    odd = ~bad & (unique != "") & (offset != (offset[~bad].mean() > 0.5 if (~bad).any() else False))
    if odd.any():
        what = "has no offset from UTC while other rows have one"
        if not offset[odd].any():
            _report(findings, column, what, odd, inverse, text)
        else:
            _report(
                findings, column, "has an offset while other rows have none", odd, inverse, text
            )
    values = parsed.take(inverse).reset_index(drop=True)
    return values if offset.any() else values.dt.tz_localize(None)


def _report(
    findings: Findings, column: str, what: str, which: np.ndarray, inverse: np.ndarray,
    text: np.ndarray,
) -> None:  # fmt: skip
    findings.add(column, what, np.flatnonzero(which[inverse]), text, EXPECTED)


def check_spacing(times: pd.Series, findings: Findings, column: str = "time") -> None:
    """Report where moments are not evenly spaced: a missing or an extra value.

    Daily ``HH:MM`` series may be uneven: each value holds until the next.
    """
    if times.dtype.kind != "M" and not isinstance(times.dtype, pd.DatetimeTZDtype):
        return
    seconds = times.to_numpy(dtype="datetime64[s]").astype(np.int64)
    moments, first = np.unique(seconds, return_index=True)
    gaps = np.diff(moments)
    if len(gaps) < 2:
        return
    usual = int(np.median(gaps))
    wrong = np.flatnonzero(gaps != usual) + 1
    if not len(wrong):  # writing the times out takes longer than all the rest
        return
    rows = first[wrong]
    step = f"every {usual / 60:g} minutes"

    def what(row: int) -> str:
        at = int(np.searchsorted(moments, seconds[row]))
        return f"comes {gaps[at - 1] / 60:g} minutes after the value before it"

    findings.add(column, what, rows, times.astype(str).to_numpy(), f"a value {step}",
                 "add the missing rows, or remove the extra ones")  # fmt: skip
