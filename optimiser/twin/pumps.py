"""Pumps: design power from head and efficiency, and the affinity law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.schema.equipment import PumpCard
from optimiser.twin.air import fan_law_w
from optimiser.units import WATER_DENSITY_KG_M3, WATER_HEAT_CAPACITY_J_KG_K


@dataclass(frozen=True)
class PumpFlow:
    """Water flow [kg/s] and electrical power [W] of a loop, any shape."""

    flow_kg_s: np.ndarray
    power_w: np.ndarray


def water_flow_kg_s(heat_w: np.ndarray, rise_k: np.ndarray | float) -> np.ndarray:
    """Return the water flow that carries ``heat_w`` [W] at a rise [K]: ``Q/(c_p·ΔT)``."""
    return heat_w / (WATER_HEAT_CAPACITY_J_KG_K * rise_k)


def design_pump_w(card: PumpCard, flow_kg_s: float) -> float:
    """Return the electrical power at design flow [W]: ``V·Δp/(η·η_motor)``."""
    volume_m3_s = flow_kg_s / WATER_DENSITY_KG_M3
    return volume_m3_s * card.head_kpa * 1e3 / (card.efficiency * card.motor_efficiency)


def pump_loop(card: PumpCard, heat_w: np.ndarray, design_heat_w: float, rise_k: float) -> PumpFlow:
    """Return flow and power of a variable-flow loop sized for ``design_heat_w`` [W] at ``rise_k``.

    Flow follows the heat down to ``min_flow_fraction``; below, the rise shrinks. Power follows
    flow by the affinity law with the card's exponent (3 ideal, 2.5 to 2.8 with a controlled
    pressure difference). The pumps of the loop run as long as there is a plant.
    """
    design_kg_s = float(water_flow_kg_s(np.array(design_heat_w), rise_k))
    ratio = np.maximum(heat_w / design_heat_w, card.min_flow_fraction)
    power = fan_law_w(ratio, design_pump_w(card, design_kg_s), card.flow_exponent)
    return PumpFlow(flow_kg_s=ratio * design_kg_s, power_w=power)
