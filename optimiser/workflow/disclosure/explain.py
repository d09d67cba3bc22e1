"""The arithmetic behind an indicator, with units, down to series and the register's lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from optimiser.analysis.kpi.quantity import Quantity, Ratio
from optimiser.errors import UsageError, did_you_mean
from optimiser.report.disclosure.shown import completeness, decimals_of, shown
from optimiser.schema.roles import ROLES
from optimiser.workflow.disclosure.compose import indicators_of
from optimiser.workflow.disclosure.material import Material, Source, section_of


@dataclass(frozen=True)
class SeriesLine:
    """One series of a component: amount over the hours that it knows itself, and where it is from.

    ``place`` is ``meters.csv:12`` and the file of the values.
    """

    component: str
    series: str
    amount: Quantity
    accuracy_percent: float | None
    place: str


@dataclass(frozen=True)
class Arithmetic:
    """How one indicator came about."""

    name: str
    section: str
    ratio: Ratio
    lines: tuple[str, ...]
    series: tuple[SeriesLine, ...]

    @property
    def headline(self) -> str:
        """The result as it is printed, with class, interval and completeness."""
        ratio = self.ratio
        decimals = decimals_of(ratio.name)
        unit = "" if ratio.unit == "1" else f" {ratio.unit}"
        if ratio.value is None:
            return f"{ratio.label} is not given: {ratio.reason}"
        ends = (
            f", {shown(ratio.lower, decimals)} to {shown(ratio.upper, decimals)} at worst"
            if ratio.lower is not None
            else ""
        )
        seen = completeness(ratio.completeness)
        told = f"{ratio.label} = {shown(ratio.value, decimals)}{unit}{ends}"
        return f"{told} ({ratio.quality.name}, {seen} of the period seen)"

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        ratio = self.ratio
        return {
            "indicator": self.name,
            "section": self.section,
            "value": ratio.value,
            "unit": ratio.unit,
            "lower": ratio.lower,
            "upper": ratio.upper,
            "class": ratio.quality.name,
            "completeness": ratio.completeness,
            "reason": ratio.reason,
            "method": ratio.method,
            "arithmetic": list(self.lines),
            "remarks": [flag.sentence for flag in ratio.flags],
            "series": [
                {
                    "component": one.component,
                    "series": one.series,
                    "value": one.amount.value,
                    "unit": one.amount.unit,
                    "class": one.amount.quality.name,
                    "completeness": one.amount.completeness,
                    "reason": one.amount.reason,
                    "accuracy_percent": one.accuracy_percent,
                    "place": one.place,
                }
                for one in self.series
            ],
        }


def explain_indicator(material: Material, name: str) -> list[Arithmetic]:
    """Return the arithmetic of every indicator of that name, in every category and section.

    ``PUE`` also finds ``iPUE2``. Raises ``UsageError`` for a name that no indicator has.
    """
    pairs = [(s, r) for s in material.sources for r in indicators_of(material, s)]
    found = [(source, ratio) for source, ratio in pairs if _is_named(ratio, name)]
    if not found:
        known = sorted({ratio.name for _, ratio in pairs})
        near = did_you_mean(name.upper(), known)
        raise UsageError(
            f"there is no indicator {name!r}", near or f"the indicators are {', '.join(known)}"
        )
    return [
        Arithmetic(
            ratio.name,
            section_of(ratio.quality),
            ratio,
            tuple(ratio.arithmetic()),
            tuple(_series(material, source, ratio)),
        )
        for source, ratio in found
    ]


def _is_named(ratio: Ratio, name: str) -> bool:
    wanted = name.strip().lower()
    own = ratio.name.lower()
    names = {own, f"{own}{ratio.category or ''}".lower(), re.sub(r"^[im]+(?=pue)", "", own)}
    return wanted in names or own.startswith(f"{wanted} ")


def _series(material: Material, source: Source, ratio: Ratio) -> Iterator[SeriesLine]:
    parts = [part for term in (*ratio.terms, *ratio.below) for part in term.parts]
    meters = material.reporting.meters
    register = "register" if meters is None else meters.table
    facts = {str(f["series"]): f for f in source.components.facts.to_dict("records")}
    for role in dict.fromkeys(part.name for part in parts if part.name in ROLES):
        for amount in source.components.by_series(role, source.period):
            fact = facts[amount.name]
            line = "" if pd.isna(fact["line"]) else f":{int(fact['line'])}"
            place = f"{register}{line}, values in {fact['file']}"
            if fact["kind"] == "model":
                place = f"{fact['file']}: {fact['point']}"
            accuracy = fact["accuracy_percent"]
            known = None if pd.isna(accuracy) else float(accuracy)
            yield SeriesLine(role, amount.name, amount, known, place)
