"""Software carbon intensity: carbon per functional unit of a service.

Source: ISO/IEC 21031:2024, SCI = (O + M) / R with O = E · I and
M = TE · (TiR / EL) · (RR / ToR).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from optimiser.analysis.kpi.quantity import Flag, Quantity, Ratio, Term
from optimiser.analysis.kpi.ratio import Band, Window, divide
from optimiser.errors import InputError, Problem
from optimiser.units import HOURS_PER_YEAR

GRAMS_PER_KG = 1000.0
IntensityBasis = Literal["location", "marginal"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """Servers that a service reserves.

    ``embodied`` (TE) is the carbon of one server [kgCO2e], ``lifetime_years`` its expected life
    (EL), ``reserved_h`` the time it is reserved (TiR) [h], ``resources`` and ``of_resources`` (RR,
    ToR) what is reserved of what it has, in one unit.
    """

    embodied: Quantity
    lifetime_years: float
    reserved_h: float
    resources: float = 1.0
    of_resources: float = 1.0

    @property
    def share(self) -> float:
        """Share of the embodied carbon. Raises ``ValueError`` for a share that is not possible."""
        life_h = self.lifetime_years * HOURS_PER_YEAR
        if life_h <= 0 or self.of_resources <= 0:
            raise ValueError("life and resources of the server must be positive")
        if self.reserved_h < 0 or not 0 <= self.resources <= self.of_resources:
            raise ValueError("more is reserved than the server has")
        return self.reserved_h / life_h * self.resources / self.of_resources


def embodied_share(hardware: Hardware) -> Term:
    """Return M: embodied carbon of the reservation [kgCO2e]."""
    return Term(hardware.embodied, hardware.share)


def software_intensity(
    service: str,
    unit: str,
    units: float,
    energy: Quantity,
    intensity: Quantity,
    hardware: tuple[Hardware, ...],
    window: Window,
    *,
    basis: IntensityBasis = "location",
    unit_scale: float = 1.0,
) -> Ratio:
    """Return SCI [gCO2e per ``unit_scale`` functional units], lower is better and never 0.

    ``energy`` [kWh] holds the facility's overhead (IT energy × PUE) and the reserved, idle and
    redundant hardware; ``intensity`` [kgCO2e/kWh] is location-based average or marginal. Raises
    ``InputError`` when no functional unit was counted and ``ValueError`` for a market-based
    intensity.
    """
    if basis not in ("location", "marginal"):
        raise ValueError(f"the intensity of SCI is location-based or marginal, not {basis}")
    if not units > 0:
        what = f"no {unit} was counted: carbon per {unit} is not defined"
        remedy = "count the functional units of the period, or leave the service out"
        raise InputError(Problem(what, field=f"{service}.units", value=units, remedy=remedy))
    count = Quantity("units", units, unit, energy.quality, completeness=energy.completeness)
    scaled = "" if unit_scale == 1.0 else f"{unit_scale:g} "
    return divide(
        "SCI",
        ("o_plus_m", "kgCO2e", [Term(energy, factor=intensity), *map(embodied_share, hardware)]),
        ("r", unit, [count]),
        f"gCO2e/{scaled}{unit}",
        window,
        Band(0.0, is_open=True, why="a service that runs has emissions"),
        scale=GRAMS_PER_KG * unit_scale,
        category=f"[{service}]",
        method=f"sci-{basis}@1",
        flags=(Flag("BASIS", f"intensity: {basis}", "note"),),
    )
