"""Output 10: software carbon intensity of the services that a site names."""

from __future__ import annotations

from collections.abc import Mapping

from optimiser.analysis.kpi.quantity import Quality, Quantity, Ratio
from optimiser.analysis.kpi.software import Hardware, software_intensity
from optimiser.report.disclosure.table import Column, Finding, Kind, Level, Output, make_table
from optimiser.workflow.disclosure.cells import number
from optimiser.workflow.disclosure.emissions import grid_terms
from optimiser.workflow.disclosure.material import Material, Source

DEFAULT_LIFE_YEARS = 4.0
"""Life of a server whose own is not given [a]."""
_SCI = (
    Column("service", "Service", is_key=True),
    Column("functional_unit", "Functional unit", is_key=True),
    Column("units", "Units counted", Kind.NUMBER),
    Column("energy", "Energy", Kind.NUMBER, "kWh"),
    Column("intensity", "Intensity", Kind.NUMBER, "kgCO2e/kWh"),
    Column("operational", "Operational", Kind.NUMBER, "kgCO2e"),
    Column("embodied", "Embodied", Kind.NUMBER, "kgCO2e"),
    Column("value", "SCI", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("lower", "Lower", Kind.NUMBER),
    Column("upper", "Upper", Kind.NUMBER),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("boundary", "Boundary"),
    Column("sources", "Sources", is_provenance=True),
)


def sci_services(material: Material, source: Source, pue: Ratio | None) -> Output:
    """Return software carbon intensity per service; ``InputError`` when R is not positive."""
    name, title, framework = "sci_services", "Carbon per functional unit", "ISO/IEC 21031"
    frame = material.tables.get("services")
    if frame is None or frame.empty:
        return Output(name, title, framework, not_applicable="the site names no services")
    _, factor = grid_terms(material, source)
    if pue is None or pue.value is None or factor is None:
        lacking = "location-based factor" if factor is None else "PUE"
        finding = Finding(name, Level.FAILURE, f"no {lacking} is known")
        return Output(name, title, framework, (), (finding,), f"no {lacking} is known")
    rows = [
        _service(row, source, pue, factor.value, material.period.hours)
        for row in frame.to_dict("records")
    ]
    table = make_table(
        name, title, f"operational and embodied shares apart, {source.section}", _SCI, rows,
        notes=("SCI = (O + M) / R; energy holds the facility's overhead (PUE) and what the "
               "service reserves. Location-based; market instruments have no influence.",),
    )  # fmt: skip
    return Output(name, title, framework, (table,))


def _service(
    row: Mapping[object, object], source: Source, pue: Ratio, intensity: Quantity, hours: float
) -> dict[str, object]:
    cells = {str(key): value for key, value in row.items()}
    service, unit = str(cells["service"]), str(cells["unit"])
    it = _service_energy(cells, source, pue)
    overhead = it.scaled(pue.value or 1.0, "e_service")
    energy = Quantity(
        "e_service", overhead.value, "kWh", max(overhead.quality, pue.quality), overhead.lower,
        overhead.upper, overhead.relative, overhead.completeness, overhead.reason, "it-times-pue@1",
        tuple(dict.fromkeys((*overhead.sources, *pue.sources))),
    )  # fmt: skip
    hardware = _hardware(cells, hours)
    ratio = software_intensity(
        service, unit, number(cells["units"]) or 0.0, energy, intensity, hardware, source.window,
        unit_scale=number(cells["unit_scale"]) or 1.0,
    )  # fmt: skip
    embodied = sum((one.embodied.value or 0.0) * one.share for one in hardware)
    operational = None if energy.value is None else energy.value * (intensity.value or 0.0)
    return {
        "service": service, "functional_unit": unit, "units": number(cells["units"]),
        "energy": energy.value, "intensity": intensity.value, "operational": operational,
        "embodied": embodied if hardware else None, "value": ratio.value, "unit": ratio.unit,
        "lower": ratio.lower, "upper": ratio.upper, "class": ratio.quality.name,
        "completeness": ratio.completeness, "reason": ratio.reason,
        "boundary": str(cells["boundary"] or ""), "sources": "; ".join(sorted(ratio.sources)),
    }  # fmt: skip


def _service_energy(cells: Mapping[str, object], source: Source, pue: Ratio) -> Quantity:
    """Return IT energy of a service: its own amount, else its share of the site's."""
    own, share = number(cells["it_kwh"]), number(cells["it_share_fraction"])
    label = f"services:{cells['service']}"
    if own is not None:
        return Quantity("it_kwh", own, "kWh", pue.quality, completeness=pue.completeness,
                        method="stated@1", sources=(label,))  # fmt: skip
    if share is not None and pue.denominator.value is not None:
        return pue.denominator.scaled(share, "it_share")
    return Quantity("it_kwh", None, "kWh", Quality.MISSING, completeness=0.0, reason="NO_DATA")


def _hardware(cells: Mapping[str, object], hours: float) -> tuple[Hardware, ...]:
    embodied = number(cells["embodied_kgco2e"])
    if embodied is None:
        return ()
    given = Quantity("te", embodied, "kgCO2e", Quality.ESTIMATED, method="stated@1",
                     sources=(f"services:{cells['service']}",))  # fmt: skip
    return (
        Hardware(
            given,
            number(cells["lifetime_years"]) or DEFAULT_LIFE_YEARS,
            hours if number(cells["reserved_h"]) is None else number(cells["reserved_h"]) or 0.0,
            number(cells["resources_reserved"]) or 1.0,
            number(cells["resources_total"]) or 1.0,
        ),
    )
