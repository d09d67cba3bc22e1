"""Thermal envelopes of ASHRAE TC 9.9: which air may enter a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.schema.equipment import InletClass

EnvelopeName = Literal["recommended", "allowable"]
DERATING_STARTS_M = 900.0


@dataclass(frozen=True)
class AirEnvelope:
    """Limits of the air entering a server.

    ``low_c`` and ``high_c`` dry bulb [°C], ``dew_low_c`` and ``dew_high_c`` dew point [°C],
    ``rh_low`` and ``rh_high`` relative humidity [1], ``k_per_m`` how much the highest dry bulb
    falls with each metre above 900 m [K/m].
    """

    low_c: float
    high_c: float
    dew_low_c: float
    dew_high_c: float
    rh_low: float
    rh_high: float
    k_per_m: float = 0.0


ALLOWABLE: dict[str, AirEnvelope] = {
    "A1": AirEnvelope(15, 32, -12, 17, 0.08, 0.80, 1 / 300),
    "A2": AirEnvelope(10, 35, -12, 21, 0.08, 0.80, 1 / 300),
    "A3": AirEnvelope(5, 40, -12, 24, 0.08, 0.85, 1 / 175),
    "A4": AirEnvelope(5, 45, -12, 24, 0.08, 0.90, 1 / 125),
    "B": AirEnvelope(5, 35, -np.inf, 28, 0.08, 0.80, 1 / 300),
    "C": AirEnvelope(5, 40, -np.inf, 28, 0.08, 0.80, 1 / 300),
    "H1": AirEnvelope(5, 25, -12, 17, 0.08, 0.80, 1 / 300),
}
_RECOMMENDED_A = AirEnvelope(18, 27, -9, 15, 0.0, 0.70)
# classes B and C are offices and shop floors: the guideline recommends no narrower range for them
RECOMMENDED: dict[str, AirEnvelope] = {
    **dict.fromkeys(("A1", "A2", "A3", "A4"), _RECOMMENDED_A),
    "B": ALLOWABLE["B"],
    "C": ALLOWABLE["C"],
    "H1": AirEnvelope(18, 22, -9, 15, 0.0, 0.70),
}

# relative failure rate by inlet temperature, 20 °C = 1, middle of the published band for class A2
X_FACTOR_C = np.array([15.0, 20.0, 25.0, 30.0, 35.0])
X_FACTOR = np.array([0.72, 1.00, 1.24, 1.42, 1.55])


def inlet_limit_c(
    inlet_class: InletClass, envelope: EnvelopeName = "recommended", altitude_m: float = 0.0
) -> float:
    """Return the highest inlet dry bulb of a class [°C], from the 2021 thermal guidelines.

    Above 900 m the *allowable* limit falls with altitude (A1, A2 1 K per 300 m, A3 per 175 m, A4
    per 125 m). The recommended limit falls only when the derated allowable one is below it.
    """
    allowable = ALLOWABLE[inlet_class]
    height_m = max(0.0, altitude_m - DERATING_STARTS_M)
    derated_c = allowable.high_c - allowable.k_per_m * height_m
    if envelope == "allowable":
        return float(derated_c)
    return float(min(RECOMMENDED[inlet_class].high_c, derated_c))


def inlet_lowest_c(inlet_class: InletClass, envelope: EnvelopeName = "recommended") -> float:
    """Return the lowest inlet dry bulb of a class [°C]."""
    table = ALLOWABLE if envelope == "allowable" else RECOMMENDED
    return float(table[inlet_class].low_c)


def x_factor(inlet_c: np.ndarray) -> np.ndarray:
    """Return the failure rate relative to a 20 °C inlet [1], ASHRAE X-factor, any shape.

    Linear between the published points (15 to 35 °C); outside, the end value stays, so a report
    that leaves the range must say so.
    """
    return np.interp(inlet_c, X_FACTOR_C, X_FACTOR)
