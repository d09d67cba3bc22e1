"""Read everything a report needs: reporting.yaml, its ledgers, the meters or the model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from optimiser.analysis.inventory import Element
from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.ratio import Window
from optimiser.errors import InputError, Problem
from optimiser.library.documents import read_document
from optimiser.library.files import hash_file, missing_file
from optimiser.library.locate import library_path
from optimiser.library.meters.read import read_meters
from optimiser.library.meters.register import Register
from optimiser.library.reporting import (
    OWN_RULESETS,
    REPORTING_FILE,
    ReportingInput,
    read_reporting,
)
from optimiser.library.rulesets import FOLDER as RULESETS
from optimiser.library.rulesets import choose_rulesets, load_rulesets
from optimiser.library.site import SITE_FILE
from optimiser.schema.period import Period, parse_period
from optimiser.schema.reporting import Reporting
from optimiser.schema.ruleset import Ruleset
from optimiser.schema.site import Site
from optimiser.workflow.disclosure.capacity.gather import capacity_of, check_elements
from optimiser.workflow.disclosure.factors import choose_factors
from optimiser.workflow.disclosure.material import (
    MEASURED,
    MODELLED,
    Material,
    Settings,
    Source,
)
from optimiser.workflow.disclosure.plan_tables import find_run, run_hashes


@dataclass
class _Reading:
    """A site's folder as far as it was read."""

    found: ReportingInput
    site: Site
    period: Period
    files: dict[str, str]
    texts: dict[str, bytes]
    defaults: list[str]

    @property
    def folder(self) -> Path:
        """The site's folder."""
        return self.found.folder

    @property
    def document(self) -> Reporting:
        """The reporting document."""
        return self.found.document

    def keep(self, path: Path) -> None:
        """Note the hash and the text of an input."""
        shown = path.relative_to(self.folder).as_posix()
        self.files[shown] = hash_file(path)
        self.texts[shown] = path.read_bytes()


def gather(site: Path, settings: Settings) -> Material:
    """Read the material of a report.

    Raises ``InputError`` with every mistake of reporting.yaml, or when that is in order of all that
    it names; ``UsageError`` for a period or ruleset that does not exist.
    """
    reading = _open(site, settings)
    rulesets, previews = _rulesets(reading, settings)
    chosen = choose_factors(reading.folder, reading.document, reading.period)
    reading.files |= chosen.files
    reading.texts |= chosen.texts
    reading.defaults += chosen.defaults
    sources, baseline = _sources(reading, settings)
    run = find_run(reading.folder, settings.run)
    reading.files |= run_hashes(run)
    return Material(
        site=reading.site.name,
        reporting=reading.document,
        period=reading.period,
        settings=settings,
        sources=sources,
        tables=reading.found.tables,
        files=dict(sorted(reading.files.items())),
        defaults=tuple(sorted(dict.fromkeys(reading.defaults))),
        texts=reading.texts,
        rulesets=tuple(rulesets),
        previews=tuple(previews),
        factors=chosen.factors,
        baseline=baseline,
        twin_of_baseline=_twin_of_baseline(reading, settings) if baseline is not None else None,
        run=run,
        capacity=_capacity(reading, settings),
    )


def _capacity(reading: _Reading, settings: Settings) -> Sequence[Element] | str:
    """Return the elements of the model, checked against the rows that name them."""
    known = capacity_of(reading.folder, settings)
    planning = reading.document.capacity
    if planning is not None and planning.resources is not None:
        table = reading.found.tables.get("capacity_resources")
        check_elements(reading.folder / planning.resources, table, known)
    return known


def _open(site: Path, settings: Settings) -> _Reading:
    folder = site if site.is_dir() else site.parent
    if not site.exists():
        raise InputError(missing_file(site))
    if not (folder / REPORTING_FILE).is_file():
        raise InputError(
            Problem(
                f"the site has no {REPORTING_FILE}",
                str(folder),
                expected="boundary, facility and, for measured figures, meters",
                remedy="copy one: dcopt init x --site demo writes an example",
            )
        )
    known = read_document(folder / SITE_FILE, Site)
    found = read_reporting(folder, known.location.time_zone)
    period = parse_period(settings.period, found.zone)
    reading = _Reading(found, known, period, dict(found.files), {}, list(found.defaults_used))
    for name in (SITE_FILE, *found.files):
        reading.keep(folder / name)
    if found.document.time_zone is None:
        reading.defaults.append(f"{REPORTING_FILE}: time_zone = {found.zone}, that of the site")
    return reading


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


def _sources(reading: _Reading, settings: Settings) -> tuple[tuple[Source, ...], Source | None]:
    """Return the sources, measured first, and the measured baseline of savings."""
    register = reading.found.register
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
        str(reading.folder / REPORTING_FILE),
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


def _known_until(period: Period, settings: Settings) -> datetime | None:
    """Return the end of the local day ``as_of``: what was received later does not count."""
    if settings.as_of is None:
        return None
    after = settings.as_of + timedelta(days=1)
    return datetime.combine(after, time(), ZoneInfo(period.zone)).astimezone(UTC)


def _measured(reading: _Reading, register: Register, period: Period, settings: Settings) -> Source:
    assert reading.document.meters is not None
    data = read_meters(
        register, period, reading.document.meters.gaps, _known_until(period, settings)
    )
    reading.files |= data.files
    window = Window.of(period, settings.allow_partial)
    return Source(MEASURED, Components(data), period, window)
