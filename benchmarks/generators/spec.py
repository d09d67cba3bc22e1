"""From a specification and a seed to a site folder, byte for byte the same every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.generators.fleet import Fleet, FleetSpec, make_fleet
from benchmarks.generators.load import Load, LoadSpec, make_load
from benchmarks.generators.series import make_carbon, make_prices, make_weather
from benchmarks.generators.start import PlacementRules, place_start
from optimiser.connect.sitefolder import (
    Provenance,
    SiteFolder,
    write_provenance,
    write_site,
    write_table,
)
from optimiser.schema.reporting import Reporting
from optimiser.schema.site import Site
from optimiser.schema.study import Study

SERIES: Mapping[str, Callable[[int], pd.DataFrame]] = {
    "weather.csv": make_weather,
    "prices.csv": make_prices,
    "carbon.csv": make_carbon,
}
SERIES_SEED = 2025
"""Weather, prices and carbon are the same for every site."""


@dataclass(frozen=True)
class Built:
    """What the tables of a site are once drawn; documents are written from it."""

    fleet: Fleet
    load: Load
    placement: pd.DataFrame

    def host_of(self, workload: str) -> str:
        """Return today's host of a workload."""
        return str(self.placement.set_index("workload").loc[workload, "host"])


@dataclass(frozen=True)
class SiteSpec:
    """A site to generate."""

    name: str
    title: str
    seed: int
    fleet: FleetSpec
    load: LoadSpec
    rules: PlacementRules
    document: Callable[[Built], dict[str, Any]]
    """Makes ``site.yaml`` as plain data."""
    study: Mapping[str, Any]
    series: Sequence[str] = tuple(SERIES)
    head: Sequence[str] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    study_comments: Mapping[str, str] = field(default_factory=dict)
    reporting: Mapping[str, Any] | None = None
    reporting_comments: Mapping[str, str] = field(default_factory=dict)
    reporting_tables: Callable[[], Mapping[str, pd.DataFrame]] | None = None
    """Makes the tables that ``reporting.yaml`` names."""
    columns: Callable[[], Mapping[str, Mapping[str, str]]] | None = None
    """Tells what their columns mean."""


def make_site(folder: Path, spec: SiteSpec, *, force: bool = False) -> Path:
    """Write the site of ``spec`` to ``folder`` and return the folder."""
    built = build_tables(spec)
    tables = {
        "racks.csv": built.fleet.racks,
        "hosts.csv": built.fleet.hosts,
        "pdus.csv": built.fleet.pdus,
        "services.csv": built.load.services,
        "workloads.csv": built.load.workloads,
        "demand.csv": built.load.demand,
        "placement.csv": built.placement,
    }
    tables |= {name: SERIES[name](SERIES_SEED) for name in spec.series}
    tables |= spec.reporting_tables() if spec.reporting_tables else {}
    told = spec.reporting
    site_folder = SiteFolder(
        Site.model_validate(spec.document(built)),
        tables,
        _provenance(spec),
        Study.model_validate(dict(spec.study)),
        site_head=spec.head,
        site_comments=spec.comments,
        study_comments=spec.study_comments,
        reporting=None if told is None else Reporting.model_validate(dict(told)),
        reporting_comments=spec.reporting_comments,
        columns=spec.columns() if spec.columns else {},
        with_schemas=False,  # `dcopt init` adds them to its copy
    )
    return write_site(site_folder, folder, force=force)


def build_tables(spec: SiteSpec) -> Built:
    """Draw fleet, load and today's placement; each has a random stream of its own."""
    fleet = make_fleet(spec.fleet)
    load = make_load(spec.load, np.random.default_rng([spec.seed, 1]))
    placement = place_start(fleet, load, spec.rules, np.random.default_rng([spec.seed, 2]))
    return Built(fleet, load, placement)


def make_series_dataset(folder: Path) -> Path:
    """Write the synthetic weather, prices and carbon as a data set of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SERIES.items():
        write_table(make(SERIES_SEED), folder / name)
    provenance = Provenance(
        title="Synthetic weather, prices and grid carbon for one year",
        origin="invented; no measured value is in it",
        licence="Apache-2.0",
        how=f"python -m benchmarks.generators.sites series, seed {SERIES_SEED}; the formulas are "
        "in benchmarks/generators/series.py",
        time_zone="UTC; the year is 2025 of Europe/Berlin",
        resolution="1 hour",
    )
    write_provenance(provenance, folder)
    return folder


def _provenance(spec: SiteSpec) -> Provenance:
    return Provenance(
        title=spec.title,
        origin="invented; no real site, service or customer is in it",
        licence="Apache-2.0",
        how=f"python -m benchmarks.generators.sites {spec.name}, seed {spec.seed}",
        time_zone="demand: local time of the site; series: UTC",
        resolution="1 hour",
    )
