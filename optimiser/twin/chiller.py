"""Chillers: DOE-2 curves inside their validity range, or a Carnot ratio for warm water."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.schema.equipment import Carnot, ChillerCard

_KELVIN = 273.15


@dataclass(frozen=True)
class MachineState:
    """What one machine can do at given temperatures.

    ``capacity_w`` largest cooling [W], ``full_power_w`` electrical power at that load [W],
    ``is_clamped`` where a temperature was outside the range of fitted curves and was held at its
    edge; never with the Carnot ratio, whose smallest lift is how machines are run, not a limit of
    knowledge.
    """

    capacity_w: np.ndarray
    full_power_w: np.ndarray
    is_clamped: np.ndarray


@dataclass(frozen=True)
class ChillerPower:
    """Electrical power [W] of all machines and the flags that a report must show.

    ``num_running`` machines that share the load; ``is_clamped`` see :class:`MachineState`;
    ``is_overloaded`` where the heat is above what all machines can remove.
    """

    power_w: np.ndarray
    num_running: np.ndarray
    is_clamped: np.ndarray
    is_overloaded: np.ndarray


def biquadratic(x: np.ndarray, y: np.ndarray, c: Sequence[float]) -> np.ndarray:
    """Return ``c1 + c2·x + c3·x² + c4·y + c5·y² + c6·x·y`` (DOE-2 curve form)."""
    return c[0] + c[1] * x + c[2] * x**2 + c[3] * y + c[4] * y**2 + c[5] * x * y


def carnot_cop(evaporator_c: np.ndarray, condenser_c: np.ndarray, carnot: Carnot) -> np.ndarray:
    """Return ``η·T_e/(T_c − T_e)`` at full load [1].

    The refrigerant is ``approach_k`` colder than the leaving chilled water and as much warmer than
    the leaving condenser water (or the outdoor air); the lift is held at ``min_lift_k`` or more,
    because expansion valves and oil return forbid less. Unlike fitted curves it is valid for 13 to
    24 °C chilled water, where none of the published DOE-2 sets is. The share η is fixed by one
    rated point with the same definition of temperatures (0.45 to 0.60 centrifugal, 0.35 to 0.45
    air-cooled screw).
    """
    evaporating_k = np.asarray(evaporator_c, dtype=float) - carnot.approach_k + _KELVIN
    lift_k = np.asarray(condenser_c, dtype=float) - evaporator_c + 2.0 * carnot.approach_k
    return carnot.efficiency * evaporating_k / np.maximum(lift_k, carnot.min_lift_k)


def machine_state(
    card: ChillerCard, evaporator_c: np.ndarray | float, condenser_c: np.ndarray
) -> MachineState:
    """Return capacity and full-load power of one machine.

    ``evaporator_c`` leaving chilled water [°C]; ``condenser_c`` condenser water, entering for DOE-2
    curves and leaving for Carnot, or outdoor air for an air-cooled machine [°C]. DOE-2
    (``Cap = Q_r·CapFT``, ``P = Cap/COP_r·EIRFT``): both temperatures are held inside the range of
    the card.
    """
    condenser = np.asarray(condenser_c, dtype=float)
    evaporator = np.broadcast_to(np.asarray(evaporator_c, dtype=float), condenser.shape)
    rated_w = card.rated_cooling_kw * 1e3
    if card.carnot is not None:
        cop = carnot_cop(evaporator, condenser, card.carnot)
        never = np.zeros(condenser.shape, dtype=bool)
        return MachineState(np.full(condenser.shape, rated_w), rated_w / cop, never)
    x = np.clip(evaporator, *card.valid_evaporator_c)
    y = np.clip(condenser, *card.valid_condenser_c)
    assert card.capacity_curve is not None and card.efficiency_curve is not None
    capacity = rated_w * biquadratic(x, y, card.capacity_curve)
    power = capacity / card.rated_cop * biquadratic(x, y, card.efficiency_curve)
    return MachineState(capacity, power, (x != evaporator) | (y != condenser))


def part_load_power(card: ChillerCard, part_load: np.ndarray) -> np.ndarray:
    """Return the share of full-load power at a part load ratio [1]: EIRFPLR with its two ends.

    Below ``min_part_load_fraction`` the machine runs at that load for part of the time, so power
    is proportional to load. Above 1 (an overloaded plant) power also stays proportional, at the
    full-load COP, and the hour is flagged.
    """
    lowest = max(card.min_part_load_fraction, 1e-6)
    held = np.clip(part_load, lowest, 1.0)
    d = card.part_load_curve
    share = d[0] + d[1] * held + d[2] * held**2
    return share * (part_load / held)


def chiller_power(
    card: ChillerCard,
    count: int,
    heat_w: np.ndarray,
    evaporator_c: np.ndarray | float,
    condenser_c: np.ndarray,
) -> ChillerPower:
    """Return the power of ``count`` equal machines that remove ``heat_w`` [W], any shape.

    The machines that run share the load equally; as many run as need the least power
    (sequencing by efficiency), among those numbers that carry the load.
    """
    heat, condenser = np.broadcast_arrays(np.asarray(heat_w, dtype=float), condenser_c)
    state = machine_state(card, evaporator_c, condenser)
    best = np.full(heat.shape, np.inf)
    running = np.zeros(heat.shape, dtype=np.int32)
    for number in range(1, count + 1):
        part_load = heat / (number * state.capacity_w)
        power = number * state.full_power_w * part_load_power(card, part_load)
        better = ((part_load <= 1.0) | (number == count)) & (power < best)
        best = np.where(better, power, best)
        running = np.where(better, number, running)
    idle = heat <= 0.0
    return ChillerPower(
        power_w=np.where(idle, 0.0, best),
        num_running=np.where(idle, 0, running),
        is_clamped=state.is_clamped & ~idle,
        is_overloaded=heat > count * state.capacity_w * (1 + 1e-12),
    )
