"""Time-resolved demand: periods, distinct demand steps and flavours (distinct demands)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from optimiser.distinct import distinct_rows
from optimiser.schema.policy import SlaClass
from optimiser.schema.site import Resource
from optimiser.schema.study import Horizon

DAY_MINUTES = 1440


@dataclass(frozen=True)
class Clock:
    """The periods of a plan.

    ``utc`` (T,) is the naive-UTC start of each period, ``local`` (T,) the wall clock of the site,
    ``hours`` (T,) the duration [h].
    """

    utc: np.ndarray
    local: np.ndarray
    hours: np.ndarray


def make_clock(horizon: Horizon, time_zone: str, demand: pd.DataFrame | None) -> Clock:
    """Return the periods of a horizon; days of 23 or 25 hours keep their true length."""
    start = _start_of(horizon, demand)
    first = pd.Timestamp(start)
    if first.tzinfo is None:
        first = first.tz_localize(time_zone, ambiguous=True, nonexistent="shift_forward")
    count = max(1, round(horizon.hours * 60 / horizon.step_minutes))
    step = pd.Timedelta(minutes=horizon.step_minutes)
    utc = pd.date_range(first.tz_convert("UTC"), periods=count, freq=step)
    local = utc.tz_convert(time_zone).tz_localize(None)
    return Clock(
        utc=utc.tz_localize(None).to_numpy().astype("datetime64[s]"),
        local=local.to_numpy().astype("datetime64[s]"),
        hours=np.full(count, horizon.step_minutes / 60.0),
    )


def _start_of(horizon: Horizon, demand: pd.DataFrame | None) -> datetime | str:
    if horizon.start is not None:
        return horizon.start
    if demand is not None and len(demand) and not is_daily(demand["time"]):
        return str(pd.to_datetime(demand["time"]).min())
    return "2026-01-15T00:00:00"


def is_daily(times: pd.Series) -> bool:
    """Say whether a time column is by the clock (``HH:MM``) and so repeats every day."""
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        return False
    return bool(times.astype(str).str.fullmatch(r"\d{1,2}:\d{2}").all())


@dataclass(frozen=True)
class Profiles:
    """Fractions of the request by profile, resource and distinct step.

    ``fraction`` (profile, resource, step); ``step_of_time`` (T,) maps periods to steps. Profile 0
    is the constant profile (1 at all times).
    """

    names: tuple[str, ...]
    fraction: np.ndarray
    step_of_time: np.ndarray


def build_profiles(
    demand: pd.DataFrame | None, clock: Clock, resources: tuple[Resource, ...], step_minutes: int
) -> Profiles:
    """Sample the demand table on the periods of the plan.

    A period takes the *largest* fraction among the samples that fall into it, so that a coarser
    plan never under-reserves. Identical periods share one step.
    """
    num_times = len(clock.local)
    if demand is None or demand.empty:
        ones = np.ones((1, len(resources), 1))
        return Profiles(("constant",), ones, np.zeros(num_times, dtype=np.int32))
    minutes, period = _sample_minutes(demand, clock)
    names = tuple(dict.fromkeys(demand["profile"].astype(str)))
    grid = np.unique(minutes)
    table = _pivot(demand, minutes, grid, names, resources)
    columns = _sample_columns(grid, period, clock, step_minutes)
    distinct, step_of_time = np.unique(columns, axis=0, return_inverse=True)
    sampled = table[:, :, distinct].max(axis=3)
    constant = np.ones((1, len(resources), len(distinct)))
    return Profiles(
        ("constant", *names),
        np.concatenate([constant, sampled]),
        step_of_time.reshape(-1).astype(np.int32),
    )


def _sample_minutes(demand: pd.DataFrame, clock: Clock) -> tuple[np.ndarray, int | None]:
    """Return the sample time of each row in minutes and the period after which they repeat."""
    if is_daily(demand["time"]):
        parts = demand["time"].astype(str).str.split(":", expand=True).astype(int)
        return (parts[0] * 60 + parts[1]).to_numpy(), DAY_MINUTES
    stamps = pd.to_datetime(demand["time"])
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_convert("UTC").dt.tz_localize(None)
        origin = clock.utc[0]
    else:
        origin = clock.local[0]
    seconds = (stamps.to_numpy().astype("datetime64[s]") - origin).astype(np.int64)
    return seconds // 60, None


def _pivot(
    demand: pd.DataFrame,
    minutes: np.ndarray,
    grid: np.ndarray,
    names: tuple[str, ...],
    resources: tuple[Resource, ...],
) -> np.ndarray:
    """Return fractions as (profile, resource, sample); gaps take the last value before them."""
    row = pd.Index(names).get_indexer(pd.Index(demand["profile"].astype(str)))
    column = np.searchsorted(grid, minutes)
    table = np.full((len(names), len(resources), len(grid)), np.nan)
    for position, resource in enumerate(resources):
        if resource.name in demand.columns:
            table[row, position, column] = demand[resource.name].to_numpy(dtype=float)
        else:
            table[:, position, :] = 1.0
    flat = pd.DataFrame(table.reshape(-1, len(grid)).T).ffill().bfill()
    return flat.to_numpy().T.reshape(table.shape)


def _sample_columns(
    grid: np.ndarray, period: int | None, clock: Clock, step_minutes: int
) -> np.ndarray:
    """Return, for each period, the columns of the samples valid in it: (T, samples)."""
    gaps = np.diff(grid)
    resolution = int(gaps.min()) if len(gaps) else step_minutes
    per_period = max(1, step_minutes // max(1, resolution))
    offsets = np.arange(per_period) * (step_minutes / per_period)
    if period is None:
        base = ((clock.utc - clock.utc[0]).astype(np.int64)) / 60.0
        wanted = base[:, None] + offsets[None, :]
    else:
        since_midnight = (clock.local - clock.local.astype("datetime64[D]")).astype(np.int64) / 60.0
        wanted = (since_midnight[:, None] + offsets[None, :]) % period
    found = np.searchsorted(grid, wanted, side="right") - 1
    # before the first sample of the day the last one of the day before is in force
    return np.where(found < 0, len(grid) - 1 if period is not None else 0, found)


@dataclass(frozen=True)
class Flavours:
    """Distinct demands.

    ``usage`` (flavour, resource, step) int64, ``request`` (flavour, resource) int64,
    ``of_row`` (rows,) flavour of each workload row.
    """

    usage: np.ndarray
    request: np.ndarray
    of_row: np.ndarray


def build_flavours(
    request: np.ndarray,
    profile: np.ndarray,
    sla_class: np.ndarray,
    classes: tuple[SlaClass, ...],
    profiles: Profiles,
    resources: tuple[Resource, ...],
) -> Flavours:
    """Group rows of equal request, profile and class, and compute their exact integer use.

    ``request`` (rows, resource) int64, ``profile`` and ``sla_class`` (rows,) indices (class −1:
    none). Use is ``ceil(request · fraction / overcommit)``; device resources do not vary.
    """
    key = np.column_stack([request, profile, sla_class])
    first, of_row = distinct_rows(key)
    distinct = key[first]
    num_resources = request.shape[1]
    base = distinct[:, :num_resources].astype(np.int64)
    fraction = profiles.fraction[distinct[:, num_resources]].copy()
    class_index = distinct[:, num_resources + 1]
    for index, sla in enumerate(classes):
        _apply_class(fraction, class_index == index, sla, resources)
    for position, resource in enumerate(resources):
        if resource.device_size is not None:
            fraction[:, position, :] = 1.0
    usage = np.ceil(base[:, :, None] * fraction - 1e-9).astype(np.int64)
    return Flavours(usage, base, of_row.astype(np.int32))


def _apply_class(
    fraction: np.ndarray, chosen: np.ndarray, sla: SlaClass, resources: tuple[Resource, ...]
) -> None:
    if sla.peak:
        fraction[chosen] = fraction[chosen].max(axis=2, keepdims=True)
    for position, resource in enumerate(resources):
        ratio = sla.overcommit.get(resource.name, 1.0)
        if ratio != 1.0:
            fraction[chosen, position, :] /= ratio
