"""Water of wet heat rejection: evaporation, drift and blowdown."""

from __future__ import annotations

import numpy as np

LATENT_HEAT_J_KG = 2.4299e6
"""Heat of vaporisation at 30 °C; 1 kWh evaporates 1.482 L."""
_SECONDS_PER_HOUR = 3600.0


def evaporation_l_per_h(heat_w: np.ndarray, latent_fraction: float) -> np.ndarray:
    """Return the water that evaporates [L/h] when ``heat_w`` [W] is rejected.

    ``E = λ·Q/h_fg`` with λ the latent share [1], 0.65 to 0.95 (lower in cold air).
    """
    return latent_fraction * heat_w / LATENT_HEAT_J_KG * _SECONDS_PER_HOUR


def drift_l_per_h(water_kg_s: np.ndarray, drift_fraction: float) -> np.ndarray:
    """Return the droplets carried off [L/h]: a fraction of the circulated water [kg/s]."""
    return drift_fraction * water_kg_s * _SECONDS_PER_HOUR


def blowdown_l_per_h(
    evaporation: np.ndarray, drift: np.ndarray, cycles_of_concentration: float
) -> np.ndarray:
    """Return the water bled to hold the dissolved solids [L/h]: ``E/(CoC − 1) − D``, 0 or more.

    ``evaporation`` and ``drift`` [L/h]; ``cycles_of_concentration`` above 1 (3 to 6 usual). Drift
    carries solids off too, so it counts towards the bleed.
    """
    return np.maximum(evaporation / (cycles_of_concentration - 1.0) - drift, 0.0)


def make_up_l_per_h(
    heat_w: np.ndarray,
    water_kg_s: np.ndarray,
    *,
    latent_fraction: float,
    drift_fraction: float,
    cycles_of_concentration: float,
) -> np.ndarray:
    """Return the make-up of a wet tower [L/h], ``E + B + D``, linear in the heat it rejects."""
    evaporation = evaporation_l_per_h(heat_w, latent_fraction)
    drift = drift_l_per_h(water_kg_s, drift_fraction)
    return evaporation + drift + blowdown_l_per_h(evaporation, drift, cycles_of_concentration)
