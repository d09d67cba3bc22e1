"""Air side: flow and heat, and the fans of computer-room air handlers."""

from __future__ import annotations

import numpy as np

from optimiser.units import AIR_DENSITY_KG_M3, AIR_HEAT_CAPACITY_J_KG_K

VOLUMETRIC_HEAT_J_M3_K = AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K


def air_flow_m3_s(heat_w: np.ndarray, rise_k: np.ndarray | float) -> np.ndarray:
    """Return the air flow that carries ``heat_w`` [W] at a temperature rise [K]: V = Q/(ρ·c_p·ΔT).

    Air at 1.19 kg/m³ and 1005 J/(kg·K); 1 kW at 12 K needs 0.0697 m³/s.
    """
    return heat_w / (VOLUMETRIC_HEAT_J_M3_K * rise_k)


def air_heat_w(flow_m3_s: np.ndarray, rise_k: np.ndarray | float) -> np.ndarray:
    """Return the heat that an air flow [m³/s] carries at a temperature rise [K]: Q = ρ·c_p·V·ΔT."""
    return VOLUMETRIC_HEAT_J_M3_K * flow_m3_s * rise_k


def crah_fan_w(
    flow_m3_s: np.ndarray,
    count: np.ndarray,
    rated_flow_m3_s: np.ndarray,
    rated_fan_w: np.ndarray,
    exponent: np.ndarray,
    min_flow_fraction: np.ndarray,
) -> np.ndarray:
    """Return the fan power of a group of air handlers that share a flow equally [W].

    ``P = n·P_r·max(φ, φ_min)^k`` with φ the flow over the rated flow of all n units: all units
    run, because many slow fans need less than few fast ones. k is 3 for an ideal system and 2.5 to
    2.8 with constant plenum pressure. Above φ = 1 the law goes on, so that a fan that is asked for
    too much is seen as such; the caller counts these hours.
    """
    ratio = flow_m3_s / (count * rated_flow_m3_s)
    return count * rated_fan_w * np.maximum(ratio, min_flow_fraction) ** exponent


def fan_law_w(
    flow_ratio: np.ndarray,
    rated_fan_w: np.ndarray | float,
    exponent: float = 3.0,
    min_flow_ratio: float = 0.0,
) -> np.ndarray:
    """Return fan or pump power by the affinity law ``P_r·max(φ, φ_min)^k`` [W]."""
    return rated_fan_w * np.maximum(flow_ratio, min_flow_ratio) ** exponent
