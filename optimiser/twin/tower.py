"""Wet cooling towers: the YorkCalc approach and the fan that reaches a water temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.schema.equipment import TowerCard
from optimiser.twin.air import fan_law_w
from optimiser.units import WATER_HEAT_CAPACITY_J_KG_K

# YorkCalc coefficients, as published with EnergyPlus CoolingTowerPerformance:YorkCalc; axes are
# powers of the liquid-to-gas ratio, of the range and of the wet bulb
_YORK = np.array([
    -0.359741205, -0.055053608, 0.0023850432, 0.173926877, -0.0248473764, 0.00048430224,
    -0.005589849456, 0.0005770079712, -1.342427256e-5, 2.84765801111111, -0.121765149,
    0.0014599242, 1.680428651, -0.0166920786, -0.0007190532, -0.025485194448, 4.87491696e-5,
    2.719234152e-5, -0.0653766255555556, -0.002278167, 0.0002500254, -0.0910565458, 0.00318176316,
    3.8621772e-5, -0.0034285382352, 8.56589904e-6, -1.516821552e-6,
]).reshape(3, 3, 3)  # fmt: skip
VALID_WET_BULB_C = (-34.4, 26.7)
VALID_RANGE_K = (1.1, 22.2)
VALID_APPROACH_K = (1.1, 40.0)
VALID_WATER_RATIO = (0.5, 4.0)
MAX_LIQUID_TO_GAS = 8.0
RATED_WET_BULB_C = 25.56


@dataclass(frozen=True)
class Rejection:
    """How a heat rejector does: leaving water, fans and flags, any shape.

    ``leaving_c`` [°C], ``fan_w`` [W], ``is_clamped`` where an input of the curve was held at the
    edge of its range, ``is_overloaded`` where the heat exceeds the rating of all cells.
    """

    leaving_c: np.ndarray
    fan_w: np.ndarray
    is_clamped: np.ndarray
    is_overloaded: np.ndarray


def york_approach_k(
    wet_bulb_c: np.ndarray,
    range_k: np.ndarray,
    water_ratio: np.ndarray | float = 1.0,
    air_ratio: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Return the YorkCalc approach: leaving water above wet bulb [K].

    ``wet_bulb_c`` [°C] from −34.4 to 26.7, ``range_k`` fall of the water temperature [K] from 1.1
    to 22.2, ``water_ratio`` and ``air_ratio`` flows over design flows [1], water over air at most
    8. Inputs and result are held inside these ranges; at design (25.56 °C, 5.56 K) it is 3.84 K.
    """
    liquid_to_gas = np.minimum(np.asarray(water_ratio) / air_ratio, MAX_LIQUID_TO_GAS)
    c0, c1, c2 = _in_liquid_to_gas(wet_bulb_c, range_k)
    return np.clip(c0 + liquid_to_gas * (c1 + liquid_to_gas * c2), *VALID_APPROACH_K)


def _in_liquid_to_gas(
    wet_bulb_c: np.ndarray, range_k: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the three coefficients of the approach as a parabola in the liquid-to-gas ratio."""
    w = np.clip(wet_bulb_c, *VALID_WET_BULB_C)
    r = np.clip(range_k, *VALID_RANGE_K)
    rows = [
        sum((_YORK[p, q, 0] + w * (_YORK[p, q, 1] + w * _YORK[p, q, 2])) * r**q for q in range(3))
        for p in range(3)
    ]
    return rows[0], rows[1], rows[2]


def design_water_kg_s(card: TowerCard) -> float:
    """Return the design water flow of one cell [kg/s]: rated heat over the design range."""
    return card.rated_heat_kw * 1e3 / (WATER_HEAT_CAPACITY_J_KG_K * card.design_range_k)


def _scale_to_card(card: TowerCard) -> float:
    """Return the card's design approach over YorkCalc's, a factor on every approach."""
    rated = york_approach_k(np.array(RATED_WET_BULB_C), np.array(card.design_range_k))
    return card.design_approach_k / float(rated)


def tower_rejection(
    card: TowerCard,
    count: int,
    heat_w: np.ndarray,
    water_kg_s: np.ndarray,
    wet_bulb_c: np.ndarray,
    target_c: np.ndarray,
) -> Rejection:
    """Return leaving water and fan power of ``count`` cells with fans that hold ``target_c``.

    ``heat_w`` [W] and ``water_kg_s`` [kg/s] of all cells; ``wet_bulb_c`` and ``target_c`` [°C].
    The fans turn as slowly as the target allows, between ``min_air_fraction`` and 1; where full
    speed is not enough the water leaves warmer than the target. The air flow is the root of the
    YorkCalc parabola, so nothing is iterated. Cells are closed so that those left keep at least
    half their design water flow, where the curve begins to be valid.
    """
    design_kg_s = design_water_kg_s(card)
    ratio_all = water_kg_s / (count * design_kg_s)
    open_share = np.minimum(1.0, ratio_all / VALID_WATER_RATIO[0])
    water_ratio = np.maximum(ratio_all, VALID_WATER_RATIO[0])
    range_k = heat_w / (WATER_HEAT_CAPACITY_J_KG_K * np.maximum(water_kg_s, 1e-9))
    factor = _scale_to_card(card)
    coefficients = _in_liquid_to_gas(wet_bulb_c, range_k)
    slowest = np.minimum(water_ratio / card.min_air_fraction, _highest_ratio(coefficients))
    slowest = np.maximum(slowest, water_ratio)
    liquid_to_gas = np.clip(
        _solve_parabola(coefficients, (target_c - wet_bulb_c) / factor), water_ratio, slowest
    )
    c0, c1, c2 = coefficients
    reached = c0 + liquid_to_gas * (c1 + liquid_to_gas * c2)
    approach = factor * np.clip(reached, *VALID_APPROACH_K)
    fan = fan_law_w(water_ratio / liquid_to_gas, card.rated_fan_kw * 1e3)
    return Rejection(
        # with fans at their slowest the controls mix warm water in rather than overcool
        leaving_c=np.maximum(wet_bulb_c + approach, target_c),
        fan_w=count * open_share * fan,
        is_clamped=_outside(wet_bulb_c, VALID_WET_BULB_C)
        | _outside(range_k, VALID_RANGE_K)
        | (water_ratio > VALID_WATER_RATIO[1]),
        is_overloaded=heat_w > count * card.rated_heat_kw * 1e3 * (1 + 1e-12),
    )


def _highest_ratio(coefficients: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the largest useful liquid-to-gas ratio: 8, or where the fitted parabola turns."""
    _, c1, c2 = coefficients
    crest = np.where(c2 < 0.0, -c1 / (2.0 * np.where(c2 < 0.0, c2, -1.0)), np.inf)
    return np.minimum(MAX_LIQUID_TO_GAS, crest)


def _solve_parabola(
    coefficients: tuple[np.ndarray, np.ndarray, np.ndarray], value: np.ndarray
) -> np.ndarray:
    """Return L with ``c0 + c1·L + c2·L² = value``: inf above its crest, 0 below its trough."""
    c0, c1, c2 = coefficients
    discriminant = c1**2 - 4.0 * c2 * (c0 - value)
    root = np.sqrt(np.maximum(discriminant, 0.0))
    # the form that does not cancel when c2 is small
    found = 2.0 * (value - c0) / (c1 + root)
    return np.where(discriminant < 0.0, np.where(c2 < 0.0, np.inf, 0.0), found)


def _outside(value: np.ndarray, valid: tuple[float, float]) -> np.ndarray:
    return (value < valid[0]) | (value > valid[1])
