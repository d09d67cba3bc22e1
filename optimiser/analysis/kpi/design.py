"""Design components of ASHRAE 90.4, the ENERGY STAR ratio, EU size bands.

Limits and regression numbers are not here: they are data of rulesets or come from licensed text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from optimiser.analysis.kpi.quantity import PARTIAL, Flag, Quantity, Ratio
from optimiser.analysis.kpi.ratio import Band, Window, divide

KWH_PER_TBTU = 1e12 / 3412.142
"""Kilowatt-hours in 1e12 British thermal units."""
SIZE_BANDS = (
    ("below the form", 100.0), ("very small", 500.0), ("small", 1000.0), ("medium", 2000.0),
    ("large", 10_000.0), ("very large", math.inf),
)  # fmt: skip
"""Size bands of the EU database by installed IT power [kW]; a bound belongs to the larger band,
10 MW itself to the large one."""


def mechanical_load(mechanical: Sequence[Quantity], it_energy: Quantity, window: Window) -> Ratio:
    """Return MLC = Σ (cooling, pumps, heat rejection, air handling) / E_IT, from kWh."""
    return divide(
        "MLC",
        ("e_mech", "kWh", mechanical),
        ("e_it", "kWh", [it_energy]),
        "1",
        window,
        Band(0.0, why="energy cannot be negative"),
        method="mlc@1",
    )


def electrical_loss(efficiencies: Sequence[float]) -> float:
    """Return ELC = 1 − Π η over the segments of the electrical chain (UPS, distribution).

    Raises ``ValueError`` for none, or for one that is not above 0 and at most 1.
    """
    if not efficiencies or not all(0 < one <= 1 for one in efficiencies):
        raise ValueError("efficiencies of segments are above 0 and at most 1")
    return 1.0 - math.prod(efficiencies)


def predicted_pue(it_energy_kwh: float, intercept: float, slope_per_tbtu: float) -> float:
    """Return the PUE that the ENERGY STAR regression predicts from annual IT energy [kWh]."""
    return intercept + slope_per_tbtu * it_energy_kwh / KWH_PER_TBTU


def energy_star(pue: Ratio, window: Window, intercept: float, slope_per_tbtu: float) -> Ratio:
    """Return actual over predicted PUE of a year (lower is better), indicative only.

    Raises ``ValueError`` when IT energy was not metered at the UPS outputs (category 1).
    """
    if pue.category != "1":
        raise ValueError("the ratio takes IT energy at the UPS outputs")
    predicted = predicted_pue(pue.denominator.value or 0.0, intercept, slope_per_tbtu)
    flags = [
        Flag("INDICATIVE", f"predicted PUE {predicted:.4g}; the score is the scheme's", "note")
    ]
    above = [replace(term, coefficient=term.coefficient / predicted) for term in pue.terms]
    result = divide(
        "PUE actual/predicted",
        ("e_dc/predicted", "kWh", above),
        ("e_it", "kWh", pue.below),
        "1",
        window,
        Band(0.0, why="energy cannot be negative"),
        method="energy-star@1",
        flags=flags,
    )
    if window.is_year and result.completeness >= window.enough:
        return result
    return replace(result, value=None, lower=None, upper=None, reason=result.reason or PARTIAL)


def size_band(rated_it_kw: float) -> str:
    """Return the size band of the EU database of an installed IT power [kW]."""
    for name, bound in SIZE_BANDS:
        if rated_it_kw < bound or (name == "large" and rated_it_kw <= bound):
            return name
    return SIZE_BANDS[-1][0]
