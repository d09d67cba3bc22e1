"""Limits of a rule measured on one placement, as integers, and the violations among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.analysis.verdict import Violation
from optimiser.twin.rules import Rule

MOST_LISTED = 200
WATT_PER_KILOWATT = 1000.0
ROUNDING = 1e-6


@dataclass(frozen=True)
class Rows:
    """Measured limits: every entry must keep ``value ≤ limit``.

    ``value`` (row, step or 1) int64 and ``limit`` (row, step or 1) int64, in ``1/scale`` of
    ``unit``. A lower limit is written with both sides negated and ``is_lower`` set. ``label``
    names a row. ``key`` (row,) int64 identifies rows whose list depends on the placement; without
    it row i means the same on every placement. ``checked`` counts limits, also those that need no
    row because they cannot be broken. ``noun`` says what the value is;
    with ``is_flag`` it says what is wrong and numbers would not help.
    """

    value: np.ndarray
    limit: np.ndarray
    label: Callable[[int], str]
    noun: str
    unit: str
    scale: float = 1.0
    checked: int = -1
    key: np.ndarray | None = None
    is_lower: bool = False
    is_flag: bool = False

    @property
    def num_checked(self) -> int:
        """Number of limits that were compared."""
        return self.checked if self.checked >= 0 else int(np.broadcast(self.value, self.limit).size)

    def excess(self, today: Rows | None = None) -> np.ndarray:
        """Return how far each entry is above its limit, (row, step) int64, 0 where kept.

        With ``today`` the limit is at least what is the case today.
        """
        limit = self.limit
        if today is not None:
            limit = np.maximum(limit, self._value_today(today))
        return np.maximum(self.value - limit, 0)

    def _value_today(self, today: Rows) -> np.ndarray:
        if self.key is None or today.key is None:
            return today.value
        if not len(today.key):
            return np.full((len(self.key), 1), np.iinfo(np.int64).min)
        order = np.argsort(today.key, kind="stable")
        place = np.minimum(np.searchsorted(today.key[order], self.key), len(order) - 1)
        found = today.key[order][place] == self.key
        value = today.value[order][place]
        return np.where(found[:, None], value, np.iinfo(np.int64).min)


def floor_limit(limit: np.ndarray | float, scale: float = 1.0) -> np.ndarray:
    """Return limits as whole numbers of ``1/scale``; infinite ones become the largest integer.

    A hair is added before flooring, so that 27.3 · 100 is 2730 and not 2729.
    """
    scaled = np.asarray(limit, dtype=float) * scale
    largest = np.iinfo(np.int64).max // 4
    bounded = np.where(scaled < largest, scaled, 0.0)
    return np.where(scaled < largest, np.floor(bounded + ROUNDING).astype(np.int64), largest)


def violations_of(
    twin: xr.Dataset, name: str, kind: str, rows: Rows, excess: np.ndarray, weight: float | None
) -> list[Violation]:
    """Return the violations of one rule, worst first, at most ``MOST_LISTED``.

    ``excess`` (row, step) comes from :meth:`Rows.excess`; ``weight`` prices a soft rule.
    """
    worst = excess.max(axis=1, initial=0)
    worst_first = np.argsort(-worst, kind="stable")[: np.count_nonzero(worst)]
    found = []
    for row in worst_first[:MOST_LISTED].tolist():
        step = int(excess[row].argmax())
        amount = float(worst[row]) / rows.scale
        found.append(
            _violation(twin, name, kind, rows, row, step, amount, (weight or 0.0) * amount)
        )
    return found


def _violation(
    twin: xr.Dataset,
    name: str,
    kind: str,
    rows: Rows,
    row: int,
    step: int,
    amount: float,
    price: float,
) -> Violation:
    sign = -1.0 if rows.is_lower else 1.0
    value, limit = (
        sign * float(array[row, min(step, array.shape[1] - 1)]) / rows.scale
        for array in (rows.value, rows.limit)
    )
    when = f" at {step_label(twin, step)}" if rows.value.shape[1] > 1 else ""
    where = rows.label(row)
    bound = "least allowed" if rows.is_lower else "most allowed"
    numbers = (
        f" {_number(value)} {rows.unit}".rstrip()
        + f"{when}; {bound} {_number(limit)} {rows.unit}".rstrip()
    )
    sentence = f"{name}: {where}: {rows.noun}" + ("" if rows.is_flag else numbers)
    return Violation(name, kind, where, limit, value, rows.unit, sentence, amount, price)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def step_label(twin: xr.Dataset, step: int) -> str:
    """Return the local date and time of the first period of a demand step."""
    first = int(np.argmax(twin["step_of_time"].values == step))
    stamp = pd.Timestamp(twin["time"].values[first]).tz_localize("UTC")
    return str(stamp.tz_convert(str(twin.attrs["time_zone"])).strftime("%Y-%m-%d %H:%M"))


def offenders(
    rule: Rule | None, wrong: np.ndarray, key: np.ndarray, label: Callable[[int], str], noun: str
) -> Rows:
    """Return one row of value 1 and limit 0 for each place where ``wrong`` (n,) is set.

    ``key`` (n,) identifies the broken thing; ``label`` names place i of the full list.
    """
    index = np.flatnonzero(wrong)
    return Rows(
        value=np.ones((len(index), 1), dtype=np.int64),
        limit=np.zeros((len(index), 1), dtype=np.int64),
        label=lambda row: label(int(index[row])),
        noun=noun,
        unit="",
        checked=int(rule.workloads.sum()) if rule is not None else len(wrong),
        key=key[index],
        is_flag=True,
    )
