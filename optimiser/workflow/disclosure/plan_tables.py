"""Output 13: what the newest plan predicts over its baseline, from one model and one input.

Predicted figures only; verified ones stand in ``savings_verification``. The change of emissions
answers what a decision changes (consequential) and is no part of the inventory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from optimiser.analysis.kpi.quantity import Quality, Quantity
from optimiser.analysis.kpi.savings import PredictedSaving
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.schema.plan import Plan
from optimiser.store.latest import complete_runs, resolve_run
from optimiser.store.manifest import MANIFEST, hash_of
from optimiser.store.runs import StoredRun, read_run
from optimiser.workflow.disclosure.material import Material
from optimiser.workflow.heuristic import Heuristic, sleep_empty_hosts

NAME, TITLE, FRAMEWORK = "plan_vs_baseline", "Plan against baseline", "predicted savings"
WITHIN_GAP = "saving within optimality gap"
LITRES_PER_M3 = 1000.0
_FIGURES = (
    Column("figure", "Figure", is_key=True),
    Column("baseline", "Baseline", Kind.NUMBER),
    Column("plan", "Plan", Kind.NUMBER),
    Column("predicted_change", "Predicted change", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("meaning", "Meaning"),
)
_PROOF = (
    Column("item", "Item", is_key=True),
    Column("value", "Value", Kind.NUMBER),
    Column("text", "Text"),
    Column("unit", "Unit"),
)
_BINDING = (
    Column("rule", "Rule", is_key=True),
    Column("where", "Where", is_key=True),
    Column("sentence", "What it means"),
    Column("price", "Worth of one unit", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("found_by", "Found by"),
)


def find_run(folder: Path, name: str | None) -> StoredRun | None:
    """Return a stored plan of a site by name, the newest for ``None``; ``None`` when empty.

    Raises ``InputError`` when a run that is named is not there.
    """
    if name == "" or (name is None and not complete_runs(folder / "runs")):
        return None
    return read_run(folder / "runs" / name if name else resolve_run(folder))


def run_hashes(run: StoredRun | None) -> dict[str, str]:
    """Return the SHA-256 of a run's manifest, which holds those of its files, solver log too."""
    if run is None:
        return {}
    name = f"runs/{run.manifest.run}/{MANIFEST}"
    return {name: hash_of(run.folder / MANIFEST)}


def plan_vs_baseline(material: Material, run: StoredRun | None) -> Output:
    """Return the prediction of the newest plan, with its gap and what limits it."""
    if run is None:
        return Output(NAME, TITLE, FRAMEWORK, not_applicable="the site has no stored plan")
    metrics, plan = run.metrics(), run.plan
    before, after = metrics.get("before") or {}, metrics.get("after") or {}
    if not before or not after.get("hours"):
        why = "the plan places workloads that ran nowhere before: there is no baseline"
        return Output(NAME, TITLE, FRAMEWORK, not_applicable=why)
    saving = predicted(before, after, plan)
    tables = [
        _figures(material, before, after, plan),
        _proof(run, saving, after, sleep_empty_hosts(run)),
        *_binding(plan),
    ]
    return Output(
        NAME, TITLE, FRAMEWORK, tuple(tables), tuple(_findings(plan, is_within_gap(plan, saving)))
    )


def predicted(before: Mapping[str, Any], after: Mapping[str, Any], plan: Plan) -> PredictedSaving:
    """Return the predicted saving of energy over the horizon [kWh]."""
    sides = [
        Quantity(name, float(side["facility_kwh"]), "kWh", Quality.MODELLED, method="twin@1")
        for name, side in (("baseline", before), ("plan", after))
    ]
    return PredictedSaving(sides[0], sides[1], plan.proof.gap)


def _figures(
    material: Material, before: Mapping[str, Any], after: Mapping[str, Any], plan: Plan
) -> Table:
    rows = [
        _row("energy", "facility_kwh", "kWh", before, after, "Energy of the site."),
        _row("IT energy", "it_kwh", "kWh", before, after, "Energy of IT."),
        _row("cost", "cost", plan.currency, before, after, "Energy, water and other costs."),
        _row("emissions, location-based", "kgco2e", "kgCO2e", before, after,
             "Grid average of each hour; what the decision changes."),
        _market(material, before, after),
        _row("water", "water_l", "m3", before, after, "Water on site.", 1 / LITRES_PER_M3),
        _row("PUE", "pue", "1", before, after, "It may rise while energy falls."),
        _row("peak power", "peak_kw", "kW", before, after, "Highest power of the horizon."),
        _row("host overload", "host_overload_h", "h", before, after, "Risk to service levels."),
    ]  # fmt: skip
    return make_table(
        "plan_predicted", "Predicted change", "modelled, predicted, consequential", _FIGURES, rows,
        notes=("Baseline: today's placement, simulated with the same model and inputs over the "
               "same horizon. Capacity that becomes free may be used for something else.",),
        keep_order=True,
    )  # fmt: skip


def _row(
    figure: str, key: str, unit: str, before: Mapping[str, Any], after: Mapping[str, Any],
    meaning: str, scale: float = 1.0,
) -> dict[str, object]:  # fmt: skip
    sides = [None if one.get(key) is None else float(one[key]) * scale for one in (before, after)]
    row: dict[str, object] = {
        "figure": figure, "baseline": sides[0], "plan": sides[1], "unit": unit,
        "class": Quality.MODELLED.name, "completeness": 1.0, "meaning": meaning,
    }  # fmt: skip
    if sides[0] is None or sides[1] is None:
        return row | {"class": Quality.MISSING.name, "completeness": 0.0, "reason": "NO_DATA"}
    return row | {"predicted_change": sides[1] - sides[0]}


def _market(
    material: Material, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, object]:
    residual = material.factors.get("residual_mix")
    meaning = "Residual mix for every kWh that changes; the ledger is not touched."
    if residual is None or residual.value.value is None:
        row = _row("emissions, market-based", "", "kgCO2e", before, after, meaning)
        return row | {"reason": "NO_FACTOR"}
    return _row("emissions, market-based", "facility_kwh", "kgCO2e", before, after, meaning,
                residual.value.value)  # fmt: skip


def claimed(plan: Plan) -> float:
    """Return what the plan saves of the objective over today, one-off costs included."""
    return sum(term.before for term in plan.terms) - plan.proof.objective


def is_within_gap(plan: Plan, saving: PredictedSaving) -> bool:
    """Say whether the saving, of energy or of the objective, is less than the solver left open."""
    bound = plan.proof.bound
    is_less = bound is not None and claimed(plan) < plan.proof.objective - bound
    return is_less or bool(saving.is_within_gap)


def _proof(
    run: StoredRun, saving: PredictedSaving, after: Mapping[str, Any], heuristic: Heuristic
) -> Table:
    plan, manifest = run.plan, run.manifest
    limit = manifest.settings.get("time_limit_s")
    energy = sum(move.energy_kwh or 0.0 for move in run.moves())
    rows: list[dict[str, object]] = [
        {"item": "objective", "value": plan.proof.objective, "unit": plan.currency},
        {"item": "best bound", "value": plan.proof.bound, "unit": plan.currency},
        {"item": "gap", "value": plan.proof.gap, "unit": "1"},
        {"item": "level of proof", "text": plan.proof.level},
        {"item": "status", "text": manifest.stopped},
        {"item": "seed", "value": manifest.seed, "unit": "1"},
        {"item": "time limit", "value": limit, "unit": "s"},
        {"item": "horizon", "value": after.get("hours"), "unit": "h"},
        {"item": "moves", "value": len(run.moves()), "unit": "1"},
        {"item": "energy of the moves", "value": energy, "unit": "kWh"},
        {"item": "predicted saving", "value": saving.kwh, "unit": "kWh"},
        {"item": "predicted saving of the objective", "value": claimed(plan),
         "unit": plan.currency},
        {"item": "honesty", "text": WITHIN_GAP if is_within_gap(plan, saving) else
         "the saving is larger than what the solver left open"},
        {"item": "trivial heuristic", "value": heuristic.saved_kwh, "unit": "kWh",
         "text": heuristic.sentence},
        {"item": "run", "text": manifest.run},
    ]  # fmt: skip
    return make_table(
        "plan_proof", "Proof of the plan", "modelled, predicted", _PROOF, rows, keep_order=True
    )


def _binding(plan: Plan) -> Iterator[Table]:
    rows = [
        {
            "rule": one.rule, "where": f"{one.where} ({number})", "sentence": one.sentence,
            "price": one.price, "unit": f"{plan.currency} a year per {one.unit}",
            "found_by": one.method,
        }
        for number, one in enumerate(plan.binding, start=1)
    ]  # fmt: skip
    if rows:
        yield make_table("plan_binding", "What limits the plan", "modelled", _BINDING, rows)


def _findings(plan: Plan, is_within: bool) -> Iterator[Finding]:
    if plan.proof.gap is None:
        yield Finding(NAME, Level.FAILURE, "the plan has no gap")
    if is_within:
        yield Finding(NAME, Level.FLAG, WITHIN_GAP)
