"""Carbon and water per IT energy: CUE and WUE.

Sources: ISO/IEC 30134-8 and -9 (EN 50600-4-8, -4-9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from optimiser.analysis.kpi.energy import find_it_energy
from optimiser.analysis.kpi.quantity import Flag, Quantity, Ratio, Term, missing
from optimiser.analysis.kpi.ratio import Band, Window, divide

Basis = Literal["location", "market"]
LITRES_PER_M3 = 1000.0
_CARBON = Band(0.0, likely=5.0, why="emissions cannot be negative: offsets never enter")
_WATER = Band(0.0, likely=10.0, why="water that comes in cannot be negative")


def carbon_effectiveness(
    emissions: Sequence[Term],
    parts: Mapping[str, Quantity],
    window: Window,
    basis: Basis = "location",
    category: str | None = None,
) -> Ratio:
    """Return CUE = M_CO2e / E_IT [kgCO2e/kWh] of the use phase.

    ``emissions`` are energy × factor (kWh × kgCO2e/kWh, L × kgCO2e/L, kg × GWP). The sources that
    are included are listed in a note. The market-based figure has a name of its own: the two are
    never mixed.
    """
    number, energy = find_it_energy(parts, category)
    names = ", ".join(term.quantity.name for term in emissions)
    included = Flag("INCLUDED", f"sources included: {names or 'none'}", "note")
    return divide(
        "CUE" if basis == "location" else "CUE-MB",
        ("m_co2e", "kgCO2e", emissions or [Term(missing("m_co2e", "kgCO2e"))]),
        ("e_it", "kWh", [energy]),
        "kgCO2e/kWh",
        window,
        _CARBON,
        category=number,
        method=f"cue-{basis}@1",
        flags=(included,),
    )


def water_effectiveness(
    water: Quantity,
    parts: Mapping[str, Quantity],
    window: Window,
    water_category: Literal[1, 2] = 2,
    name: str = "WUE",
) -> Ratio:
    """Return WUE = V_water / E_IT [L/kWh, equal to m³/MWh] of water that comes in [m³].

    Category 1 is drinking water, 2 all water that crosses the boundary; blow-down is not taken off.
    Above 10 L/kWh the result is flagged. ``name`` tells fresh or drinking water apart.
    """
    _, energy = find_it_energy(parts)
    return divide(
        name,
        (water.name, "m3", [water]),
        ("e_it", "kWh", [energy]),
        "L/kWh",
        window,
        _WATER,
        scale=LITRES_PER_M3,
        category=str(water_category),
        method=f"wue{water_category}@1",
    )


def source_water_effectiveness(
    water: Quantity, electricity: Sequence[Term], parts: Mapping[str, Quantity], window: Window
) -> Ratio:
    """Return WUE of category 3 [L/kWh]: water on site [m³] and water of power generation.

    ``electricity`` are energy × water factor terms (kWh × m3/kWh).
    """
    _, energy = find_it_energy(parts)
    return divide(
        "WUE",
        ("v_water", "m3", [water, *electricity]),
        ("e_it", "kWh", [energy]),
        "L/kWh",
        window,
        _WATER,
        scale=LITRES_PER_M3,
        category="3",
        method="wue3@1",
    )
