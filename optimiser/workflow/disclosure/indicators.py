"""All indicators of one source, each over the hours that its own components share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from optimiser.analysis.kpi.emissions import water_effectiveness
from optimiser.analysis.kpi.energy import IT_CATEGORIES, overhead_pue, partial_pue, pue
from optimiser.analysis.kpi.quantity import Quantity, Ratio
from optimiser.analysis.kpi.ratio import divide
from optimiser.analysis.kpi.reuse import (
    cooling_efficiency,
    heat_removed_estimate,
    reuse_effectiveness,
    reuse_factor,
)
from optimiser.workflow.disclosure.material import Material, Source

ENERGY_ROLES = ("e_grid", "e_onsite", "e_export", "e_generator", "e_fuel", "e_district")
"""What crosses the boundary to serve the data centre."""
USE_ROLES = ("e_cooling", "e_losses", "e_other")
IT_ROLES = tuple(IT_CATEGORIES)
WATER_ROLES = {"WUE": "win", "WUE potable": "win_pot", "WUE fresh": "win_fre"}


def energy_indicators(material: Material, source: Source) -> list[Ratio]:
    """Return PUE in every category, partial PUE, the check, ERF, ERE, CER, WUE, ITEUsv."""
    found = [
        *_pues(material, source),
        *_partial(source),
        *_reuse(material, source),
        *_cooling(source),
        *_water(material, source),
        *_servers(source),
    ]
    return [replace(ratio, period=source.period.label) for ratio in found]


def it_role(source: Source) -> str | None:
    """Return the role that IT energy is taken from, ``None`` when it is not metered.

    The highest category of which enough of the period was seen, else the one seen best.
    """
    known = [role for role in IT_ROLES if role in source.components.roles]
    seen = {role: source.part(role).completeness for role in known}
    enough = [role for role in known if seen[role] >= source.window.enough]
    if enough:
        return max(enough, key=lambda role: IT_CATEGORIES[role])
    return max(known, key=lambda role: (seen[role], IT_CATEGORIES[role]), default=None)


def _pues(material: Material, source: Source) -> Iterator[Ratio]:
    is_mixed = material.reporting.facility.floor_is_mixed_use
    roles = [role for role in IT_ROLES if role in source.components.roles]
    for role in sorted(roles, key=lambda role: IT_CATEGORIES[role], reverse=True):
        parts = source.parts(*ENERGY_ROLES, role)
        yield pue(
            parts, source.window, IT_CATEGORIES[role], material.weighting, is_mixed_use=is_mixed
        )
    if not roles:
        parts = source.parts(*ENERGY_ROLES)
        yield pue(parts, source.window, None, material.weighting, is_mixed_use=is_mixed)


def _partial(source: Source) -> Iterator[Ratio]:
    role = it_role(source)
    if role is None:
        return
    for name, use in (("cooling", "e_cooling"), ("electrical", "e_losses")):
        parts = source.parts(use, role)
        if use in parts:
            yield partial_pue(name, [parts[use]], parts[role], source.window)
    parts = source.parts(*USE_ROLES, role)
    overheads = [parts[use] for use in USE_ROLES if use in parts]
    if "e_cooling" in parts and "e_losses" in parts:  # a check needs all of the overhead
        yield overhead_pue(overheads, parts[role], source.window)


def _reuse(material: Material, source: Source) -> Iterator[Ratio]:
    role = it_role(source)
    parts = source.parts(*ENERGY_ROLES, "e_reuse", *((role,) if role else ()))
    reuse = parts.pop("e_reuse", None) or source.part("e_reuse")
    yield reuse_factor(reuse, parts, source.window)
    yield reuse_effectiveness(reuse, parts, source.window, weighting=material.weighting)


def _cooling(source: Source) -> Iterator[Ratio]:
    role = it_role(source)
    parts = source.parts("q_removed", "e_cooling", *((role,) if role else ()))
    removed = parts.get("q_removed")
    if removed is None and role is not None and role in parts:
        removed = heat_removed_estimate(parts[role])
    cooling = parts.get("e_cooling") or source.part("e_cooling")
    yield cooling_efficiency(removed or source.part("q_removed"), cooling, source.window)


def _water(material: Material, source: Source) -> Iterator[Ratio]:
    role = it_role(source)
    for name, water in WATER_ROLES.items():
        if water == "win" or water in source.components.roles:
            parts = source.parts(water, *((role,) if role else ()))
            amount = parts.pop(water, None) or source.part(water)
            category = 1 if water == "win_pot" else material.reporting.wue_category
            yield water_effectiveness(amount, parts, source.window, category, name)


def _servers(source: Source) -> Iterator[Ratio]:
    """ITEUsv and the use of accelerators, which are levels already averaged over time."""
    for name, role in (("ITEUsv", "it_cpu"), ("accel_util", "accel_util")):
        if role in source.components.roles:
            use = source.part(role)
            one = Quantity("time", 1.0, "1", use.quality, completeness=use.completeness)
            yield divide(
                name, (role, "1", [use]), ("time", "1", [one]), "1", source.window,
                method="level-mean@1",
            )  # fmt: skip
