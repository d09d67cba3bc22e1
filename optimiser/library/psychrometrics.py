"""Wet-bulb temperature of whole weather files at once.

The equations are those of the ASHRAE Handbook Fundamentals (2017), chapter 1: saturation pressure
(5, 6), humidity ratio (20) and the psychrometer (33, 35). The tests compare with psychrolib, which
works value by value and takes seconds to compile.
"""

from __future__ import annotations

import numpy as np

_ICE = (-5.6745359e3, 6.3925247, -9.677843e-3, 6.2215701e-7, 2.0747825e-9, -9.484024e-13, 4.1635019)
_WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 0.0, 6.5459673)
_TRIPLE_POINT_C = 0.01
_STEPS = 36  # halves an interval of 60 K to a nanokelvin


def saturation_pressure_pa(temperature_c: np.ndarray) -> np.ndarray:
    """Return the saturation pressure of water vapour [Pa], over ice below 0.01 °C.

    Valid from -100 to 200 °C.
    """
    kelvin = np.asarray(temperature_c, dtype=float) + 273.15
    frozen = kelvin <= _TRIPLE_POINT_C + 273.15
    return np.exp(np.where(frozen, _exponent(kelvin, _ICE), _exponent(kelvin, _WATER)))


def _exponent(kelvin: np.ndarray, terms: tuple[float, ...]) -> np.ndarray:
    inverse, *powers, logarithm = terms
    series = sum(term * kelvin**power for power, term in enumerate(powers))
    return inverse / kelvin + series + logarithm * np.log(kelvin)


def humidity_ratio(vapour_pa: np.ndarray, pressure_pa: np.ndarray) -> np.ndarray:
    """Return kilograms of vapour per kilogram of dry air at a vapour and a total pressure [Pa]."""
    return 0.621945 * vapour_pa / (pressure_pa - vapour_pa)


def wet_bulb_c(
    dry_bulb_c: np.ndarray, dew_point_c: np.ndarray, pressure_pa: np.ndarray
) -> np.ndarray:
    """Return the wet-bulb temperature [°C] of moist air.

    ``dry_bulb_c`` and ``dew_point_c`` [°C] and ``pressure_pa`` [Pa] have one shape (or broadcast).
    Dew points above the dry bulb are read as saturated air. Found by bisection between the two.
    """
    dry, dew, pressure = np.broadcast_arrays(
        np.asarray(dry_bulb_c, dtype=float), dew_point_c, pressure_pa
    )
    ratio = humidity_ratio(saturation_pressure_pa(np.minimum(dew, dry)), pressure)
    low, high = np.minimum(dew, dry), dry
    for _ in range(_STEPS):
        middle = (low + high) / 2
        too_warm = _ratio_at_wet_bulb(dry, middle, pressure) > ratio
        low, high = np.where(too_warm, low, middle), np.where(too_warm, middle, high)
    return (low + high) / 2


def _ratio_at_wet_bulb(dry: np.ndarray, wet: np.ndarray, pressure: np.ndarray) -> np.ndarray:
    saturated = humidity_ratio(saturation_pressure_pa(wet), pressure)
    sensible = 1.006 * (dry - wet)
    water = ((2501 - 2.326 * wet) * saturated - sensible) / (2501 + 1.86 * dry - 4.186 * wet)
    ice = ((2830 - 0.24 * wet) * saturated - sensible) / (2830 + 1.86 * dry - 2.1 * wet)
    return np.where(wet >= 0, water, ice)
