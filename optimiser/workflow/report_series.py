"""The day of the report: power by period, price, carbon and weather."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.report.payload import PowerSeries, Series
from optimiser.workflow.judgement import Side

LOSSES = ("pdu_loss_w", "ups_loss_w", "transformer_loss_w")
COOLING = (
    "crah_fan_w",
    "chiller_w",
    "chilled_water_pump_w",
    "condenser_pump_w",
    "rejection_fan_w",
)


def power_series(twin: xr.Dataset, before: Side, after: Side) -> Series:
    """Return what happens period by period, in the site's local time."""
    local = pd.DatetimeIndex(twin["time"].values).tz_localize("UTC")
    local = local.tz_convert(str(twin.attrs["time_zone"]))
    return Series(
        time=tuple(moment.isoformat(timespec="minutes") for moment in local),
        before=_power(twin, before.simulation),
        after=_power(twin, after.simulation),
        price_per_kwh=_values(twin["price_per_kwh"].values),
        carbon_g_per_kwh=_values(twin["carbon_g_per_kwh"].values),
        dry_bulb_c=_values(twin["dry_bulb_c"].values),
        wet_bulb_c=_values(twin["wet_bulb_c"].values),
    )


def _power(twin: xr.Dataset, replay: xr.Dataset) -> PowerSeries:
    return PowerSeries(
        it_kw=_kilowatts(replay, ("it_w",)),
        losses_kw=_kilowatts(replay, LOSSES) if twin.sizes["feed"] else None,
        cooling_kw=_kilowatts(replay, COOLING) if twin.sizes["zone"] else None,
        total_kw=_kilowatts(replay, ("facility_w",)),
    )


def _kilowatts(replay: xr.Dataset, names: tuple[str, ...]) -> tuple[float, ...]:
    total = np.sum([replay[name].values for name in names], axis=0) / 1e3
    return tuple(total.tolist())


def _values(values: np.ndarray) -> tuple[float, ...] | None:
    return tuple(values.tolist()) if np.isfinite(values).all() else None
