"""Renewable energy, reused heat and cooling: REF, ERF, ERE, CER.

Sources: ISO/IEC 30134-3, -6 and -7 (EN 50600-4-3, -4-6, -4-7); ERE after The Green Grid, white
paper 29.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from optimiser.analysis.kpi.energy import Weighting, energy_terms, find_it_energy
from optimiser.analysis.kpi.quantity import OUT_OF_SCOPE, Flag, Quality, Quantity, Ratio, Term
from optimiser.analysis.kpi.quantity import missing as not_seen
from optimiser.analysis.kpi.ratio import Band, Window, divide

_CAPPED = Band(0.0, 1.0, is_capped=True, why="renewable energy cannot be negative")
_REUSE = Band(0.0, 1.0, why="more heat was handed over than energy came in: check the boundary")


def renewable_factor(
    renewable: Sequence[Term | Quantity], parts: Mapping[str, Quantity], window: Window
) -> Ratio:
    """Return REF = E_ren / E_DC, from 0 to 1; above 1 it is capped and ``raw`` keeps the quotient.

    ``renewable`` [kWh] is energy whose attribute is retained or cancelled for the site: own
    generation that is used on site, certificates, contracts. Nuclear energy does not count.
    """
    return divide(
        "REF",
        ("e_ren", "kWh", renewable),
        ("e_dc", "kWh", energy_terms(parts)),
        "1",
        window,
        _CAPPED,
        method="ref@1",
    )


def onsite_renewable(parts: Mapping[str, Quantity]) -> list[Term]:
    """Return own generation that is used on site [kWh]: what is exported is taken off (G12)."""
    terms = [Term(parts["e_onsite"])] if "e_onsite" in parts else []
    if terms and "e_export" in parts:
        terms.append(Term(parts["e_export"], -1.0))
    return terms


def reuse_factor(reuse: Quantity, parts: Mapping[str, Quantity], window: Window) -> Ratio:
    """Return ERF = E_reuse / E_DC, from 0 to 1.

    ``reuse`` [kWh] is the heat handed over outside of the boundary, without the uplift of a heat
    pump behind it. Above 1 the result is refused.
    """
    return divide(
        "ERF",
        ("e_reuse", "kWh", [reuse]),
        ("e_dc", "kWh", energy_terms(parts)),
        "1",
        window,
        _REUSE,
        method="erf@1",
    )


def reuse_effectiveness(
    reuse: Quantity,
    parts: Mapping[str, Quantity],
    window: Window,
    category: str | None = None,
    weighting: Weighting = "none",
) -> Ratio:
    """Return ERE = (E_DC − E_reuse) / E_IT = (1 − ERF) · PUE; it may be below 1."""
    number, energy = find_it_energy(parts, category)
    return divide(
        "ERE",
        ("e_net", "kWh", [*energy_terms(parts, weighting), Term(reuse, -1.0)]),
        ("e_it", "kWh", [energy]),
        "1",
        window,
        Band(0.0, why="more heat was handed over than energy came in"),
        category=number,
        method="ere@1",
    )


def cooling_efficiency(
    removed: Quantity, cooling: Quantity, window: Window, *, is_electric: bool = True
) -> Ratio:
    """Return CER = Q_removed / E_cooling (kWh of heat per kWh of electricity), higher is better.

    Heat that was not metered thermally must carry ``ESTIMATED``. For heat-driven cooling the
    indicator is not defined (``OUT_OF_SCOPE``).
    """
    if not is_electric:
        removed = not_seen(removed.name, removed.unit, OUT_OF_SCOPE)
    flags = []
    if removed.quality >= Quality.ESTIMATED and removed.value is not None:
        sentence = "the heat was not metered; it follows from the electricity of the rooms"
        flags.append(Flag("ESTIMATED_HEAT", sentence, "note"))
    result = divide(
        "CER",
        ("q_removed", "kWh", [removed]),
        ("e_cooling", "kWh", [cooling]),
        "1",
        window,
        Band(0.0, likely=50.0, is_open=True, why="heat was removed without an amount"),
        method="cer@1",
        flags=flags,
    )
    return result if is_electric else _out_of_scope(result)


def heat_removed_estimate(electricity: Quantity) -> Quantity:
    """Return heat removed [kWh] estimated as the electricity used in the cooled rooms."""
    quality = max(electricity.quality, Quality.ESTIMATED)
    return replace(electricity, name="q_removed", quality=quality, method="heat-from-power@1")


def _out_of_scope(result: Ratio) -> Ratio:
    return replace(result, value=None, reason=OUT_OF_SCOPE)
