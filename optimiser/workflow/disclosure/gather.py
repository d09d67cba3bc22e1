"""Read everything a report needs: reporting.yaml, its ledgers, the meters or the model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.quantity import Quantity
from optimiser.analysis.kpi.ratio import Window
from optimiser.errors import InputError, Problem, raise_all
from optimiser.library.documents import read_document, read_located
from optimiser.library.factors import FOLDER as FACTORS
from optimiser.library.factors import choose_factor, find_factor, load_factors
from optimiser.library.files import hash_file, missing_file
from optimiser.library.locate import library_path
from optimiser.library.meters.read import read_meters
from optimiser.library.meters.register import Register, read_register
from optimiser.library.rulesets import FOLDER as RULESETS
from optimiser.library.rulesets import choose_rulesets, load_rulesets
from optimiser.library.site import SITE_FILE
from optimiser.library.tables import scan_table
from optimiser.library.yaml_source import Marks
from optimiser.schema.disclosed import REPORTING_TABLES
from optimiser.schema.factor import FactorRow
from optimiser.schema.period import Period, check_zone, parse_period
from optimiser.schema.reporting import Reporting
from optimiser.schema.ruleset import Ruleset
from optimiser.schema.site import Site
from optimiser.workflow.disclosure.capacity_tables import capacity_of
from optimiser.workflow.disclosure.material import (
    MEASURED,
    MODELLED,
    ChosenFactor,
    Material,
    Settings,
    Source,
)
from optimiser.workflow.disclosure.plan_tables import find_run, run_hashes

REPORTING_FILE = "reporting.yaml"
OWN_FACTORS, OWN_RULESETS = "factors.yaml", "rulesets"
_USES = ("grid_location", "residual_mix", "supplier", "fuel", "district", "water", "upstream")
_BY_PLACE = ("grid_location", "residual_mix")
"""Factors that follow from the place when the document names none; all others must be named."""


@dataclass
class _Reading:
    """One pass over a site's folder; mistakes are collected and raised together."""

    folder: Path
    document: Reporting
    marks: Marks
    site: Site
    period: Period
    files: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    defaults: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def file(self) -> str:
        """Path of the reporting document, as messages show it."""
        return str(self.folder / REPORTING_FILE)

    def keep(self, path: Path, name: str | None = None) -> None:
        """Note the hash and the text of an input."""
        shown = name or path.relative_to(self.folder).as_posix()
        self.files[shown] = hash_file(path)
        self.texts[shown] = path.read_bytes()


def gather(site: Path, settings: Settings) -> Material:
    """Read the material of a report.

    Raises ``InputError`` with every mistake of reporting.yaml, or when that is in order of all that
    it names; ``UsageError`` for a period or ruleset that does not exist.
    """
    reading = _open(site, settings)
    tables = dict(_ledgers(reading))
    rulesets, previews = _rulesets(reading, settings)
    factors = _factors(reading)
    register = _register(reading)
    raise_all(reading.problems)
    sources, baseline = _sources(reading, register, settings)
    run = find_run(reading.folder, settings.run)
    reading.files |= run_hashes(run)
    return Material(
        site=reading.site.name,
        reporting=reading.document,
        period=reading.period,
        settings=settings,
        sources=sources,
        tables=tables,
        files=dict(sorted(reading.files.items())),
        defaults=tuple(sorted(dict.fromkeys(reading.defaults))),
        texts=reading.texts,
        rulesets=tuple(rulesets),
        previews=tuple(previews),
        factors=factors,
        baseline=baseline,
        twin_of_baseline=_twin_of_baseline(reading, settings) if baseline is not None else None,
        run=run,
        capacity=capacity_of(reading.folder, settings),
    )


def _open(site: Path, settings: Settings) -> _Reading:
    folder = site if site.is_dir() else site.parent
    path = folder / REPORTING_FILE
    if not site.exists():
        raise InputError(missing_file(site))
    if not path.is_file():
        raise InputError(
            Problem(
                f"the site has no {REPORTING_FILE}",
                str(folder),
                expected="boundary, facility and, for measured figures, meters",
                remedy="copy one: dcopt init x --site demo writes an example",
            )
        )
    document, marks, _ = read_located(path, Reporting)
    known = read_document(folder / SITE_FILE, Site)
    zone = document.time_zone or known.location.time_zone
    check_zone(zone)
    reading = _Reading(folder, document, marks, known, parse_period(settings.period, zone))
    reading.keep(path)
    reading.keep(folder / SITE_FILE)
    if document.time_zone is None:
        reading.defaults.append(f"{REPORTING_FILE}: time_zone = {zone}, that of the site")
    return reading


def _ledgers(reading: _Reading) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, spec in REPORTING_TABLES.items():
        named = getattr(reading.document, name)
        if named is None:
            continue
        path = reading.folder / named
        try:
            table = scan_table(path, spec)
        except InputError as error:
            reading.problems += error.problems
            continue
        reading.problems += table.problems
        reading.defaults += table.defaults_used
        reading.keep(path)
        yield name, table.frame


def _rulesets(reading: _Reading, settings: Settings) -> tuple[list[Ruleset], list[Ruleset]]:
    own = reading.folder / OWN_RULESETS
    names = settings.rulesets or reading.document.rulesets
    chosen = choose_rulesets(names, reading.document.jurisdictions, own)
    taken = {one.id for one in chosen}
    previews = [
        one
        for one in load_rulesets(own).values()
        if one.status == "draft"
        and one.jurisdiction in reading.document.jurisdictions
        and one.id not in taken
    ]
    for one in (*chosen, *previews):
        path = own / f"{one.id}.yaml"
        if path.is_file():
            reading.keep(path)
        else:
            path = library_path(*RULESETS) / f"{one.id}.yaml"
            reading.files[f"library/rulesets/{one.id}.yaml"] = hash_file(path)
    return chosen, previews


def _factors(reading: _Reading) -> dict[str, ChosenFactor]:
    """Return the factors that the document names, and those that its place decides."""
    own = reading.folder / OWN_FACTORS
    try:
        known = load_factors(own)
    except InputError as error:
        reading.problems += error.problems
        return {}
    if own.is_file():
        reading.keep(own)
    for path in sorted(library_path(*FACTORS).glob("*.yaml")):
        reading.files[f"library/factors/{path.name}"] = hash_file(path)
    found: dict[str, ChosenFactor] = {}
    for use in _USES:
        row = _factor(reading, known, use)
        if row is not None:
            key = "fuel_kwh" if use == "fuel" and row.unit == "kgCO2e/kWh" else use
            found[key] = _chosen(row)
    for gas in reading.document.facility.refrigerants:
        fitting = [
            r for r in known.values() if r.use == "refrigerant" and _same_gas(r.id, gas.name)
        ]
        if fitting:
            found[f"gwp {gas.name}"] = _chosen(max(fitting, key=lambda r: (r.valid_from, r.id)))
    return found


def _same_gas(identifier: str, gas: str) -> bool:
    plain = "".join(c for c in gas.lower() if c.isalnum())
    return "".join(c for c in identifier.lower() if c.isalnum()).startswith(plain)


def _factor(reading: _Reading, known: dict[str, FactorRow], use: str) -> FactorRow | None:
    first, last = _days(reading.period)
    name = getattr(reading.document.factors, use)
    if name is not None:
        try:
            return find_factor(known, name, use, first, last, f"factors.{use}", reading.file)
        except InputError as error:
            line = reading.marks.line(("factors", use))
            reading.problems += [replace(p, line=line) for p in error.problems]
            return None
    if use not in _BY_PLACE:
        return None
    facility = reading.document.facility
    try:
        row = choose_factor(known, use, facility.grid_zone or facility.country, first, last)
    except InputError:
        return None  # the inventory says which activity has no factor
    reading.defaults.append(f"{REPORTING_FILE}: factors.{use} = {row.id}, by place and period")
    return row


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


def _register(reading: _Reading) -> Register | None:
    meters = reading.document.meters
    if meters is None:
        return None
    path = reading.folder / meters.table
    if not path.is_file():
        reading.problems.append(
            replace(missing_file(path), field="meters.table",
                    line=reading.marks.line(("meters", "table")), file=reading.file)
        )  # fmt: skip
        return None
    found, problems = read_register(path, reading.period.zone, meters.default_accuracy_percent)
    reading.problems += problems
    if found is not None:
        reading.keep(path)
    return found


def _sources(
    reading: _Reading, register: Register | None, settings: Settings
) -> tuple[tuple[Source, ...], Source | None]:
    """Return the sources, measured first, and the measured baseline of savings."""
    basis = settings.basis or ("meters" if register is not None else "model")
    if basis != "model" and register is None:
        raise InputError(_no_meters(reading))
    modelled = () if basis == "meters" else (_modelled(reading, settings),)
    if basis == "model" or register is None:
        return modelled, None
    source = _measured(reading, register, reading.period, settings)
    savings = reading.document.savings
    if savings is None:
        return (source, *modelled), None
    earlier = parse_period(savings.baseline, reading.period.zone)
    return (source, *modelled), _measured(reading, register, earlier, settings)


def _twin_of_baseline(reading: _Reading, settings: Settings) -> tuple[Source, Source] | None:
    """Return the baseline's twin over the baseline and the reporting period (option D)."""
    savings = reading.document.savings
    if savings is None or savings.baseline_site is None:
        return None
    folder = reading.folder / savings.baseline_site
    earlier = parse_period(savings.baseline, reading.period.zone)
    then, now = (_simulated(reading, folder, one, settings) for one in (earlier, reading.period))
    return then, now


def _no_meters(reading: _Reading) -> Problem:
    return Problem(
        "names no meters",
        reading.file,
        field="meters",
        expected="a register of meters, such as 'meters: {table: meters.csv}'",
        remedy="write the register, or report from the model: --basis model",
    )


def _modelled(reading: _Reading, settings: Settings) -> Source:
    """Return today's placement simulated over the period."""
    return _simulated(reading, reading.folder, reading.period, settings)


def _simulated(reading: _Reading, folder: Path, period: Period, settings: Settings) -> Source:
    """Return the placement of a site's folder simulated over a period."""
    from optimiser.workflow.modelled import model_today

    found = model_today(folder, period, reading.document.facility.water_source)
    within = Path(os.path.relpath(folder, reading.folder))
    for name, sha in found.components.data.files.items():
        reading.files[(within / name).as_posix()] = sha
    reading.defaults += found.loaded.site_input.defaults_used
    window = Window.of(period, settings.allow_partial)
    return Source(MODELLED, found.components, period, window)


def _measured(reading: _Reading, register: Register, period: Period, settings: Settings) -> Source:
    assert reading.document.meters is not None
    data = read_meters(register, period, reading.document.meters.gaps)
    reading.files |= data.files
    window = Window.of(period, settings.allow_partial)
    return Source(MEASURED, Components(data), period, window)
