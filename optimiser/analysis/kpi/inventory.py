"""Greenhouse gas inventory: lines by scope and category, location- and market-based apart.

Sources: GHG Protocol Corporate Standard, Scope 2 Guidance (2015), Corporate Value Chain Standard.
Averages are used here; marginal signals belong to decisions and never enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from optimiser.analysis.kpi.instruments import Ledger
from optimiser.analysis.kpi.quantity import Flag, Quantity, Term, total

Basis = Literal["location", "market"]
RESIDUAL, LOCATION = "residual mix", "location-based factor"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry: activity × factor [kgCO2e].

    ``scope`` is 1, 2 or 3; ``category`` the number of the scope-3 category, else a word such as
    ``electricity``; ``basis`` is set in scope 2 only; ``activity`` identifies what happened, so
    that a group counts it once; ``factor_id`` the factor row, ``how`` the step of the hierarchy.
    """

    scope: Literal[1, 2, 3]
    category: str
    term: Term
    activity: str
    basis: Basis | None = None
    factor_id: str = ""
    how: str = ""
    gas: str = "CO2e"

    @property
    def emissions(self) -> Quantity:
        """Amount [kgCO2e] with class, interval and sources."""
        return total(f"scope {self.scope} {self.category}", [self.term], "kgCO2e")


@dataclass(frozen=True, slots=True)
class Inventory:
    """All lines of one reporting organisation or site, with remarks."""

    lines: tuple[Line, ...]
    flags: tuple[Flag, ...] = ()

    def scope(self, number: int, basis: Basis | None = None) -> Quantity:
        """Return one scope [kgCO2e]; scope 2 needs a basis.

        ``NO_DATA`` when there is no line. Raises ``ValueError`` for scope 2 without a basis.
        """
        if number == 2 and basis is None:
            raise ValueError("scope 2 is location- or market-based; the two are never mixed")
        wanted = [
            line.term
            for line in self.lines
            if line.scope == number and (number != 2 or line.basis == basis)
        ]
        return total(f"scope {number}{f' {basis}' if number == 2 else ''}", wanted, "kgCO2e")

    def total(self, basis: Basis) -> Quantity:
        """Return scopes 1 to 3 together on one basis [kgCO2e]; absent scopes do not count."""
        wanted = [line.term for line in self.lines if line.basis in (None, basis)]
        return total(f"total {basis}", wanted, "kgCO2e")


def fuel_line(fuel: Quantity, factor: Quantity, factor_id: str = "") -> Line:
    """Return scope 1 of a fuel burnt on site: L × kgCO2e/L, or kWh × kgCO2e/kWh."""
    return Line(1, "fuel", Term(fuel, factor=factor), fuel.name, None, factor_id, "fuel")


def refrigerant_line(leaked_kg: Quantity, gwp: Quantity, factor_id: str = "") -> Line:
    """Return scope 1 of leaked refrigerant: kg × GWP-100 (kgCO2e/kg)."""
    term = Term(leaked_kg, factor=gwp)
    return Line(1, "refrigerant", term, leaked_kg.name, None, factor_id, "GWP-100", "HFC")


def network_lines(energy: Quantity, factor: Quantity, factor_id: str = "") -> list[Line]:
    """Return scope 2 of heat or cold from a network, equal on both bases: kWh × kgCO2e/kWh."""
    term = Term(energy, factor=factor)
    return [
        Line(2, "heat and cooling", term, energy.name, basis, factor_id, "supplier")
        for basis in ("location", "market")
    ]


def location_based(
    electricity: Quantity,
    factor: Quantity,
    factor_id: str = "",
    tenant_fraction: float = 0.0,
    tenants: str | None = None,
) -> list[Line]:
    """Return electricity from the grid × grid average; certificates have no influence.

    The share of tenants under the landlord's operational control moves to scope 3, category 13;
    ``tenants`` names that activity as the tenants' own inventory does, for :func:`roll_up`.
    Raises ``ValueError`` for a share outside of 0 to 1.
    """
    _check_share(tenant_fraction)
    lines = [
        Line(2, "electricity", Term(electricity, 1.0 - tenant_fraction, factor), electricity.name,
             "location", factor_id, "grid average")
    ]  # fmt: skip
    if tenant_fraction > 0:
        term = Term(electricity, tenant_fraction, factor)
        activity = tenants or f"{electricity.name}/tenants"
        lines.append(Line(3, "13", term, activity, None, factor_id, "grid average"))
    return lines


def _check_share(share: float) -> None:
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"the tenants' share {share:g} is not from 0 to 1")


def market_based(
    electricity: Quantity,
    ledger: Ledger,
    site: str,
    residual: Quantity | None,
    location: Quantity,
    factor_ids: tuple[str, str] = ("", ""),
) -> Inventory:
    """Return electricity less what lots cover × residual mix, and what they cover × their factor.

    Without a residual mix the location-based factor stands in for it, with a flag, as the guidance
    asks. ``factor_ids`` are those of residual mix and location. The amount is never negative.
    """
    lines = []
    covered = 0.0
    for use in ledger.of_site(site):
        one = use.instrument
        covered += use.kwh
        energy = replace(
            electricity, name=one.name, value=use.kwh, lower=None, upper=None, relative=0.0,
            method="instrument@1", sources=(one.source,) if one.source else (),
        )  # fmt: skip
        factor = Quantity(f"ef {one.name}", use.factor, "kgCO2e/kWh", method="instrument@1")
        term = Term(energy, factor=factor)
        lines.append(Line(2, "electricity", term, electricity.name, "market", one.name, one.kind))
    rest = _uncovered(electricity, covered)
    factor, how = (location, LOCATION) if residual is None else (residual, RESIDUAL)
    factor_id = factor_ids[1] if residual is None else factor_ids[0]
    lines.append(
        Line(
            2, "electricity", Term(rest, factor=factor), electricity.name, "market", factor_id, how
        )
    )
    flags = []
    if residual is None:
        sentence = "there is no residual mix for this market; the location-based factor is used"
        flags.append(Flag("NO_RESIDUAL_MIX", sentence))
    if any(kwh > 0 for kwh in ledger.left.values()):
        flags.append(Flag("SURPLUS", "lots are left over; they reduce nothing further", "note"))
    return Inventory(tuple(lines), tuple(flags))


def _uncovered(electricity: Quantity, covered: float) -> Quantity:
    if electricity.value is None:
        return electricity
    bounds = electricity.bounds or (0.0, 0.0)
    value = max(0.0, electricity.value - covered)
    lower, upper = (max(0.0, end - covered) for end in bounds)
    relative = electricity.relative * electricity.value / value if value else 0.0
    return replace(
        electricity, name=f"{electricity.name} uncovered", value=value, lower=min(lower, value),
        upper=max(upper, value), relative=relative, method="uncovered@1",
    )  # fmt: skip


def scope3_line(
    category: str, activity: Quantity, factor: Quantity, factor_id: str = "", how: str = ""
) -> Line:
    """Return one line of scope 3: activity × factor; ``category`` is 1 to 15 as text.

    Raises ``ValueError`` for another category.
    """
    if category not in {str(number) for number in range(1, 16)}:
        raise ValueError(f"scope 3 has the categories 1 to 15, not {category!r}")
    return Line(3, category, Term(activity, factor=factor), activity.name, None, factor_id, how)


def capital_goods_line(booked: Quantity) -> Line:
    """Return scope 3, category 2: embodied carbon booked in the year of acquisition [kgCO2e]."""
    return Line(3, "2", Term(booked), booked.name, None, "", "booked when acquired")


@dataclass(frozen=True, slots=True)
class RollUp:
    """The inventory of a group and what was left out because another member reports it."""

    inventory: Inventory
    eliminated: tuple[tuple[str, Line], ...]


def roll_up(members: Iterable[tuple[str, Inventory]]) -> RollUp:
    """Add members' inventories so that nothing is counted twice.

    An activity that two members report, such as tenants' electricity in the landlord's category 13
    and the tenant's scope 2, stays in the lowest scope; the others are listed as eliminated.
    """
    named = [(name, line) for name, inventory in members for line in inventory.lines]
    lowest: dict[str, tuple[int, str]] = {}
    for name, line in sorted(named, key=lambda pair: pair[0]):
        held = lowest.get(line.activity)
        if held is None or line.scope < held[0]:
            lowest[line.activity] = (line.scope, name)
    kept: list[Line] = []
    dropped: list[tuple[str, Line]] = []
    for name, line in named:
        if lowest[line.activity] == (line.scope, name):
            kept.append(line)
        else:
            dropped.append((name, line))
    return RollUp(Inventory(tuple(kept)), tuple(dropped))


def emissions_by_line(lines: Sequence[Line]) -> list[tuple[Line, Quantity]]:
    """Return each line with its amount [kgCO2e], ordered by scope, category, basis and activity."""
    key = lambda line: (line.scope, line.category.zfill(2), line.basis or "", line.activity)  # noqa: E731
    return [(line, line.emissions) for line in sorted(lines, key=key)]
