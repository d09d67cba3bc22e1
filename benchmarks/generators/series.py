"""Synthetic weather, prices and carbon for one local year, hour by hour.

Nothing here is measured. Each series is a few sines plus autoregressive noise, so that a reader
can recompute it; the constants are round numbers chosen to look like a mild continental climate
and a market with much wind and sun.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimiser.library.psychrometrics import wet_bulb_c

YEAR_START = "2024-12-31T23:00Z"
"""First hour, in UTC: midnight of 1 January 2025 in the demo's time zone (UTC+1 in winter)."""
HOURS = 8760
PRESSURE_PA = 101_325.0


def hour_labels() -> list[str]:
    """Return the 8,760 starts of hour of the year as ``2025-01-01T00:00Z`` strings."""
    times = pd.date_range(YEAR_START, periods=HOURS, freq="h")
    return [f"{moment:%Y-%m-%dT%H:%MZ}" for moment in times]


def make_weather(seed: int) -> pd.DataFrame:
    """Return ``time, dry_bulb_c, wet_bulb_c`` for the year.

    dry bulb = 10.5 + 10.5·sin(annual) + (3 + 1.5·sin(annual))·sin(daily) + noise
    dew point depression = max(0.5, 5 + 3·sin(annual) + 3.5·sin(daily) + noise)

    with the annual sine at its top on 22 July and the daily one at 15:00 local standard time;
    noise is AR(1) with a correlation of 0.985 an hour. The wet bulb follows from dry bulb and
    dew point at sea level.
    """
    rng = np.random.default_rng([seed, 1])
    annual, daily = _annual_sine(top_day=202), _daily_sine(top_hour=15)
    dry = 10.5 + 10.5 * annual + (3.0 + 1.5 * annual) * daily
    dry += _ar1(rng, correlation=0.985, spread=3.0)
    depression = 5.0 + 3.0 * annual + 3.5 * daily + _ar1(rng, correlation=0.97, spread=1.5)
    dew = dry - np.maximum(depression, 0.5)
    dry = np.round(dry, 1)
    wet = np.minimum(np.round(wet_bulb_c(dry, dew, np.full(HOURS, PRESSURE_PA)), 1), dry)
    return pd.DataFrame({"time": hour_labels(), "dry_bulb_c": dry, "wet_bulb_c": wet})


def make_clean_energy(seed: int, solar_mwh: float) -> pd.DataFrame:
    """Return ``time, solar_kwh, grid_cfe``: a solar contract and the clean share of the grid.

    The contract delivers ``solar_mwh`` in the year in the shape of the sun of :func:`make_prices`;
    the share follows sun and wind: 0.42 + 0.22·sun + 0.09·wind, between 0.1 and 0.98.
    """
    sun = _sun()
    solar = np.round(1e3 * solar_mwh * sun / sun.sum(), 2)
    share = np.clip(0.42 + 0.22 * sun + 0.09 * _wind(seed), 0.1, 0.98)
    return pd.DataFrame({"time": hour_labels(), "solar_kwh": solar, "grid_cfe": np.round(share, 3)})


def make_prices(seed: int) -> pd.DataFrame:
    """Return ``time, price_per_kwh`` in EUR: two peaks a day, cheap week-ends, sun and wind.

    A market price plus 55 EUR/MWh for network and levies. The wind is the same as in
    :func:`make_carbon`, so that clean hours tend to be cheap.
    """
    clock = _local_hour()
    workday = (_day() + 2) % 7 < 5  # 1 January 2025 is a Wednesday
    peaks = 22.0 * np.exp(-((clock - 8.0) ** 2) / 8.0) + 34.0 * np.exp(-((clock - 19.0) ** 2) / 9.0)
    eur_per_mwh = 137.0 - 10.0 * _annual_sine(top_day=202) + peaks * np.where(workday, 1.0, 0.6)
    eur_per_mwh += np.where(workday, 0.0, -9.0) - 75.0 * _sun() - 16.0 * _wind(seed)
    eur_per_mwh += _ar1(np.random.default_rng([seed, 3]), correlation=0.9, spread=6.0)
    return pd.DataFrame({"time": hour_labels(), "price_per_kwh": np.round(eur_per_mwh / 1e3, 5)})


def make_carbon(seed: int) -> pd.DataFrame:
    """Return ``time, carbon_g_per_kwh``: high on still winter evenings, low on sunny noons."""
    clock = _local_hour()
    evening = 45.0 * np.exp(-((clock - 19.5) ** 2) / 10.0)
    grams = 375.0 - 25.0 * _annual_sine(top_day=202) + evening - 190.0 * _sun()
    grams = np.clip(grams - 65.0 * _wind(seed), 60.0, 720.0)
    return pd.DataFrame({"time": hour_labels(), "carbon_g_per_kwh": np.round(grams).astype(int)})


def _day() -> np.ndarray:
    return np.arange(HOURS) // 24


def _local_hour() -> np.ndarray:
    return np.arange(HOURS) % 24 + 0.5


def _annual_sine(top_day: int) -> np.ndarray:
    return np.cos(2 * np.pi * (np.arange(HOURS) / 24 - top_day) / 365)


def _daily_sine(top_hour: float) -> np.ndarray:
    return np.cos(2 * np.pi * (_local_hour() - top_hour) / 24)


def _sun() -> np.ndarray:
    """Share of the midsummer noon sun, without clouds."""
    season = 0.55 + 0.45 * _annual_sine(top_day=172)
    half_day_h = 4.0 + 4.0 * season
    shape = np.cos(np.pi / 2 * np.clip((_local_hour() - 12.5) / half_day_h, -1, 1))
    return season * shape


def _wind(seed: int) -> np.ndarray:
    return _ar1(np.random.default_rng([seed, 2]), correlation=0.97, spread=1.0)


def _ar1(rng: np.random.Generator, correlation: float, spread: float) -> np.ndarray:
    """Return autoregressive noise with the given hourly correlation and standard deviation."""
    shocks = rng.normal(0.0, spread * np.sqrt(1 - correlation**2), HOURS)
    values = np.empty(HOURS)
    values[0] = rng.normal(0.0, spread)
    for hour in range(1, HOURS):
        values[hour] = correlation * values[hour - 1] + shocks[hour]
    return values
