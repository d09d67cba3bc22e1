"""From material to the disclosure: every output, in the order of the specification."""

from __future__ import annotations

import hashlib
from zoneinfo import ZoneInfo

from optimiser.analysis.kpi.quantity import Ratio
from optimiser.report.disclosure.plain import Cell, plain_cell
from optimiser.report.disclosure.table import Disclosure, Output
from optimiser.report.disclosure.words import refuse_claims
from optimiser.store.canonical import canonical_json
from optimiser.workflow.disclosure.energy_tables import energy_balance, water
from optimiser.workflow.disclosure.evidence_tables import assumptions, data_quality
from optimiser.workflow.disclosure.frameworks import wanted
from optimiser.workflow.disclosure.indicators import energy_indicators
from optimiser.workflow.disclosure.kpi_tables import DRAWS, SEED, kpi_summary
from optimiser.workflow.disclosure.material import Material, Source

FORMAT = "dcopt.disclosure/1"


def compose(material: Material) -> Disclosure:
    """Return the disclosure of a site and period.

    Raises ``InputError`` when a text of the data claims more than numbers can show.
    """
    digest = input_digest(material)
    ratios = [ratio for source in material.sources for ratio in energy_indicators(material, source)]
    outputs: list[Output] = [
        kpi_summary(ratios, digest),
        energy_balance(material),
        water(material),
        data_quality(material),
        assumptions(material, ratios),
    ]
    made = Disclosure(
        site=material.site,
        period=material.period.label,
        facts=_facts(material),
        outputs=wanted(outputs, material.settings.frameworks),
        inputs=dict(material.files),
        methods=_methods(material),
        boundary=material.reporting.boundary.strip(),
    )
    refuse_claims(made)
    return made


def indicators_of(material: Material, source: Source) -> list[Ratio]:
    """Return every indicator of one source."""
    return energy_indicators(material, source)


def input_digest(material: Material) -> str:
    """Return one SHA-256 over the names and digests of all inputs."""
    return hashlib.sha256(canonical_json(dict(material.files))).hexdigest()


def _facts(material: Material) -> dict[str, Cell]:
    facility, period = material.reporting.facility, material.period
    zone = ZoneInfo(period.zone)
    told: dict[str, object] = {
        "name": facility.name,
        "owner": facility.owner.name,
        "operator": facility.operator.name,
        "type": facility.kind,
        "country": facility.country,
        "nuts3": facility.nuts3,
        "in_operation_since": facility.start,
        "rated_it_kw": facility.rated_it_kw,
        "period": period.label,
        "period_start": period.start.astimezone(zone),
        "period_end": period.end.astimezone(zone),
        "time_zone": period.zone,
        "hours": period.hours,
        "rules_as_of": material.as_of,
        "basis": ", ".join(source.section for source in material.sources),
    }
    return {name: plain_cell(value) for name, value in told.items() if value is not None}


def _methods(material: Material) -> dict[str, Cell]:
    settings, reporting = material.settings, material.reporting
    told: dict[str, object] = {
        "allow_partial": settings.allow_partial,
        "energy_weighting": material.weighting,
        "frameworks": ", ".join(settings.frameworks) or "all",
        "rulesets": ", ".join(settings.rulesets or reporting.rulesets) or "by jurisdiction",
        "jurisdictions": ", ".join(reporting.jurisdictions) or "none",
        "monte_carlo_draws": DRAWS,
        "monte_carlo_seed": SEED,
        "wue_category": reporting.wue_category,
        "input_digest": input_digest(material),
    }
    return {name: plain_cell(value) for name, value in told.items()}
