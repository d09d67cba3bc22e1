"""Figures found in two ways: identities that hold whatever the data centre is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from optimiser.analysis.kpi.quantity import Ratio
from optimiser.report.disclosure.table import Column, Finding, Kind, Level, Table, make_table
from optimiser.workflow.disclosure.emissions import Emissions
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES
from optimiser.workflow.disclosure.material import Source
from optimiser.workflow.disclosure.renewables import Renewables

METERS_AGREE, EXACT = 0.02, 1e-9
"""Largest relative difference of two sets of meters, and of two ways through the same numbers."""
_COLUMNS = (
    Column("check", "Check", is_key=True),
    Column("left", "One way", Kind.NUMBER),
    Column("right", "The other way", Kind.NUMBER),
    Column("difference", "Relative difference", Kind.NUMBER, "1"),
    Column("tolerance", "Tolerance", Kind.NUMBER, "1"),
    Column("holds", "Holds", Kind.FLAG),
    Column("meaning", "Meaning"),
)
_Pair = tuple[str, float | None, float | None, float, str]


def independent_checks(
    source: Source, ratios: list[Ratio], renewables: Renewables, emissions: Emissions
) -> tuple[Table | None, list[Finding]]:
    """Return the checks that can be made, and a finding for each that does not hold.

    Two sets of meters that disagree are flagged; two ways through the same numbers that do are a
    failure.
    """
    by_name = {ratio.name: ratio for ratio in reversed(ratios)}
    pairs = [
        *_energy(by_name), *_renewable(renewables), *_carbon(source, by_name, emissions),
    ]  # fmt: skip
    rows = [_row(*pair) for pair in pairs if pair[1] is not None and pair[2] is not None]
    if not rows:
        return None, []
    table = make_table(
        f"independent_checks_{source.section}", "Independent checks", source.section, _COLUMNS,
        rows, keep_order=True,
    )  # fmt: skip
    findings = []
    for row in rows:
        if not row["holds"]:
            level = Level.FAILURE if row["tolerance"] == EXACT else Level.FLAG
            told = f"{row['check']}: {row['left']:.6g} against {row['right']:.6g}"
            findings.append(Finding(f"independent_checks {source.section}", level, told))
    return table, findings


def _row(
    check: str, left: float | None, right: float | None, tolerance: float, meaning: str
) -> dict[str, object]:
    one, other = left or 0.0, right or 0.0
    scale = max(abs(one), abs(other))
    difference = abs(one - other) / scale if scale else 0.0
    return {
        "check": check, "left": one, "right": other, "difference": difference,
        "tolerance": tolerance, "holds": difference <= tolerance, "meaning": meaning,
    }  # fmt: skip


def _energy(ratios: Mapping[str, Ratio]) -> Iterator[_Pair]:
    pue, check = ratios.get("PUE"), ratios.get("PUE check")
    if pue is not None and check is not None and pue.denominator.name == check.denominator.name:
        yield (
            "PUE = 1 + Σ overhead / E_IT", pue.value, check.value, METERS_AGREE,
            "Meters at the entry against meters of the uses.",
        )  # fmt: skip
    ere, erf = ratios.get("ERE"), ratios.get("ERF")
    if ere is not None and erf is not None and pue is not None and ere.category == pue.category:
        product = None if erf.value is None or pue.value is None else (1 - erf.value) * pue.value
        yield "ERE = (1 − ERF) · PUE", ere.value, product, EXACT, "An identity of the definitions."


def _renewable(found: Renewables) -> Iterator[_Pair]:
    known = [part.value for part in found.parts if part.value is not None]
    if known:
        yield (
            "ERES-TOT = GOO + PPA + OS", found.total.value, math.fsum(known), EXACT,
            "The sum that the EU regulation asks for.",
        )  # fmt: skip


def _carbon(source: Source, ratios: Mapping[str, Ratio], emissions: Emissions) -> Iterator[_Pair]:
    lines = [line for line in emissions.inventory.lines if line.basis == "location"]
    known = set(source.components.roles)
    only_grid = not known & (set(ENERGY_ROLES) - {"e_grid"}) and "fuel_l" not in known
    cue, pue = ratios.get("CUE"), ratios.get("PUE")
    if only_grid and len(lines) == 1 and cue is not None and pue is not None:
        factor = lines[0].term.factor
        if factor is not None and factor.value is not None and cue.category == pue.category:
            product = None if pue.value is None else factor.value * pue.value
            yield "CUE = CEF · PUE", cue.value, product, METERS_AGREE, "All energy is electricity."
    if len(lines) == 1 and lines[0].factor_id == "series grid_carbon":
        yield (
            "location-based = Σ hourly", lines[0].emissions.value, _hourly_sum(source), EXACT,
            "Total against the sum over the hours.",
        )  # fmt: skip


def _hourly_sum(source: Source) -> float | None:
    """Return Σ energy × intensity over the hours that know both [kgCO2e]."""
    grid, carbon = (
        source.components.hourly(role, source.period)["value"].to_numpy(dtype=float)
        for role in ("e_grid", "grid_carbon")
    )
    product = grid * carbon
    known = np.isfinite(product)
    return float(product[known].sum()) if known.any() else None
