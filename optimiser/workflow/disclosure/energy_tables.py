"""Outputs 2 and 9: where energy and water come from and where they go."""

from __future__ import annotations

from collections.abc import Iterator

from optimiser.analysis.kpi.energy import energy_closure, energy_terms
from optimiser.analysis.kpi.quantity import Quantity, Ratio
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.schema.roles import ROLES
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES, USE_ROLES, it_role
from optimiser.workflow.disclosure.material import Material, Source
from optimiser.workflow.disclosure.monthly_tables import energy_by_month

AMOUNT_COLUMNS = (
    Column("value", "Amount", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("lower", "Lower", Kind.NUMBER),
    Column("upper", "Upper", Kind.NUMBER),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("method", "Method", is_provenance=True),
    Column("sources", "Sources", is_provenance=True),
)
_BALANCE = (
    Column("side", "Side", is_key=True),
    Column("role", "Component", is_key=True),
    Column("meaning", "Meaning"),
    *AMOUNT_COLUMNS,
)
_WATER = (
    Column("role", "Component", is_key=True),
    Column("direction", "Direction"),
    Column("wue_category", "WUE category"),
    Column("meaning", "Meaning"),
    *AMOUNT_COLUMNS,
    Column("stress_basin", "Water-stressed basin"),
)
_WATER_ROLES = {
    "win": ("in", "2"), "win_pot": ("in", "1"), "win_fre": ("in", "2"), "wout": ("out", ""),
}  # fmt: skip


def amount_cells(quantity: Quantity) -> dict[str, object]:
    """Return the cells of a component: value, interval, class, completeness, where from."""
    lower, upper = quantity.bounds or (None, None)
    return {
        "value": quantity.value,
        "unit": quantity.unit,
        "lower": lower,
        "upper": upper,
        "class": quantity.quality.name,
        "completeness": quantity.completeness,
        "reason": quantity.reason,
        "method": quantity.method,
        "sources": "; ".join(sorted(quantity.sources)),
    }


def energy_balance(material: Material) -> Output:
    """Return sources and uses over the hours that all of them share, with the closure error."""
    tables, findings = [], []
    for source in material.sources:
        role = it_role(source)
        roles = (*ENERGY_ROLES, *USE_ROLES, *((role,) if role else ()))
        parts = source.parts(*roles)
        if not parts:
            continue
        closure = _closure(parts, source, role)
        tables.append(_balance_table(parts, source, closure, role))
        findings += list(_closure_findings(closure, source))
        monthly = energy_by_month(material, source)
        tables += [monthly] if monthly is not None else []
    return Output(
        "energy_balance", "Energy balance", "all", tuple(tables), tuple(findings),
        None if tables else "no series of energy is known",
    )  # fmt: skip


def _closure(parts: dict[str, Quantity], source: Source, role: str | None) -> Ratio:
    uses = [parts[name] for name in (*USE_ROLES, role or "") if name in parts]
    return energy_closure(energy_terms(parts), uses, source.window)


def _balance_table(
    parts: dict[str, Quantity], source: Source, closure: Ratio, it: str | None
) -> Table:
    rows = []
    for role, quantity in parts.items():
        side = "source" if role in ENERGY_ROLES else "use"
        side = "export" if role == "e_export" else side
        cells = {"side": side, "role": role, "meaning": ROLES[role].description}
        rows.append({**cells, **amount_cells(quantity)})
    rows.append(
        {
            "side": "closure", "role": "closure_error",
            "meaning": "Share of the sources that the uses do not explain.",
            "value": closure.value, "unit": closure.unit, "class": closure.quality.name,
            "lower": closure.lower, "upper": closure.upper, "completeness": closure.completeness,
            "reason": closure.reason, "method": closure.method,
        }
    )  # fmt: skip
    note = f"IT energy is taken at {it}." if it else "IT energy is not known."
    return make_table(
        f"energy_balance_{source.section}", "Energy balance", source.section, _BALANCE, rows,
        notes=(note,), keep_order=True,
    )  # fmt: skip


def _closure_findings(closure: Ratio, source: Source) -> Iterator[Finding]:
    for flag in closure.flags:
        if flag.code == "NOT_CLOSED":
            yield Finding(f"energy_balance {source.section}", Level.FLAG, flag.sentence)


def water(material: Material) -> Output:
    """Return water in and out by source."""
    stress = material.reporting.facility.has_water_stress
    told = {None: "not stated", True: "yes", False: "no"}[stress]
    tables = []
    for source in material.sources:
        rows = [
            {
                "role": role, "direction": way, "wue_category": category,
                "meaning": ROLES[role].description, "stress_basin": told,
                **amount_cells(source.part(role)),
            }
            for role, (way, category) in _WATER_ROLES.items()
            if role in source.components.roles
        ]  # fmt: skip
        if rows:
            table = make_table(
                f"water_{source.section}", "Water", source.section, _WATER, rows, keep_order=True
            )
            tables.append(table)
    return Output(
        "water", "Water", "ISO/IEC 30134-9, ESRS E3", tuple(tables), (),
        None if tables else "no series of water is known",
    )  # fmt: skip
