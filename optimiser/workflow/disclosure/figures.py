"""Every figure and fact that a regime may ask for, by the name that rulesets use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from optimiser.analysis.kpi.baseline import degree_days
from optimiser.analysis.kpi.design import electrical_loss, mechanical_load
from optimiser.analysis.kpi.energy import energy_terms
from optimiser.analysis.kpi.quantity import PARTIAL, Quality, Quantity, Ratio, Term, missing, total
from optimiser.analysis.kpi.servers import sert_total
from optimiser.analysis.kpi.verdicts import Fact
from optimiser.schema.reporting import Reporting
from optimiser.schema.roles import ROLES
from optimiser.workflow.disclosure.cfe_tables import match_of
from optimiser.workflow.disclosure.emissions import gwp_of
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES, IT_ROLES, it_role
from optimiser.workflow.disclosure.material import Material, Source
from optimiser.workflow.disclosure.renewables import Renewables

Figure = Ratio | Quantity
IT_POINT = {"e_it_ups": "UPS output", "e_it_pdu": "PDU output", "e_it_device": "device input"}
_RATIO_NAMES = {
    "PUE": "pue", "iPUE": "pue", "mPUE": "pue", "imPUE": "pue", "ERF": "erf", "ERE": "ere",
    "REF": "ref", "CER": "cer", "WUE": "wue", "WUE potable": "wue_pot", "WUE fresh": "wue_fre",
    "CUE": "cue", "CUE-MB": "cue_mb",
}  # fmt: skip
DEGREE_DAY_BASE_C = 18.0
NOT_TOLD: dict[str, Fact] = {"is_network_node": False, "is_defence": False}
"""What is taken for granted where no fact says otherwise."""
_SIZES_MW = (0.5, 1, 5, 10, 50, 100)


@dataclass(frozen=True)
class Figures:
    """Figures of one source by name, facts of the site by name, and where IT was measured."""

    source: Source
    metrics: Mapping[str, Figure]
    facts: Mapping[str, Fact]
    it_point: str
    remarks: Mapping[str, str] = field(default_factory=dict)


def figures_of(
    material: Material, source: Source, ratios: list[Ratio], renewables: Renewables,
    emissions: Mapping[str, Quantity],
) -> Figures:  # fmt: skip
    """Return the figures of a source.

    Where PUE is known in several categories, regimes get that of the UPS output (category 1),
    as the EU regulation asks, else the next one.
    """
    role = next((r for r in IT_ROLES if r in source.components.roles), None)
    metrics: dict[str, Figure] = dict(_amounts(source, role))
    metrics |= {"eres_tot": renewables.total}
    names = ("eres_goo", "eres_ppa", "eres_os")
    metrics |= dict(zip(names, renewables.parts, strict=True))
    metrics |= _by_name(ratios)
    metrics |= emissions
    metrics |= _further(material, source)
    metrics |= _carriers(metrics, renewables)
    return Figures(source, metrics, _facts(material), IT_POINT.get(role or "", ""))


def settled(quantity: Quantity, source: Source) -> Quantity:
    """Return an amount of the period, or ``PARTIAL`` when too little of the period was seen."""
    window = source.window
    if quantity.value is None or window.allow_partial or quantity.completeness >= window.enough:
        return quantity
    return Quantity(
        quantity.name, None, quantity.unit, max(quantity.quality, Quality.MISSING),
        completeness=quantity.completeness, reason=PARTIAL, sources=quantity.sources,
    )  # fmt: skip


def _amounts(source: Source, it_role: str | None) -> Iterator[tuple[str, Quantity]]:
    """Yield the components of a filing; energies over the hours that all of them share."""
    together = (*ENERGY_ROLES, "e_reuse", *((it_role,) if it_role else ()))
    parts = source.parts(*together)
    energies = {role: parts[role] for role in ENERGY_ROLES if role in parts}
    yield "e_dc", settled(total("e_dc", energy_terms(energies), "kWh"), source)
    it = parts[it_role] if it_role else missing("e_it", "kWh")
    yield "e_it", settled(replace(it, name="e_it"), source)
    for role in ("e_grid", "e_export", "e_generator", "e_onsite", "e_fuel", "e_reuse"):
        yield role, settled(parts.get(role) or missing(role, "kWh"), source)
    for role in (
        "win", "win_pot", "win_fre", "t_reuse", "t_in_setpoint", "battery_offered",
        "traffic_in_eb", "traffic_out_eb", "q_removed",
    ):  # fmt: skip
        yield role, settled(source.part(role), source)
    yield "q_rejected", settled(_rejected(source), source)
    yield "t_waste_heat", missing("t_waste_heat", ROLES["t_reuse"].unit)


def _rejected(source: Source) -> Quantity:
    """Return the heat that is removed and not handed over [kWh]."""
    parts = source.parts("q_removed", "e_reuse")
    if "q_removed" not in parts:
        return missing("q_rejected", "kWh")
    terms = [Term(parts["q_removed"])]
    terms += [Term(parts["e_reuse"], -1.0)] if "e_reuse" in parts else []
    return total("q_rejected", terms, "kWh")


def _by_name(ratios: list[Ratio]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for ratio in sorted(ratios, key=lambda one: one.category or "", reverse=True):
        name = _RATIO_NAMES.get(ratio.name)
        if name is not None:
            found[name] = ratio
    if "ref" in found:
        found["renewable_share"] = found["clean_share"] = found["ref"]
    return found


def _carriers(metrics: Mapping[str, Figure], renewables: Renewables) -> dict[str, Figure]:
    """Split energy by carrier; the mix of what the grid supplies beyond the ledger is not known."""
    bought = [p for p in (renewables.certificates, renewables.contracts) if p.value is not None]
    found: dict[str, Figure] = {
        "e_renewable": renewables.total,
        "e_renewable_own": renewables.onsite,
        "e_renewable_bought": total("e_renewable_bought", bought, "kWh")
        if bought
        else missing("e_renewable_bought", "kWh"),
    }
    for name in ("e_fossil", "e_nuclear", "e_renewable_fuel"):
        found[name] = missing(name, "kWh")
    return {name: figure for name, figure in found.items() if name not in metrics}


def _further(material: Material, source: Source) -> dict[str, Figure]:
    """Return the mechanical load component, peak IT power over the rated one, degree days, CFE."""
    role = it_role(source)
    parts = source.parts("e_cooling", *((role,) if role else ()))
    found: dict[str, Figure] = {}
    if role is not None and "e_cooling" in parts:
        found["mlc"] = mechanical_load([parts["e_cooling"]], parts[role], source.window)
    if role is not None:
        hourly = source.components.hourly(role, source.period)["value"].to_numpy(dtype=float)
        if np.isfinite(hourly).any():
            peak_kw = float(np.nanmax(hourly)) / source.components.data.grid.step_h
            share = peak_kw / material.reporting.facility.rated_it_kw
            found["power_use"] = replace(parts[role], name="power_use", value=share, unit="1",
                                         lower=None, upper=None, method="peak-hour@1")  # fmt: skip
    segments = material.reporting.electrical_segments
    if segments:
        loss = electrical_loss(list(segments.values()))
        found["elc"] = Quantity("elc", loss, "1", method="elc@1",
                                sources=("reporting.yaml#electrical_segments",))  # fmt: skip
        both = found.get("mlc")
        if both is not None and both.value is not None:
            found["mlc_plus_elc"] = Quantity("mlc_plus_elc", both.value + loss, "1", both.quality,
                                             completeness=both.completeness)  # fmt: skip
    found["cdd"] = settled(degree_days_of(material, source), source)
    match = match_of(source)
    if match is not None and match.hours.cfe is not None:
        found["cfe"] = Quantity(
            "cfe", match.hours.cfe, "1", match.worst, completeness=match.completeness,
            method="cfe-hourly@1", sources=source.part("cfe_contracted").sources,
        )  # fmt: skip
    return found


def degree_days_of(material: Material, source: Source) -> Quantity:
    """Return the cooling degree days of the period [K d], from daily means.

    The base is that of the savings of reporting.yaml, else 18 °C; it stands in the method.
    """
    savings = material.reporting.savings
    base = savings.base_temperature_c if savings is not None else DEGREE_DAY_BASE_C
    level = source.part("t_outdoor")
    if level.value is None:
        return missing("cdd", "K d")
    frame = source.components.hourly("t_outdoor", source.period)
    day = frame["start"].dt.tz_convert(source.period.zone).dt.date
    means = frame["value"].groupby(day).mean().to_numpy(dtype=float)
    amount = float(degree_days(means[np.isfinite(means)], base, "cooling", np.array(1.0)).sum())
    return replace(level, name="cdd", value=amount, unit="K d", lower=None, upper=None,
                   relative=0.0, method=f"cdd-{base:g}C@1")  # fmt: skip


def _facts(material: Material) -> dict[str, Fact]:
    """Return the facts of the site: scalars of the facility, what follows, and what is told."""
    reporting = material.reporting
    facility = reporting.facility
    told: dict[str, Fact] = {
        name: value
        for name, value in facility.model_dump().items()
        if isinstance(value, (bool, int, float, str))
    }
    told["owner"] = _contact(facility.owner.name, facility.owner.contact)
    told["operator"] = _contact(facility.operator.name, facility.operator.contact)
    year, _, month = facility.start.partition("-")
    told["start"] = date(int(year), int(month), 1)
    told["size_class"] = size_class(facility.rated_it_kw)
    told["refrigerants"] = ", ".join(sorted(one.name for one in facility.refrigerants)) or None
    gwps = [gwp_of(material, one) for one in facility.refrigerants]
    known = [one.value.value for one in gwps if one is not None and one.value.value is not None]
    if known and len(known) == len(gwps):
        told["max_refrigerant_gwp"] = max(known)
    return told | _active_efficiency(reporting) | NOT_TOLD | dict(reporting.facts)


def _active_efficiency(reporting: Reporting) -> dict[str, Fact]:
    """Return the lowest SERT score of each form of server whose scores are told."""
    found: dict[str, float] = {}
    for one in reporting.servers:
        if one.form is not None and one.sert is not None:
            score = sert_total(one.sert.cpu, one.sert.memory, one.sert.storage)
            name = f"sert_{one.form}"
            found[name] = min(score, found.get(name, score))
    return dict(found)


def _contact(name: str, contact: str) -> str:
    return f"{name}, {contact}" if contact else name


def size_class(rated_it_kw: float) -> str:
    """Return the size class of the German register."""
    for bound in _SIZES_MW:
        if rated_it_kw < bound * 1000:
            return f"<{bound:g} MW"
    return ">=100 MW"
