"""Renewable energy of a source: own generation, certificates and contracts from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from optimiser.analysis.kpi.instruments import CERTIFICATES, Instrument, Ledger, Load, allocate
from optimiser.analysis.kpi.quantity import NO_DATA, Quantity, Ratio, missing, total
from optimiser.analysis.kpi.reuse import onsite_renewable, renewable_factor
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    make_table,
)
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES
from optimiser.workflow.disclosure.material import Material, Source

KWH_PER_MWH = 1000.0
_LEDGER = (
    Column("instrument", "Lot", is_key=True),
    Column("kind", "Kind"),
    Column("technology", "Technology"),
    Column("serial_from", "First serial"),
    Column("serial_to", "Last serial"),
    Column("zone", "Market"),
    Column("vintage_from", "Generated from"),
    Column("vintage_to", "Generated to"),
    Column("cancelled", "Cancelled"),
    Column("issued", "Issued", Kind.NUMBER, "MWh"),
    Column("used", "Used", Kind.NUMBER, "MWh"),
    Column("left", "Left", Kind.NUMBER, "MWh"),
    Column("factor", "Factor", Kind.NUMBER, "kgCO2e/kWh"),
    Column("status", "Status"),
    Column("sources", "Sources", is_provenance=True),
)
OWN_GENERATION = "own generation counts where it is metered, not against energy from the grid"


@dataclass(frozen=True)
class Renewables:
    """What is renewable in the energy of one source [kWh], and the ledger behind it."""

    certificates: Quantity
    contracts: Quantity
    onsite: Quantity
    ledger: Ledger | None
    lots: tuple[Instrument, ...]

    @property
    def total(self) -> Quantity:
        """ERES-TOT: the sum of the three; what does not exist at the site does not count."""
        known = [part for part in self.parts if part.value is not None]
        return total("eres_tot", known, "kWh") if known else missing("eres_tot", "kWh")

    @property
    def parts(self) -> tuple[Quantity, Quantity, Quantity]:
        """Certificates, contracts, own generation."""
        return self.certificates, self.contracts, self.onsite


def renewables_of(material: Material, source: Source) -> Renewables:
    """Allocate the ledger to the energy from the grid and add up what is renewable."""
    grid = source.part("e_grid")
    lots = instruments_of(material)
    ledger = None
    if lots is not None and grid.value is not None:
        counted = [lot for lot in lots if lot.kind != "onsite"]
        ledger = allocate(counted, [_load(material, grid)], material.settings.as_of)
    onsite_parts = onsite_renewable(source.parts("e_onsite", "e_export"))
    onsite = total("eres_os", onsite_parts, "kWh") if onsite_parts else missing("eres_os", "kWh")
    return Renewables(
        _from_ledger("eres_goo", ledger, material.site, CERTIFICATES, grid),
        _from_ledger("eres_ppa", ledger, material.site, ("ppa",), grid),
        replace(onsite, name="eres_os"),
        ledger,
        tuple(lots or ()),
    )


def renewable_ratio(material: Material, source: Source, found: Renewables) -> Ratio:
    """Return REF of one source."""
    parts = source.parts(*ENERGY_ROLES)
    terms = [part for part in found.parts if part.value is not None]
    ratio = renewable_factor(terms, parts, source.window)
    return replace(ratio, period=source.period.label)


def instruments_of(material: Material) -> list[Instrument] | None:
    """Return the lots of the ledger, ``None`` when the site names none."""
    frame = material.tables.get("instruments")
    if frame is None:
        return None
    return [_lot(row) for row in frame.reset_index(drop=True).to_dict("records")]


def market_zone(material: Material) -> str:
    """Return the market in which the site's instruments must be issued."""
    facility = material.reporting.facility
    return facility.grid_zone or facility.country


def _load(material: Material, grid: Quantity) -> Load:
    zone = ZoneInfo(material.period.zone)
    first = material.period.start.astimezone(zone).date()
    return Load(material.site, market_zone(material), first, material.last_day, grid)


def _from_ledger(
    name: str, ledger: Ledger | None, site: str, kinds: tuple[str, ...], grid: Quantity
) -> Quantity:
    if ledger is None:
        return missing(name, "kWh", NO_DATA)
    uses = [use for use in ledger.of_site(site) if use.instrument.kind in kinds]
    sources = tuple(sorted({use.instrument.source or use.instrument.name for use in uses}))
    return Quantity(
        name, ledger.renewable(site, kinds), "kWh", grid.quality,
        completeness=grid.completeness, method="ledger@1", sources=sources,
    )  # fmt: skip


def _lot(row: Mapping[Any, Any]) -> Instrument:
    factor = row["factor_kgco2e_per_kwh"]
    serials = (str(row["serial_from"] or ""), str(row["serial_to"] or ""))
    return Instrument(
        name=str(row["instrument"]),
        kind=row["kind"],
        kwh=float(row["mwh"]) * KWH_PER_MWH,
        zone=str(row["zone"]),
        start=date.fromisoformat(row["vintage_from"]),
        end=date.fromisoformat(row["vintage_to"]),
        technology=str(row["technology"]),
        cancelled=date.fromisoformat(row["cancelled"]) if row["cancelled"] else None,
        factor=None if pd.isna(factor) else float(factor),
        is_bundled=row["from_ppa"] == "yes",
        serials=serials if all(serials) else None,
        source=f"instruments:{row['instrument']}",
    )


def instrument_ledger(material: Material, found: Renewables) -> Output:
    """Return the ledger: what each lot holds, covers and leaves, and why one is not used."""
    if not found.lots:
        reason = "the site names no ledger" if material.reporting.instruments is None else "empty"
        return Output("instrument_ledger", "Instrument ledger", "GHG Protocol, EU 2024/1364",
                      not_applicable=reason)  # fmt: skip
    rows = [_ledger_row(lot, found, material.site) for lot in found.lots]
    table = make_table(
        "instrument_ledger", "Certificates and contracts", "", _LEDGER, rows,
        notes=("Each lot is used once; what is left is surplus and no negative emission.",),
    )  # fmt: skip
    over = [str(row["instrument"]) for row in rows if _float(row["used"]) > _float(row["issued"])]
    findings = [
        Finding("instrument_ledger", Level.FAILURE, f"{name} covers more than it holds")
        for name in over
    ]
    return Output("instrument_ledger", "Instrument ledger", "GHG Protocol, EU 2024/1364",
                  (table,), tuple(findings))  # fmt: skip


def _ledger_row(lot: Instrument, found: Renewables, site: str) -> dict[str, object]:
    from optimiser.analysis.kpi.instruments import REFUSALS

    ledger = found.ledger
    uses = [use.kwh for use in (ledger.of_site(site) if ledger else ()) if use.instrument == lot]
    used = sum(uses)
    refused = ledger.refused.get(lot.name) if ledger else None
    status = f"{refused}: {REFUSALS[refused]}" if refused else "used" if used else "not needed"
    if lot.kind == "onsite":
        status = OWN_GENERATION
    serial_from, serial_to = lot.serials or (None, None)
    return {
        "instrument": lot.name, "kind": lot.kind, "technology": lot.technology,
        "serial_from": serial_from, "serial_to": serial_to, "zone": lot.zone,
        "vintage_from": lot.start, "vintage_to": lot.end, "cancelled": lot.cancelled,
        "issued": lot.kwh / KWH_PER_MWH, "used": used / KWH_PER_MWH,
        "left": (lot.kwh - used) / KWH_PER_MWH, "factor": lot.factor, "status": status,
        "sources": lot.source,
    }  # fmt: skip


def _float(value: object) -> float:
    return float(value)  # type: ignore[arg-type]
