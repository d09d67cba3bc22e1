"""A site read from disk: documents, tables, series, cards and checksums, checked as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from optimiser.errors import InputError, Problem, raise_all
from optimiser.library.defaults import defaults_of
from optimiser.library.documents import read_located
from optimiser.library.files import missing_file
from optimiser.library.policy_checks import check_policies, check_weights
from optimiser.library.reading import Reading
from optimiser.library.references import DocumentCheck
from optimiser.library.site_checks import check_study
from optimiser.schema.equipment import Card
from optimiser.schema.site import Site
from optimiser.schema.study import Study

SITE_FILE = "site.yaml"
STUDY_FILE = "study.yaml"


@dataclass(frozen=True)
class SiteInput:
    """Everything a site's folder says, checked.

    ``cards`` holds the cards in use by (kind, name). Tables are frames with the columns of
    ``optimiser.schema.tables``: ``hosts`` has whole-number capacity per resource (the host's own
    amount or its card's), ``workloads`` the rows as written, ``workload_units`` one row per
    replica (see ``unfold``). ``services``, ``placement``, ``demand`` and ``move_costs`` are
    ``None`` when the site has no such table; ``pdus`` lists those of ``site.yaml`` and of the
    table. ``series`` holds ``weather``, ``price_per_kwh`` and ``carbon_g_per_kwh`` where they are
    files. ``files`` maps each file that was read to its SHA-256; ``defaults_used`` says what was
    filled in.
    """

    folder: Path
    site: Site
    cards: dict[tuple[str, str], Card]
    hosts: pd.DataFrame
    racks: pd.DataFrame
    pdus: pd.DataFrame
    workloads: pd.DataFrame
    workload_units: pd.DataFrame
    services: pd.DataFrame | None
    placement: pd.DataFrame | None
    demand: pd.DataFrame | None
    series: dict[str, pd.DataFrame]
    files: dict[str, str]
    defaults_used: tuple[str, ...]
    move_costs: pd.DataFrame | None = None


def read_site(folder: Path | str) -> SiteInput:
    """Read a site from its folder (or its ``site.yaml``).

    Raises ``InputError`` with every mistake of ``site.yaml``, or when that is in order with every
    mistake of all tables and of what they refer to.
    """
    return _read(_site_file(Path(folder)), None)[1]


def read_study(path: Path | str) -> tuple[Study, SiteInput]:
    """Read a study and its site.

    ``path`` is a site's folder (its ``study.yaml`` is used if there is one, else the defaults), a
    ``site.yaml`` or a study file. Raises ``InputError`` with every mistake of both.
    """
    path = Path(path)
    if path.is_dir() or path.name == SITE_FILE:
        site_file = _site_file(path)
        study_file = site_file.parent / STUDY_FILE
        return _read(site_file, study_file if study_file.is_file() else None)
    if not path.exists():
        raise InputError(missing_file(path))
    study = read_located(path, Study)[0]
    return _read(_site_file(path.parent / study.site), path)


def _site_file(path: Path) -> Path:
    if path.is_dir():
        if not (path / SITE_FILE).exists():
            raise InputError(_no_site(path))
        return path / SITE_FILE
    if not path.exists():
        raise InputError(missing_file(path))
    return path


def _no_site(folder: Path) -> Problem:
    others = sorted(entry.name for entry in folder.glob("*.y*ml"))
    found = ", ".join(others[:5]) or None
    remedy = "name the folder that holds site.yaml, or make one with 'dcopt init'"
    return Problem("the folder holds no site.yaml", str(folder), value=found, remedy=remedy)


def _read(site_file: Path, study_file: Path | None) -> tuple[Study, SiteInput]:
    problems: list[Problem] = []
    study, study_check, digest = Study(), None, None
    if study_file is not None:
        try:
            study, marks, source = read_located(study_file, Study)
            study_check, digest = DocumentCheck(str(study_file), marks), source.sha256
        except InputError as error:
            problems += error.problems
    try:
        reading = Reading.of(site_file)
    except InputError as error:
        raise InputError([*error.problems, *problems]) from None
    reading.read()
    if study_check is not None and study_file is not None and digest is not None:
        check_study(study_check, study)
        _check_site_of_study(study_check, study, site_file)
        if reading.can_check_policies:
            names = [policy.name for policy in reading.site.policies]
            check_policies(study_check, study.policies, reading.known, names)
        check_weights(study_check.at("weights"), study.weights, reading.site)
        problems += study_check.problems
        reading.files[study_file.name] = digest
    raise_all([*reading.problems(), *problems])
    return study, _finish(reading, study)


def _check_site_of_study(check: DocumentCheck, study: Study, site_file: Path) -> None:
    """Report a study that asks about another site than the one that is read."""
    named = Path(check.file).parent / study.site
    folder = named.parent if named.name == SITE_FILE else named
    if folder.resolve() != site_file.parent.resolve():
        remedy = f"give the study file itself ({check.file}), or remove the line"
        expected = "the folder of this file, which was given"
        check.add(("site",), "the study is about another site", study.site, expected, remedy)


def _finish(reading: Reading, study: Study) -> SiteInput:
    defaults = defaults_of(reading.site, "site: ") + defaults_of(study, "study: ")
    hosts, units = reading.hosts, reading.units
    assert hosts is not None and units is not None  # raised before otherwise
    return SiteInput(
        folder=reading.folder,
        site=reading.site,
        cards=dict(reading.shelf.used),
        hosts=hosts,
        racks=reading.frame("racks"),
        pdus=reading.pdus,
        workloads=reading.frame("workloads"),
        workload_units=units,
        services=reading.optional_frame("services"),
        placement=reading.optional_frame("placement"),
        demand=reading.optional_frame("demand"),
        series=reading.series,
        files=dict(sorted(reading.files.items())),
        defaults_used=(*defaults, *reading.defaults),
        move_costs=reading.optional_frame("move_costs"),
    )
