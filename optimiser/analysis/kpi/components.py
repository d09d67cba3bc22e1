"""Components over time: what every indicator of a window is made of.

Numerator and denominator of an indicator must cover the same hours, so a window is asked for all
its roles at once: hours that one of them lacks are dropped from all, and ``completeness`` tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimiser.analysis.kpi.quantity import NO_DATA, Quality, Quantity, missing
from optimiser.errors import UsageError, did_you_mean
from optimiser.library.meters.series import MISSING, NOT_IN_SERVICE, SeriesData
from optimiser.schema.period import Period
from optimiser.schema.roles import IT_ROLES, ROLES, Role

MOST_NAMED = 12
"""Series that are named one by one as sources of a component."""


@dataclass(frozen=True)
class Components:
    """Series of a site by role and hour; ``data`` is described at :class:`SeriesData`."""

    data: SeriesData

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles that have a series, in the order of the vocabulary."""
        known = set(self.data.facts["role"])
        return tuple(role for role in ROLES if role in known)

    @property
    def facts(self) -> pd.DataFrame:
        """Facts of each series: meter, role, unit, accuracy, calibration, file, zone, group …"""
        return self.data.facts

    @property
    def checks(self) -> pd.DataFrame:
        """Data-quality facts of each series: expected and seen, gaps, late values, classes …"""
        return self.data.checks

    def it_role(self) -> str | None:
        """Return the most advanced place where IT energy is known, ``None`` when nowhere."""
        return next((role for role in IT_ROLES if role in self.roles), None)

    def window(self, period: Period, roles: Sequence[str]) -> dict[str, Quantity]:
        """Return the component of each role over the hours of a period that all of them know.

        Amounts are added, levels averaged. Roles without any value in the period are ``None`` with
        the reason ``NO_DATA`` and do not shorten the others. Raises ``UsageError`` for an unknown
        role.
        """
        wanted = [_role(name) for name in dict.fromkeys(roles)]
        span, expected = self._span(period)
        seen = {role.name: self._usable(role.name, span) for role in wanted}
        common = _common(seen.values(), span.stop - span.start)
        found = {}
        for role in wanted:
            if seen[role.name].any() and common.any():
                found[role.name] = self._quantity(role, span, common, expected)
            else:
                found[role.name] = missing(role.name, role.unit, NO_DATA)
        return found

    def dropped_hours(self, period: Period, roles: Sequence[str]) -> dict[str, float]:
        """Return the hours of a period that each role knows and that a common window leaves out."""
        span, _ = self._span(period)
        seen = {name: self._usable(_role(name).name, span) for name in dict.fromkeys(roles)}
        common = _common(seen.values(), span.stop - span.start)
        step_h = self.data.grid.step_h
        return {name: float((usable & ~common).sum()) * step_h for name, usable in seen.items()}

    def hourly(self, role: str, period: Period) -> pd.DataFrame:
        """Return a role by hour: ``start`` (UTC), ``value``, ``quality``, ``coverage``.

        All hours of the period that the data cover are there; ``value`` is NaN where a series of
        the role is missing.
        """
        span, _ = self._span(period)
        rows, usable = self.data.rows(_role(role).name), self._usable(role, span)
        code = self.data.code[rows, span]
        value = self._summed(ROLES[role], rows, span)
        seen = np.where(code == NOT_IN_SERVICE, np.nan, self.data.coverage[rows, span])
        serving = (code != NOT_IN_SERVICE).sum(axis=0)
        coverage = np.nansum(seen, axis=0) / np.maximum(serving, 1)
        return pd.DataFrame(
            {
                "start": self.data.grid.starts()[span],
                "value": np.where(usable, value, np.nan),
                "quality": _worst_by_step(code),
                "coverage": coverage,
            }
        )

    def table(self, period: Period, roles: Sequence[str]) -> pd.DataFrame:
        """Return the long table: role, series, start, end (UTC), value, quality, coverage."""
        span, _ = self._span(period)
        starts = self.data.grid.starts()[span]
        ends = starts + pd.Timedelta(seconds=self.data.grid.step_s)
        parts = []
        for role in dict.fromkeys(roles):
            for row in self.data.rows(_role(role).name):
                code = self.data.code[row, span]
                serving = code != NOT_IN_SERVICE
                series = str(self.data.facts["series"].iloc[row])
                value = np.where(code == MISSING, np.nan, self.data.value[row, span])
                part = {
                    "role": role, "series": series, "start": starts, "end": ends, "value": value,
                    "quality": code, "coverage": self.data.coverage[row, span],
                }  # fmt: skip
                parts.append(pd.DataFrame(part)[serving])
        if not parts:
            columns = ["role", "series", "start", "end", "value", "quality", "coverage"]
            return pd.DataFrame(columns=columns)
        return pd.concat(parts, ignore_index=True)

    def by_series(self, role: str, period: Period) -> list[Quantity]:
        """Return one quantity per series of a role, each over the hours it knows itself."""
        span, expected = self._span(period)
        found = []
        for row in self.data.rows(_role(role).name):
            code = self.data.code[[row], span]
            usable = (code[0] != MISSING) & (code[0] != NOT_IN_SERVICE)
            name = str(self.data.facts["series"].iloc[row])
            if usable.any():
                found.append(self._quantity_of(ROLES[role], np.array([row]), span, usable,
                                               expected, name))  # fmt: skip
            else:
                found.append(missing(name, ROLES[role].unit, NO_DATA))
        return found

    def _span(self, period: Period) -> tuple[slice, float]:
        """Return the steps of a period, and how many it has in all (some may not be there)."""
        span = self.data.grid.span(period.start, period.end)
        return span, period.hours / self.data.grid.step_h

    def _usable(self, role: str, span: slice) -> np.ndarray:
        """Return the steps in which every series of a role that is in service has a value."""
        code = self.data.code[self.data.rows(role), span]
        if not len(code):
            return np.zeros(span.stop - span.start, dtype=bool)
        return (code != MISSING).all(axis=0) & (code != NOT_IN_SERVICE).any(axis=0)

    def _summed(self, role: Role, rows: np.ndarray, span: slice) -> np.ndarray:
        value = self.data.value[rows, span]
        if role.is_amount or not len(rows):
            return np.asarray(value.sum(axis=0))
        weight = self._weights(role, rows, span)
        return np.asarray((value * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-300))

    def _quantity(self, role: Role, span: slice, common: np.ndarray, expected: float) -> Quantity:
        rows = self.data.rows(role.name)
        return self._quantity_of(role, rows, span, common, expected, role.name)

    def _quantity_of(
        self, role: Role, rows: np.ndarray, span: slice, common: np.ndarray, expected: float,
        name: str,
    ) -> Quantity:  # fmt: skip
        code = self.data.code[rows, span][:, common]
        serving = code != NOT_IN_SERVICE
        value = np.where(serving, self.data.value[rows, span][:, common], 0.0)
        coverage = np.where(serving, self.data.coverage[rows, span][:, common], 0.0)
        weight = None
        if not role.is_amount:
            weight = np.where(serving, self._weights(role, rows, span)[:, common], 0.0)
            if weight.sum() <= 0:
                weight = serving.astype(float)
            value = value * weight / weight.sum()
        parts = value.sum(axis=1)
        seen = coverage.sum(axis=0) / np.maximum(serving.sum(axis=0), 1)
        facts = self.data.facts.iloc[rows]
        spread = np.abs(parts) * facts["accuracy_percent"].to_numpy(dtype=float) / 100.0
        total, worst_case = math.fsum(parts), math.fsum(spread)
        groups = facts["group"].to_numpy(dtype=object)
        return Quantity(
            name=name,
            value=total,
            unit=role.unit,
            quality=self._quality(rows, span, common, code),
            lower=total - worst_case,
            upper=total + worst_case,
            relative=_relative(spread, groups) / abs(total) if total else 0.0,
            completeness=min(1.0, float(seen.sum()) / expected) if expected else 0.0,
            method="+".join(sorted(set(facts["method"]))),
            sources=_sources(facts),
            group=str(groups[0]) if groups[0] and len(set(groups)) == 1 else None,
        )

    def _quality(
        self, rows: np.ndarray, span: slice, common: np.ndarray, code: np.ndarray
    ) -> Quality:
        """Return the worst class; a counter's total is as good at both ends of a bridge inside."""
        known = np.full((len(rows), len(common)), NOT_IN_SERVICE, dtype=np.uint8)
        known[:, common] = code
        place = {int(row): position for position, row in enumerate(rows)}
        count = np.concatenate([[0], np.cumsum(common)])
        for series, first, last in self._bridges_inside(span):
            low, high = int(first) - span.start, int(last) - span.start
            position = place.get(int(series))
            if position is None or count[high] - count[low] < high - low:
                continue
            part = known[position, low:high]
            best = Quality[str(self.data.facts["quality"].iloc[series]).upper()]
            part[part == Quality.INTERPOLATED] = best
        counted = known[known != NOT_IN_SERVICE]
        return Quality(int(counted.max())) if len(counted) else Quality.MISSING

    def _bridges_inside(self, span: slice) -> np.ndarray:
        bridges = self.data.bridges
        inside = (bridges[:, 1] >= span.start) & (bridges[:, 2] <= span.stop)
        return np.asarray(bridges[inside])

    def _weights(self, role: Role, rows: np.ndarray, span: slice) -> np.ndarray:
        """Return the weights of levels (series, step): the amounts that go with them, or time."""
        steps = span.stop - span.start
        weight_role = role.weight
        if weight_role in IT_ROLES:
            weight_role = self.it_role()
        others = self.data.rows(weight_role) if weight_role else np.empty(0, dtype=int)
        if not len(others) or not self._usable(str(weight_role), span).any():
            return np.ones((len(rows), steps))
        amount = np.maximum(self.data.value[others, span], 0.0)
        zone_of = self.data.facts["zone"].to_numpy(dtype=object)
        zones = [zone if zone in set(zone_of[others]) else None for zone in zone_of[rows]]
        if None in zones:
            return np.broadcast_to(amount.sum(axis=0), (len(rows), steps))
        return np.stack([amount[zone_of[others] == zone].sum(axis=0) for zone in zones])


def _role(name: str) -> Role:
    if name not in ROLES:
        remedy = did_you_mean(name, ROLES) or "the roles are " + ", ".join(ROLES)
        raise UsageError(f"there is no role {name!r}", remedy)
    return ROLES[name]


def _common(masks: object, steps: int) -> np.ndarray:
    """Return the steps known to all roles that know any."""
    known = [mask for mask in masks if mask.any()]  # type: ignore[attr-defined]
    return np.logical_and.reduce(known) if known else np.zeros(steps, dtype=bool)


def _worst_by_step(code: np.ndarray) -> np.ndarray:
    if not len(code):
        return np.full(code.shape[1], MISSING, dtype=np.uint8)
    serving = np.where(code == NOT_IN_SERVICE, 0, code).max(axis=0)
    return np.where((code == NOT_IN_SERVICE).all(axis=0), MISSING, serving).astype(np.uint8)


def _relative(spread: np.ndarray, groups: np.ndarray) -> float:
    """Return the 95 % error of a sum: errors of one group add up, others in quadrature."""
    alone = np.array([not group for group in groups])
    square = float((spread[alone] ** 2).sum())
    for group in sorted({group for group in groups if group}):
        square += float(spread[groups == group].sum()) ** 2
    return math.sqrt(square)


def _sources(facts: pd.DataFrame) -> tuple[str, ...]:
    """Return file and series of each row; of many series only the files, with how many each has.

    ``Components.by_series`` tells those one by one.
    """
    named = facts["series"].astype(str)
    files = facts["file"].fillna("").astype(str)
    if len(facts) <= MOST_NAMED:
        return tuple(
            f"{file}#{name}" if file else name for file, name in zip(files, named, strict=True)
        )
    counts = files.value_counts(sort=False).sort_index()
    return tuple(f"{file} ({count} series)" for file, count in counts.items())
