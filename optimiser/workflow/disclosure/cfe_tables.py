"""Output 8: load and carbon-free energy hour by hour, and the three numbers that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimiser.analysis.kpi.matching import (
    HourlyMatch,
    hourly_market_based,
    match_hours,
    netted_market_based,
)
from optimiser.analysis.kpi.quantity import NO_DATA, Quality
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.workflow.disclosure.material import Source

NAME, TITLE, FRAMEWORK = "cfe_hourly", "Hourly carbon-free energy", "24/7 matching"
ROLES = ("e_grid", "cfe_contracted", "grid_cfe")
_HOURS = (
    Column("hour", "Hour (UTC)", is_key=True),
    Column("load", "Load", Kind.NUMBER, "kWh"),
    Column("contracted", "Contracted", Kind.NUMBER, "kWh"),
    Column("matched", "Matched", Kind.NUMBER, "kWh"),
    Column("grid_share", "Share of the grid", Kind.NUMBER, "1"),
    Column("score", "Score", Kind.NUMBER, "1"),
    Column("class", "Class"),
    Column("reason", "Reason"),
)
_SUMMARY = (
    Column("metric", "Figure", is_key=True),
    Column("value", "Value", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("meaning", "Meaning"),
)


@dataclass(frozen=True)
class Match:
    """Matched hours: ``known`` marks the hours of the period that have all parts."""

    hours: HourlyMatch
    starts: pd.DatetimeIndex
    known: np.ndarray
    quality: np.ndarray
    values: Mapping[str, np.ndarray]

    @property
    def worst(self) -> Quality:
        """The worst class of the hours that are known."""
        return Quality(int(self.quality[self.known].max())) if self.known.any() else Quality.MISSING

    @property
    def completeness(self) -> float:
        """Share of the hours that are known."""
        return float(self.known.mean()) if len(self.known) else 0.0


def match_of(source: Source) -> Match | None:
    """Match load and contracts hour by hour; ``None`` when a part is not known at all."""
    if any(role not in source.components.roles for role in ROLES):
        return None
    frames = {role: source.components.hourly(role, source.period) for role in ROLES}
    values = {role: frame["value"].to_numpy(dtype=float) for role, frame in frames.items()}
    known = np.logical_and.reduce([np.isfinite(v) & (v >= 0) for v in values.values()])
    known &= values["grid_cfe"] <= 1
    match = match_hours(*(values[role][known] for role in ROLES))
    quality = np.maximum.reduce([frame["quality"].to_numpy() for frame in frames.values()])
    return Match(match, pd.DatetimeIndex(frames["e_grid"]["start"]), known, quality, values)


def cfe_hourly(source: Source) -> Output:
    """Return every hour of the period and the summary; hours that lack a part say so."""
    found = match_of(source)
    if found is None:
        lacking = [role for role in ROLES if role not in source.components.roles]
        return Output(NAME, TITLE, FRAMEWORK, not_applicable=f"no series of {', '.join(lacking)}")
    tables = (_summary(source, found), _hours(source, found))
    return Output(NAME, TITLE, FRAMEWORK, tables, _gate(source, len(found.starts), found.known))


def _gate(source: Source, rows: int, known: np.ndarray) -> tuple[Finding, ...]:
    found = []
    expected = round(source.period.hours / source.components.data.grid.step_h)
    if rows != expected:
        found.append(
            Finding(NAME, Level.FAILURE, f"{rows} rows for the {expected} hours of the period")
        )
    if not known.all():
        told = f"{int((~known).sum())} hours lack load, contracted energy or the grid's share"
        found.append(Finding(NAME, Level.FLAG, told))
    return tuple(found)


def _hours(source: Source, found: Match) -> Table:
    match, known, values = found.hours, found.known, found.values
    place = np.cumsum(known) - 1
    rows: list[dict[str, object]] = []
    for hour, start in enumerate(found.starts.strftime("%Y-%m-%dT%H:%MZ")):
        row: dict[str, object] = {"hour": start, "class": Quality(int(found.quality[hour])).name}
        if known[hour]:
            at = place[hour]
            score = float(match.score[at])
            row |= {
                "load": match.load[at], "contracted": match.contracted[at],
                "matched": match.matched[at], "grid_share": match.grid_share[at],
                "score": score if np.isfinite(score) else None,
                "reason": None if np.isfinite(score) else "NO_LOAD",
            }  # fmt: skip
        else:
            row |= {"class": "MISSING", "reason": NO_DATA}
            parts = zip(("load", "contracted", "grid_share"), ROLES, strict=True)
            row |= {n: values[r][hour] for n, r in parts if np.isfinite(values[r][hour])}
        rows.append(row)
    return make_table(
        NAME, "Hours", source.section, _HOURS, rows,
        notes=("Load is the electricity taken from the grid; surplus of one hour is not carried "
               "over to another.",),
    )  # fmt: skip


def _summary(source: Source, found: Match) -> Table:
    match, known = found.hours, found.known
    told = {"class": found.worst.name, "completeness": found.completeness}
    rows = [
        {"metric": "CFE score", "value": match.cfe, "unit": "1",
         "meaning": "Contracts and the grid's own share, hour by hour."},
        {"metric": "Matched share", "value": match.matched_share, "unit": "1",
         "meaning": "Contracts alone, hour by hour."},
        {"metric": "Volumetric share", "value": match.volumetric_share, "unit": "1",
         "meaning": "Contracts over the whole period, whatever the hour."},
    ]  # fmt: skip
    if "residual_carbon" in source.components.roles:
        frame = source.components.hourly("residual_carbon", source.period)
        residual = frame["value"].to_numpy(dtype=float)[known]
        if np.isfinite(residual).all():
            rows += [
                {"metric": "Market-based, hourly", "value": hourly_market_based(match, residual),
                 "unit": "kgCO2e", "meaning": "Unmatched load of each hour × its residual mix."},
                {"metric": "Market-based, netted", "value": netted_market_based(match, residual),
                 "unit": "kgCO2e", "meaning": "What contracts leave in volume × the mean mix."},
            ]  # fmt: skip
    return make_table(
        "cfe_summary", "Carbon-free energy of the period", source.section, _SUMMARY,
        [{**row, **told} for row in rows], keep_order=True,
    )  # fmt: skip
