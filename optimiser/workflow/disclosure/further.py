"""Indicators that need more than meters: benchmarks of servers, task values, water of the grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from optimiser.analysis.kpi.design import energy_star
from optimiser.analysis.kpi.emissions import source_water_effectiveness
from optimiser.analysis.kpi.energy import design_pue, pue
from optimiser.analysis.kpi.productivity import Task, energy_productivity
from optimiser.analysis.kpi.quantity import Ratio, Term
from optimiser.analysis.kpi.servers import ServerGroup, server_efficiency
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES, it_role
from optimiser.workflow.disclosure.material import MODELLED, Material, Source

SCORE = "ENERGY-STAR"
_WEATHER = ("weather", ".epw")


def further_indicators(material: Material, source: Source) -> list[Ratio]:
    """Return ITEEsv, DCeP, WUE of category 3, the ENERGY STAR ratio and dPUE, as far as known."""
    found = [
        *_servers(material, source),
        *_productivity(material, source),
        *_water_of_the_grid(material, source),
        *_score(material, source),
        *_design(source),
    ]
    return [replace(ratio, period=source.period.label) for ratio in found]


def _servers(material: Material, source: Source) -> Iterator[Ratio]:
    told = material.reporting.servers
    if not told or source is not material.best:  # a property of assets, told once
        return
    groups = [
        ServerGroup(one.count, one.performance, one.power_w, one.benchmark, one.source)
        for one in told
    ]
    installed = material.reporting.num_servers or sum(one.count for one in told)
    yield server_efficiency(groups, installed, source.window)


def _productivity(material: Material, source: Source) -> Iterator[Ratio]:
    values = material.reporting.work_values
    if not values or "useful_work" not in source.components.roles:
        return
    parts = source.parts(*ENERGY_ROLES, "useful_work")
    work = parts.pop("useful_work")
    if work.value is None:
        return
    # the series holds completed tasks times their value and utility already
    task = Task("useful_work", 1.0, 1.0, work.value)
    yield energy_productivity([task], parts, source.window, values, work.quality)


def _water_of_the_grid(material: Material, source: Source) -> Iterator[Ratio]:
    factor, role = material.factors.get("water"), it_role(source)
    if factor is None or role is None or "win" not in source.components.roles:
        return
    parts = source.parts("win", "e_grid", role)
    if "e_grid" in parts:
        grid = Term(parts["e_grid"], factor=factor.value)
        yield source_water_effectiveness(parts["win"], [grid], parts, source.window)


def _score(material: Material, source: Source) -> Iterator[Ratio]:
    chosen = [one for one in material.rulesets if one.id == SCORE]
    if not chosen or "e_it_ups" not in source.components.roles:
        return
    line = [float(chosen[0].parameters[name]) for name in ("intercept", "slope_per_tbtu")]
    yield energy_star(pue(source.parts(*ENERGY_ROLES, "e_it_ups"), source.window, "1"),
                      source.window, *line)  # fmt: skip


def _design(source: Source) -> Iterator[Ratio]:
    role = it_role(source)
    if source.section != MODELLED or role is None:
        return
    weather = [
        name for name in source.components.data.files if any(word in name for word in _WEATHER)
    ]
    climate = ", ".join(sorted(weather)) or "that of site.yaml"
    parts = source.parts(*ENERGY_ROLES, role)
    yield design_pue(parts, source.window, "demand of the workloads as placed today", climate)
