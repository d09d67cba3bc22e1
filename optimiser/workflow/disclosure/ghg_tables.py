"""Outputs 6 and 15: greenhouse gas inventory, and the datapoints of ESRS E1.

Location- and market-based, operational and embodied emissions stand in tables of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optimiser.analysis.kpi.inventory import Line, emissions_by_line
from optimiser.analysis.kpi.quantity import Quality, Quantity
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.schema.ruleset import Ruleset
from optimiser.workflow.disclosure.emissions import Emissions
from optimiser.workflow.disclosure.energy_tables import amount_cells
from optimiser.workflow.disclosure.figures import Figures
from optimiser.workflow.disclosure.material import Source

_GHG = (
    Column("scope", "Scope", is_key=True),
    Column("category", "Category", is_key=True),
    Column("activity", "Activity", is_key=True),
    Column("factor_id", "Factor", is_key=True),
    Column("gas", "Gas"),
    Column("basis", "Basis"),
    Column("how", "Step of the hierarchy"),
    Column("amount", "Amount", Kind.NUMBER),
    Column("amount_unit", "Unit of the amount"),
    Column("factor", "Factor per unit", Kind.NUMBER),
    Column("value", "Emissions", Kind.NUMBER, "kgCO2e"),
    Column("lower", "Lower", Kind.NUMBER, "kgCO2e"),
    Column("upper", "Upper", Kind.NUMBER, "kgCO2e"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("sources", "Sources", is_provenance=True),
)
_E1 = (
    Column("version", "Version", is_key=True),
    Column("datapoint", "Datapoint", is_key=True),
    Column("meaning", "Meaning"),
    Column("value", "Value", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("identifier", "Our identifier", is_provenance=True),
    Column("sources", "Sources", is_provenance=True),
)
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("scope1", "Scope 1", "operational, attributional"),
    ("scope2_location", "Scope 2, location-based", "location-based, attributional"),
    ("scope2_market", "Scope 2, market-based", "market-based, attributional"),
    ("scope3_operational", "Scope 3 without capital goods", "operational, attributional"),
    ("scope3_embodied", "Scope 3, category 2: capital goods", "embodied, booked when acquired"),
)


def ghg_inventory(source: Source, emissions: Emissions) -> Output:
    """Return the inventory: one table per scope and basis, and totals by basis."""
    name, title, framework = "ghg_inventory", "Greenhouse gas inventory", "GHG Protocol, ESRS E1"
    lines = emissions_by_line(emissions.inventory.lines)
    tables = [t for part in _PARTS if (t := _ghg_table(part, lines, source)) is not None]
    tables += list(_totals(emissions, source)) if tables else []
    findings = [Finding(name, Level.FAILURE, f"no factor for {text}") for text in emissions.lacking]
    findings += [
        Finding(name, Level.FLAG, flag.sentence)
        for flag in emissions.inventory.flags
        if flag.severity == "warning"
    ]
    bases = {line.basis for line, _ in lines if line.scope == 2}
    if bases and bases != {"location", "market"}:
        findings.append(Finding(name, Level.FAILURE, "scope 2 is not given on both bases"))
    reason = None if tables else "no activity has a factor"
    return Output(name, title, framework, tuple(tables), tuple(findings), reason)


def _part_of(line: Line) -> str:
    if line.scope == 2:
        return f"scope2_{line.basis}"
    if line.scope == 1:
        return "scope1"
    return "scope3_embodied" if line.category == "2" else "scope3_operational"


def _ghg_table(
    part: tuple[str, str, str], lines: Sequence[tuple[Line, Quantity]], source: Source
) -> Table | None:
    name, title, section = part
    rows = [_ghg_row(line, amount) for line, amount in lines if _part_of(line) == name]
    if not rows:
        return None
    return make_table(f"ghg_{name}", title, f"{section}, {source.section}", _GHG, rows)


def _ghg_row(line: Line, amount: Quantity) -> dict[str, object]:
    cells = amount_cells(amount)
    cells = {name: cells[name] for name in ("value", "lower", "upper", "class", "completeness",
                                            "reason", "sources")}  # fmt: skip
    quantity, factor = line.term.quantity, line.term.factor
    activity = quantity.value
    return {
        "scope": f"scope {line.scope}", "category": line.category, "activity": quantity.name,
        "factor_id": line.factor_id or line.how, "gas": line.gas, "basis": line.basis,
        "how": line.how, "amount": None if activity is None else activity * line.term.coefficient,
        "amount_unit": quantity.unit, "factor": None if factor is None else factor.value, **cells,
    }  # fmt: skip


def _totals(emissions: Emissions, source: Source) -> Iterator[Table]:
    totals = emissions.totals()
    for basis in ("location", "market"):
        names = ("ghg_scope1", f"ghg_scope2_{basis}", "ghg_scope3", f"ghg_total_{basis}")
        rows = []
        for name in names:
            cells = amount_cells(totals[name])
            kept = ("value", "lower", "upper", "class", "completeness", "reason", "sources")
            rows.append(
                {"scope": "total" if "total" in name else name[4:10].replace("scope", "scope "),
                 "category": name, "activity": "", "factor_id": "", "gas": "CO2e", "basis": basis,
                 **{k: cells[k] for k in kept}}
            )  # fmt: skip
        yield make_table(
            f"ghg_totals_{basis}", f"Totals, {basis}-based",
            f"{basis}-based, attributional, {source.section}", _GHG, rows, keep_order=True,
        )  # fmt: skip


def esrs_e1(rulesets: Sequence[Ruleset], figures: Figures) -> Output:
    """Return the datapoints of ESRS E1 under the identifiers of each version, with one value."""
    name, title, framework = "esrs_e1", "Datapoints of ESRS E1", "CSRD"
    tables = []
    for ruleset in rulesets:
        versions = sorted({version for alias in ruleset.aliases for version in alias.ids})
        default = str(ruleset.parameters.get("default_version", ""))
        for version in sorted(versions, key=lambda v: (v != default, v)):
            rows = [
                _alias_row(alias.ids[version], version, alias, figures)
                for alias in ruleset.aliases
                if version in alias.ids
            ]
            tables.append(
                make_table(
                    f"{name}_{version.replace('-', '_')}", f"{title}, {version}",
                    f"{version}, {figures.source.section}", _E1, rows,
                    notes=(f"{ruleset.citation}. {ruleset.notice}",),
                    watermark="" if version == default else "numbering not in force",
                )
            )  # fmt: skip
    reason = None if tables else "no ruleset of the site's jurisdictions asks for it"
    return Output(name, title, framework, tuple(tables), (), reason)


def _alias_row(number: str, version: str, alias: object, figures: Figures) -> dict[str, object]:
    from optimiser.schema.ruleset import Alias

    assert isinstance(alias, Alias)
    figure = figures.metrics.get(alias.source or "")
    row: dict[str, object] = {
        "version": version, "datapoint": number, "meaning": alias.title, "unit": alias.unit,
        "identifier": alias.id,
    }  # fmt: skip
    if figure is None:
        return row | {"class": Quality.MISSING.name, "reason": "NO_DATA", "completeness": 0.0}
    return row | {
        "value": None if figure.value is None else figure.value * alias.scale,
        "class": figure.quality.name, "completeness": figure.completeness,
        "reason": figure.reason, "sources": "; ".join(sorted(figure.sources)),
    }  # fmt: skip
