"""Power usage effectiveness and its relatives.

Source: ISO/IEC 30134-2 / EN 50600-4-2; energy weights after The Green Grid, white paper 49. The
energy of the data centre is everything that crosses its boundary to serve it; what is generated on
site and exported is outside of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from optimiser.analysis.kpi.quantity import NO_DATA, Flag, Quality, Quantity, Ratio, Term, missing
from optimiser.analysis.kpi.ratio import Band, Window, divide

Weighting = Literal["none", "tgg"]
IT_CATEGORIES = {"e_it_ups": "1", "e_it_pdu": "2", "e_it_device": "3"}
"""Where IT energy is metered, and the category of PUE that follows."""
_SIGNS = {
    "e_grid": 1.0, "e_onsite": 1.0, "e_export": -1.0, "e_generator": 1.0, "e_fuel": 1.0,
    "e_district": 1.0, "e_condenser": 1.0,
}  # fmt: skip
GREEN_GRID_WEIGHTS = {"e_fuel": 0.35, "e_district": 0.4, "e_condenser": 0.03}
"""Weights of energy that is not electricity, by The Green Grid; electricity counts 1."""
_PUE = Band(
    low=1.0,
    likely=3.0,
    why="below 1 the boundary is wrong: export and reused heat belong to ERF and ERE",
)


def energy_terms(parts: Mapping[str, Quantity], weighting: Weighting = "none") -> list[Term]:
    """Return the terms of E_DC [kWh] among components by role.

    Grid import, generation on site less export, back-up generators, fuels, energy from networks.
    A role that is absent does not exist at the site; one that exists and was not seen is a
    missing quantity. The list holds a missing ``e_dc`` when no role is there. With ``tgg`` fuels
    and networks are weighted, which no law asks for.
    """
    terms = []
    for role, sign in _SIGNS.items():
        if role in parts:
            weight = GREEN_GRID_WEIGHTS.get(role, 1.0) if weighting == "tgg" else 1.0
            terms.append(Term(parts[role], sign * weight))
    return terms or [Term(missing("e_dc", "kWh", NO_DATA))]


def find_it_energy(
    parts: Mapping[str, Quantity], category: str | None = None
) -> tuple[str, Quantity]:
    """Return measuring category and IT energy [kWh]: of one category, or the highest there is.

    The quantity is missing when there is no such meter.
    """
    for role, number in sorted(IT_CATEGORIES.items(), key=lambda item: item[1], reverse=True):
        if role in parts and category in (None, number):
            return number, parts[role]
    return category or "1", missing("e_it", "kWh")


def pue(
    parts: Mapping[str, Quantity],
    window: Window,
    category: str | None = None,
    weighting: Weighting = "none",
    *,
    is_mixed_use: bool = False,
    explanation: str | None = None,
) -> Ratio:
    """Return PUE = E_DC / E_IT, at least 1 and lower is better.

    ``parts`` are components by role [kWh]. The category is part of the name: figures of two
    categories must not be compared. Without a whole year the name is ``iPUE``, in a building
    shared with other uses ``mPUE``. Below 1 the result is refused (``OUT_OF_BAND``) unless an
    ``explanation`` is given; above 3 it is flagged.
    """
    number, energy = find_it_energy(parts, category)
    flags = []
    if weighting == "tgg":
        flags.append(Flag("WEIGHTED", "energy carriers are weighted after The Green Grid", "note"))
    result = divide(
        "mPUE" if is_mixed_use else "PUE",
        ("e_dc", "kWh", energy_terms(parts, weighting)),
        ("e_it", "kWh", [energy]),
        "1",
        window,
        _PUE,
        category=number,
        method=f"pue-{weighting}@1",
        explanation=explanation,
        flags=flags,
    )
    is_interim = not window.is_year or result.completeness < window.enough
    return replace(result, name=f"i{result.name}") if is_interim else result


def partial_pue(
    zone: str, overheads: Sequence[Quantity], it_energy: Quantity, window: Window
) -> Ratio:
    """Return pPUE = (E_sub + E_IT) / E_IT of one named sub-boundary.

    ``overheads`` is the energy [kWh] of that boundary alone. Raises ``ValueError`` without a name.
    """
    if not zone.strip():
        raise ValueError("a partial PUE needs the name of its boundary")
    return divide(
        f"pPUE[{zone}]",
        (f"e_{zone}", "kWh", [*overheads, it_energy]),
        ("e_it", "kWh", [it_energy]),
        "1",
        window,
        _PUE,
        method="ppue@1",
    )


def design_pue(
    parts: Mapping[str, Quantity], window: Window, load_profile: str, climate: str
) -> Ratio:
    """Return dPUE: the value that a model gives for a stated IT load and climate file.

    Raises ``ValueError`` when a statement is empty or a component was measured.
    """
    if not load_profile.strip() or not climate.strip():
        raise ValueError("a design PUE states its IT load profile and its climate file")
    measured = [part.name for part in parts.values() if part.quality < Quality.MODELLED]
    if measured:
        raise ValueError(f"a design PUE is modelled; measured: {', '.join(sorted(measured))}")
    result = pue(parts, window)
    basis = Flag("DESIGN", f"IT load: {load_profile}; climate: {climate}", "note")
    return replace(result, name="dPUE", flags=(*result.flags, basis), method="dpue@1")


def overhead_pue(overheads: Sequence[Quantity], it_energy: Quantity, window: Window) -> Ratio:
    """Return 1 + Σ overhead / E_IT, an independent check of PUE.

    ``overheads`` are cooling, losses and other energy [kWh], metered apart from E_DC.
    """
    result = divide(
        "PUE check",
        ("e_use", "kWh", [it_energy, *overheads]),
        ("e_it", "kWh", [it_energy]),
        "1",
        window,
        method="pue-overhead@1",
    )
    return result


def energy_closure(
    sources: Sequence[Term], uses: Sequence[Quantity], window: Window, tolerance: float = 0.02
) -> Ratio:
    """Return (Σ sources − Σ uses) / Σ sources; beyond ± ``tolerance`` it is flagged.

    Both in kWh; the terms of the sources come from :func:`energy_terms`.
    """
    gap = [*sources, *(Term(use, -1.0) for use in uses)]
    result = divide(
        "energy closure",
        ("e_gap", "kWh", gap),
        ("e_dc", "kWh", list(sources)),
        "1",
        window,
        method="closure@1",
    )
    if result.value is None or abs(result.value) <= tolerance:
        return result
    sentence = f"sources and uses differ by {100 * result.value:.3g} % of the energy"
    return replace(result, flags=(*result.flags, Flag("NOT_CLOSED", sentence)))
