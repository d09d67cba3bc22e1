"""The emission and water factors of a report: those that are named, and those of the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from optimiser.analysis.kpi.quantity import Quantity
from optimiser.errors import InputError, Problem, raise_all
from optimiser.library.documents import read_located
from optimiser.library.factors import FOLDER, choose_factor, find_factor, load_factors
from optimiser.library.files import hash_file
from optimiser.library.locate import library_path
from optimiser.library.reporting import OWN_FACTORS, REPORTING_FILE
from optimiser.schema.factor import FactorRow
from optimiser.schema.period import Period
from optimiser.schema.reporting import Reporting
from optimiser.workflow.disclosure.material import ChosenFactor

_USES = ("grid_location", "residual_mix", "supplier", "fuel", "district", "water", "upstream")
_BY_PLACE = ("grid_location", "residual_mix")
"""Factors that follow from the place when the document names none; all others must be named."""


@dataclass
class Chosen:
    """Factors by use; files, texts and defaults that they come from."""

    factors: dict[str, ChosenFactor] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    defaults: list[str] = field(default_factory=list)


def choose_factors(folder: Path, document: Reporting, period: Period) -> Chosen:
    """Return the factors that the document names, and those that its place decides.

    Raises ``InputError`` that tells every named factor which is not for this use and period.
    """
    own, chosen = folder / OWN_FACTORS, Chosen()
    known = load_factors(own)
    if own.is_file():
        chosen.files[OWN_FACTORS], chosen.texts[OWN_FACTORS] = hash_file(own), own.read_bytes()
    for path in sorted(library_path(*FOLDER).glob("*.yaml")):
        chosen.files[f"library/factors/{path.name}"] = hash_file(path)
    rows = {
        **_named(folder / REPORTING_FILE, document, period, known),
        **_of_place(document, period, known, chosen),
    }
    for use, row in rows.items():
        key = "fuel_kwh" if use == "fuel" and row.unit == "kgCO2e/kWh" else use
        chosen.factors[key] = _chosen(row)
    for gas in document.facility.refrigerants:
        fitting = [
            r for r in known.values() if r.use == "refrigerant" and _same_gas(r.id, gas.name)
        ]
        if fitting:
            row = max(fitting, key=lambda r: (r.valid_from, r.id))
            chosen.factors[f"gwp {gas.name}"] = _chosen(row)
    return chosen


def _named(
    file: Path, document: Reporting, period: Period, known: dict[str, FactorRow]
) -> dict[str, FactorRow]:
    first, last = _days(period)
    found: dict[str, FactorRow] = {}
    problems: list[Problem] = []
    for use in _USES:
        name = getattr(document.factors, use)
        if name is None:
            continue
        try:
            found[use] = find_factor(known, name, use, first, last, f"factors.{use}", str(file))
        except InputError as error:
            line = read_located(file, Reporting)[1].line(("factors", use))
            problems += [replace(problem, line=line) for problem in error.problems]
    raise_all(problems)
    return found


def _of_place(
    document: Reporting, period: Period, known: Mapping[str, FactorRow], chosen: Chosen
) -> dict[str, FactorRow]:
    place = document.facility.grid_zone or document.facility.country
    found = {}
    for use in _BY_PLACE:
        if getattr(document.factors, use) is not None:
            continue
        try:
            row = choose_factor(dict(known), use, place, *_days(period))
        except InputError:
            continue  # the inventory says which activity has no factor
        found[use] = row
        chosen.defaults.append(f"{REPORTING_FILE}: factors.{use} = {row.id}, by place and period")
    return found


def _same_gas(identifier: str, gas: str) -> bool:
    plain = "".join(c for c in gas.lower() if c.isalnum())
    return "".join(c for c in identifier.lower() if c.isalnum()).startswith(plain)


def _chosen(row: FactorRow) -> ChosenFactor:
    value = Quantity(
        f"ef {row.id}", row.value, row.unit, relative=row.accuracy_fraction,
        method=f"factor-{row.id}@{row.valid_from:%Y}", sources=(f"factors#{row.id}",),
    )  # fmt: skip
    told = f"{row.publisher}, {row.version}, {row.geography}, {row.gwp_set}, {row.scope_basis}"
    return ChosenFactor(value, row.id, told)


def _days(period: Period) -> tuple[date, date]:
    zone = ZoneInfo(period.zone)
    first, end = (moment.astimezone(zone).date() for moment in (period.start, period.end))
    return first, end - timedelta(days=1)
