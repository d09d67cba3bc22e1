"""From material to the disclosure: every output, in the order of the specification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from optimiser.analysis.kpi.design import size_band
from optimiser.analysis.kpi.quantity import Ratio
from optimiser.report.disclosure.plain import Cell, plain_cell
from optimiser.report.disclosure.table import Disclosure, Output
from optimiser.report.disclosure.words import refuse_claims
from optimiser.schema.ruleset import Ruleset
from optimiser.workflow.disclosure.assets import embodied_assets
from optimiser.workflow.disclosure.capacity.plan import capacity_plan
from optimiser.workflow.disclosure.cfe_tables import cfe_hourly
from optimiser.workflow.disclosure.check_tables import independent_checks
from optimiser.workflow.disclosure.content import content_digest
from optimiser.workflow.disclosure.emissions import Emissions, carbon_ratios, emissions_of
from optimiser.workflow.disclosure.energy_tables import energy_balance, water
from optimiser.workflow.disclosure.evidence_tables import assumptions, data_quality
from optimiser.workflow.disclosure.figures import Figures, figures_of
from optimiser.workflow.disclosure.frameworks import wanted
from optimiser.workflow.disclosure.further import further_indicators
from optimiser.workflow.disclosure.ghg_tables import (
    esrs_e1,
    ghg_inventory,
)
from optimiser.workflow.disclosure.indicators import energy_indicators
from optimiser.workflow.disclosure.kpi_tables import DRAWS, SEED, kpi_summary
from optimiser.workflow.disclosure.material import Material, Source
from optimiser.workflow.disclosure.plan_tables import plan_vs_baseline
from optimiser.workflow.disclosure.regime_tables import annex, label_preview, rule_verdicts
from optimiser.workflow.disclosure.renewables import (
    Renewables,
    instrument_ledger,
    renewable_ratio,
    renewables_of,
)
from optimiser.workflow.disclosure.savings_tables import savings_verification
from optimiser.workflow.disclosure.service_tables import sci_services

FORMAT = "dcopt.disclosure/1"


def compose(material: Material) -> Disclosure:
    """Return the disclosure of a site and period.

    Raises ``InputError`` when a text of the data claims more than numbers can show.
    """
    digest = content_digest(material)
    studies = [study(material, source) for source in material.sources]
    ratios = [ratio for one in studies for ratio in one.ratios]
    best = studies[0]
    meters = material.reporting.meters
    correlations = meters.correlations if meters is not None else {}
    chosen, previews, day = material.rulesets, material.previews, material.as_of
    outputs: list[Output] = [
        kpi_summary(ratios, digest, correlations),
        energy_balance(material),
        annex("eed_annex", "EU database: Annexes I to III", "(EU) 2024/1364",
              _of((*chosen, *previews), "EU"), best.figures, day),
        label_preview([one for one in (*chosen, *previews) if one.scales], best.figures),
        annex("enefg_annex3", "German register: Annex 3", "EnEfG",
              _of((*chosen, *previews), "DE"), best.figures, day),
        rule_verdicts(chosen, best.figures, day, material.reporting),
        ghg_inventory(best.source, best.emissions),
        instrument_ledger(material, best.renewables),
        cfe_hourly(best.source),
        water(material),
        sci_services(material, best.source, best.pue),
        embodied_assets(material),
        capacity_plan(material),
        plan_vs_baseline(material, material.run),
        savings_verification(material),
        esrs_e1([one for one in chosen if one.aliases], best.figures),
        _with_checks(data_quality(material), studies),
        assumptions(material, ratios),
    ]  # fmt: skip
    made = Disclosure(
        site=material.site,
        period=material.period.label,
        facts=_facts(material),
        outputs=wanted(outputs, material.settings.frameworks),
        methods=_methods(material, digest),
        boundary=material.reporting.boundary.strip(),
    )
    refuse_claims(made)
    return made


def _with_checks(output: Output, studies: list[Study]) -> Output:
    """Add the independent checks of every source to the data quality."""
    tables, findings = list(output.tables), list(output.findings)
    for one in studies:
        table, found = independent_checks(one.source, one.ratios, one.renewables, one.emissions)
        tables += [table] if table is not None else []
        findings += found
    return replace(output, tables=tuple(tables), findings=tuple(findings))


@dataclass(frozen=True)
class Study:
    """Everything computed of one source."""

    source: Source
    renewables: Renewables
    emissions: Emissions
    ratios: list[Ratio]
    figures: Figures

    @property
    def pue(self) -> Ratio | None:
        """PUE in the highest category that is known."""
        names = ("PUE", "iPUE", "mPUE", "imPUE")
        return next((ratio for ratio in self.ratios if ratio.name in names), None)


def study(material: Material, source: Source) -> Study:
    """Compute every indicator and amount of one source."""
    renewables = renewables_of(material, source)
    emissions = emissions_of(material, source, renewables)
    ratios = [
        *energy_indicators(material, source),
        *further_indicators(material, source),
        renewable_ratio(material, source, renewables),
        *carbon_ratios(material, source, emissions),
    ]
    figures = figures_of(material, source, ratios, renewables, emissions.totals())
    return Study(source, renewables, emissions, ratios, figures)


def indicators_of(material: Material, source: Source) -> list[Ratio]:
    """Return every indicator of one source."""
    return study(material, source).ratios


def _of(rulesets: tuple[Ruleset, ...], jurisdiction: str) -> list[Ruleset]:
    return [one for one in rulesets if one.jurisdiction == jurisdiction and one.datapoints]


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
        "size_band": size_band(facility.rated_it_kw),
        "period": period.label,
        "period_start": period.start.astimezone(zone),
        "period_end": period.end.astimezone(zone),
        "time_zone": period.zone,
        "hours": period.hours,
        "rules_as_of": material.as_of,
        "basis": ", ".join(source.section for source in material.sources),
    }
    return {name: plain_cell(value) for name, value in told.items() if value is not None}


def _methods(material: Material, digest: str) -> dict[str, Cell]:
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
        "input_digest": digest,
    }
    return {name: plain_cell(value) for name, value in told.items()}
