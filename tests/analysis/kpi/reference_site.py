"""DC-REF-1: the facility that all worked numbers are of (one calendar year, 8760 h)."""

from __future__ import annotations

from optimiser.analysis.kpi.quantity import Quality, Quantity, Term
from optimiser.analysis.kpi.ratio import Window

YEAR = Window("2025")
_ENERGIES = {
    "e_grid": 44_992_800.0, "e_onsite": 1_200_000.0, "e_generator": 60_000.0,
    "e_it_ups": 35_040_000.0, "e_cooling": 7_708_800.0, "e_losses": 2_803_200.0,
    "e_other": 700_800.0, "e_reuse": 4_625_280.0, "q_removed": 37_843_200.0,
    "e_goo": 20_000_000.0, "e_ppa": 12_000_000.0,
}  # fmt: skip
_WATER = {"win": 42_048.0, "win_pot": 21_024.0, "win_fre": 35_040.0}


def quantity(name: str, value: float, unit: str = "kWh", **more: object) -> Quantity:
    return Quantity(name, value, unit, sources=(f"register.csv:{name}",), **more)  # type: ignore[arg-type]


PARTS = {name: quantity(name, value) for name, value in _ENERGIES.items()}
WATER = {name: quantity(name, value, "m3") for name, value in _WATER.items()}
GRID = quantity("ef_grid", 0.350, "kgCO2e/kWh")
RESIDUAL = quantity("ef_residual", 0.480, "kgCO2e/kWh")
DIESEL = quantity("ef_diesel", 2.66, "kgCO2e/L")
FUEL = quantity("fuel_l", 16_200.0, "L")
EMISSIONS = [Term(PARTS["e_grid"], factor=GRID), Term(FUEL, factor=DIESEL)]


def simple(e_dc: float, e_it: float, quality: Quality = Quality.MEASURED) -> dict[str, Quantity]:
    """Return components of a site with one feed."""
    return {
        "e_grid": quantity("e_grid", e_dc, quality=quality),
        "e_it_ups": quantity("e_it_ups", e_it, quality=quality),
    }
