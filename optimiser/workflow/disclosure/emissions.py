"""The greenhouse gas inventory of one source, from activities and the factors that were chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from optimiser.analysis.kpi.emissions import carbon_effectiveness
from optimiser.analysis.kpi.instruments import Ledger
from optimiser.analysis.kpi.inventory import (
    Inventory,
    Line,
    capital_goods_line,
    fuel_line,
    location_based,
    market_based,
    network_lines,
    refrigerant_line,
    scope3_line,
)
from optimiser.analysis.kpi.quantity import Flag, Quality, Quantity, Ratio
from optimiser.schema.reporting import Refrigerant
from optimiser.workflow.disclosure.assets import booked_embodied
from optimiser.workflow.disclosure.indicators import it_role
from optimiser.workflow.disclosure.material import ChosenFactor, Material, Source
from optimiser.workflow.disclosure.renewables import Renewables

NO_FACTOR = "NO_FACTOR"
"""Code: an activity was seen and no factor was chosen; nothing is guessed."""
_TOTALS = ("ghg_scope1", "ghg_scope2_location", "ghg_scope2_market", "ghg_scope3",
           "ghg_total_location", "ghg_total_market")  # fmt: skip


@dataclass(frozen=True)
class Emissions:
    """Inventory of one source; ``lacking`` names activities without a factor."""

    inventory: Inventory
    lacking: tuple[str, ...]

    def totals(self) -> dict[str, Quantity]:
        """Return scopes and totals [kgCO2e] by the names that rulesets use."""
        book = self.inventory
        amounts = (
            book.scope(1), book.scope(2, "location"), book.scope(2, "market"), book.scope(3),
            book.total("location"), book.total("market"),
        )  # fmt: skip
        named = dict(zip(_TOTALS, amounts, strict=True))
        return {name: replace(amount, name=name) for name, amount in named.items()}


def emissions_of(material: Material, source: Source, found: Renewables) -> Emissions:
    """Return the inventory of one source.

    An activity without a factor is left out and named: a factor is never guessed.
    """
    lines: list[Line] = []
    flags: list[Flag] = []
    lacking: list[str] = []
    _scope1(material, source, lines, lacking)
    grid, factor = grid_terms(material, source)
    if grid.value is not None and factor is None:
        lacking.append("e_grid: no location-based factor (factors.grid_location, or a series "
                       "grid_carbon)")  # fmt: skip
    elif factor is not None and grid.value is not None:
        lines += location_based(grid, factor.value, factor.id,
                                material.reporting.scopes.tenant_it_fraction)  # fmt: skip
        market = _market(material, grid, factor, found)
        lines += market.lines
        flags += market.flags
    lines += _district(material, source, lacking)
    lines += _scope3(material, source, grid)
    flags += [Flag(NO_FACTOR, text, "error") for text in lacking]
    return Emissions(Inventory(tuple(lines), tuple(flags)), tuple(lacking))


def grid_terms(material: Material, source: Source) -> tuple[Quantity, ChosenFactor | None]:
    """Return energy from the grid and its location-based factor over the same hours.

    The series ``grid_carbon`` weighted by energy where there is one, else the factor chosen.
    """
    parts = source.parts("e_grid", "grid_carbon")
    grid = parts.get("e_grid") or source.part("e_grid")
    carbon = parts.get("grid_carbon")
    chosen = material.factors.get("grid_location")
    if chosen is not None:
        return grid, chosen
    if carbon is not None and carbon.value is not None:
        return grid, ChosenFactor(carbon, "series grid_carbon", "hourly, weighted by energy")
    return grid, None


def _market(
    material: Material, grid: Quantity, location: ChosenFactor, found: Renewables
) -> Inventory:
    residual = material.factors.get("residual_mix")
    ledger = found.ledger or Ledger((), {material.site: grid.value or 0.0}, {}, {})
    ids = ("" if residual is None else residual.id, location.id)
    return market_based(
        grid, ledger, material.site, None if residual is None else residual.value,
        location.value, ids,
    )  # fmt: skip


def _scope1(material: Material, source: Source, lines: list[Line], lacking: list[str]) -> None:
    for role in ("fuel_l", "e_fuel"):
        fuel = source.part(role)
        factor = material.factors.get("fuel" if role == "fuel_l" else "fuel_kwh")
        if fuel.value is None:
            continue
        if factor is None:
            lacking.append(f"{role}: no factor of the fuel (factors.fuel)")
        else:
            lines.append(fuel_line(fuel, factor.value, factor.id))
    for one in material.reporting.facility.refrigerants:
        if one.leaked_kg is None:
            continue
        chosen = gwp_of(material, one)
        if chosen is None:
            lacking.append(f"{one.name}: no global warming potential (refrigerants.gwp)")
            continue
        leak = Quantity(
            f"leak {one.name}", one.leaked_kg, "kg", Quality.ESTIMATED, method="stated@1",
            sources=("reporting.yaml#refrigerants",),
        )  # fmt: skip
        lines.append(refrigerant_line(leak, chosen.value, chosen.id))


def gwp_of(material: Material, gas: Refrigerant) -> ChosenFactor | None:
    """Return the global warming potential of a gas: stated by the site, else the library's."""
    if gas.gwp is None:
        return material.factors.get(f"gwp {gas.name}")
    value = Quantity(f"gwp {gas.name}", gas.gwp, "kgCO2e/kg", method="stated@1")
    return ChosenFactor(value, "stated")


def _district(material: Material, source: Source, lacking: list[str]) -> Iterator[Line]:
    heat = source.part("e_district")
    factor = material.factors.get("district")
    if heat.value is None:
        return
    if factor is None:
        lacking.append("e_district: no factor of the network (factors.district)")
        return
    yield from network_lines(heat, factor.value, factor.id)


def _scope3(material: Material, source: Source, grid: Quantity) -> Iterator[Line]:
    upstream = material.factors.get("upstream")
    if upstream is not None and grid.value is not None:
        activity = replace(grid, name="e_grid upstream")
        yield scope3_line("3", activity, upstream.value, upstream.id, "losses and upstream")
    booked = booked_embodied(material)
    if booked is not None:
        yield capital_goods_line(booked)


def carbon_ratios(material: Material, source: Source, emissions: Emissions) -> list[Ratio]:
    """Return CUE on both bases of the use phase: fuel, electricity, heat; no capital goods."""
    role = it_role(source)
    parts = source.parts(*((role,) if role else ()))
    found = []
    for basis in ("location", "market"):
        terms = [
            line.term
            for line in emissions.inventory.lines
            if line.scope in (1, 2) and line.basis in (None, basis)
        ]
        has_grid = any(line.scope == 2 for line in emissions.inventory.lines)
        ratio = carbon_effectiveness(terms if has_grid else [], parts, source.window, basis)  # type: ignore[arg-type]
        found.append(replace(ratio, period=source.period.label))
    return found
