"""Components of a period from the twin's own simulation, for a placement today or of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.modelled import modelled_series
from optimiser.analysis.verdict import Placement, placement_today
from optimiser.errors import CheckFailedError
from optimiser.library.meters.grid import grid_of
from optimiser.schema.period import Period
from optimiser.schema.study import Horizon
from optimiser.twin.simulate import simulate
from optimiser.workflow.loading import Loaded, load


@dataclass(frozen=True)
class Modelled:
    """A simulated period: the site as loaded over it, the placement, replay and components."""

    loaded: Loaded
    placement: Placement
    simulation: xr.Dataset
    components: Components


def load_period(path: Path, period: Period) -> Loaded:
    """Read a site and build its twin over exactly the hours of a period."""
    grid = grid_of(period)
    horizon = Horizon(
        start=period.start, hours=grid.num * grid.step_h, step_minutes=grid.step_s // 60
    )
    return load(path, horizon)


def model_today(path: Path, period: Period, water_source: str | None = None) -> Modelled:
    """Simulate today's placement over a period.

    Raises ``InputError`` for a wrong site and ``CheckFailedError`` when nothing is known to run.
    """
    loaded = load_period(path, period)
    if not loaded.has_placement:
        raise CheckFailedError(
            "nothing is known to run today, so there is nothing to report from the model",
            "give placement.csv, or meters in reporting.yaml",
        )
    return model_placement(loaded, today_with_its_hosts(loaded.twin), period, water_source)


def today_with_its_hosts(twin: xr.Dataset) -> Placement:
    """Return today's placement; what holds something is on, whatever the table says."""
    today = placement_today(twin)
    on = np.array(today.host_on, dtype=bool)
    on[today.host[today.host >= 0]] = True
    return Placement(today.host, on, today.devices)


def model_placement(
    loaded: Loaded, placement: Placement, period: Period, water_source: str | None = None
) -> Modelled:
    """Simulate a placement over the period that a site was loaded for."""
    host, on = np.asarray(placement.host), np.asarray(placement.host_on)
    replay = simulate(loaded.twin, host, on, hosts=True)
    data = modelled_series(
        loaded.twin,
        replay,
        period,
        water_source=water_source,
        carbon_basis=loaded.site_input.site.environment.carbon_basis or "",
        files=loaded.site_input.files,
    )
    return Modelled(loaded, placement, replay, Components(data))
