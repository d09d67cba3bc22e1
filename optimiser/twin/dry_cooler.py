"""Dry coolers, plain or with wetted pads that pre-cool the air."""

from __future__ import annotations

import numpy as np

from optimiser.schema.equipment import DryCoolerCard
from optimiser.twin.air import fan_law_w
from optimiser.twin.tower import Rejection
from optimiser.twin.water import LATENT_HEAT_J_KG

AIR_RISE_K = 10.0
"""Temperature rise of the air through the cooler at design, which sets the air flow [K]; typical
of catalogue selections (8 to 12 K) and used for pad water only."""
_AIR_HEAT_J_KG_K = 1006.0


def entering_air_c(
    card: DryCoolerCard, dry_bulb_c: np.ndarray, wet_bulb_c: np.ndarray
) -> np.ndarray:
    """Return the air temperature at the coil [°C].

    Above ``adiabatic_above_c`` the pads are wetted: ``T = T_db − ε·(T_db − T_wb)``. ε is 0.7 to
    0.9 for pads and 0 for a plain cooler.
    """
    depression = card.adiabatic_effectiveness * (dry_bulb_c - wet_bulb_c)
    return dry_bulb_c - np.where(dry_bulb_c > card.adiabatic_above_c, depression, 0.0)


def air_ratio(
    card: DryCoolerCard, count: int, heat_w: np.ndarray, air_c: np.ndarray, target_c: np.ndarray
) -> np.ndarray:
    """Return the air flow over design flow that brings the water to ``target_c`` [1], at most 1.

    At constant approach factor heat is proportional to air flow times approach, hence
    ``φ = q·A/(T_target − T_air)`` with q the heat over the rating and A the design approach.
    """
    load = heat_w / (count * card.rated_heat_kw * 1e3)
    room_k = np.maximum(np.asarray(target_c - air_c, dtype=float), 1e-9)
    return np.minimum(load * card.approach_k / room_k, 1.0)


def dry_cooler_rejection(
    card: DryCoolerCard,
    count: int,
    heat_w: np.ndarray,
    air_c: np.ndarray,
    target_c: np.ndarray,
) -> Rejection:
    """Return leaving water and fan power of ``count`` coolers with fans that hold ``target_c``.

    ``heat_w`` [W] of all coolers, ``air_c`` entering air and ``target_c`` [°C]. Where full speed is
    not enough the water leaves at ``T_air + q·A``. Fan power follows the cube of air flow.
    """
    flow = air_ratio(card, count, heat_w, air_c, target_c)
    load = heat_w / (count * card.rated_heat_kw * 1e3)
    at_full_speed = air_c + load * card.approach_k
    return Rejection(
        leaving_c=np.where(flow < 1.0, target_c, np.maximum(at_full_speed, target_c)),
        fan_w=count * fan_law_w(flow, card.rated_fan_kw * 1e3),
        is_clamped=np.zeros(np.shape(flow), dtype=bool),
        is_overloaded=load > 1.0 + 1e-12,
    )


def pad_water_l_per_h(
    card: DryCoolerCard,
    count: int,
    flow_ratio: np.ndarray,
    dry_bulb_c: np.ndarray,
    wet_bulb_c: np.ndarray,
) -> np.ndarray:
    """Return the water that the pads evaporate [L/h]: the heat taken from the air over h_fg.

    The air flow is the design flow (rated heat at a 10 K air rise) times ``flow_ratio`` [1].
    """
    cooled_k = dry_bulb_c - entering_air_c(card, dry_bulb_c, wet_bulb_c)
    design_kg_s = count * card.rated_heat_kw * 1e3 / (_AIR_HEAT_J_KG_K * AIR_RISE_K)
    heat_w = flow_ratio * design_kg_s * _AIR_HEAT_J_KG_K * cooled_k
    return heat_w / LATENT_HEAT_J_KG * 3600.0
