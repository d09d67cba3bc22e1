"""Fill the report from a judged plan: plain numbers, nothing formatted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.analysis.bottlenecks import Bottleneck
from optimiser.analysis.metrics import embodied_in_use_kg, own_on_cost_per_h
from optimiser.report import payload
from optimiser.schema.plan import Move, Plan
from optimiser.schema.study import Weights
from optimiser.store.manifest import Manifest
from optimiser.twin.rules import Rule
from optimiser.workflow.inlets import finite
from optimiser.workflow.judgement import Side
from optimiser.workflow.report_racks import rack_map
from optimiser.workflow.report_series import power_series
from optimiser.workflow.report_unserved import unserved

SENTENCES = 50


@dataclass(frozen=True)
class Judged:
    """A plan and everything that judges it."""

    twin: xr.Dataset
    rules: Sequence[Rule]
    plan: Plan
    before: Side
    after: Side
    weights: Weights
    bottlenecks: Sequence[Bottleneck] = ()


def report_data(judged: Judged, manifest: Manifest) -> payload.ReportData:
    """Return everything the report shows."""
    twin, plan = judged.twin, judged.plan
    notes = [f"Default: {text}" for text in manifest.defaults]
    return payload.ReportData(
        site=plan.site,
        study=plan.study,
        created=manifest.created,
        currency=plan.currency,
        horizon_h=float(twin["period_h"].values.sum()),
        hosts_total=twin.sizes["host"],
        before=_totals(judged, judged.before),
        after=_totals(judged, judged.after),
        is_first_placement=_is_first(judged.before),
        racks=rack_map(twin, judged.rules, judged.before, judged.after),
        series=power_series(twin, judged.before, judged.after),
        services=_services(judged),
        unserved=unserved(twin, judged.rules, judged.before, judged.after),
        moves=_moves(plan),
        waves=_waves(plan.moves),
        prefixes_checked=bool(plan.moves),
        goals=tuple(plan.goals),
        trade_off=tuple(plan.trade_off),
        frontier=_frontier(plan),
        binding=_binding(plan),
        rule_prices=tuple(
            payload.RulePrice(
                rule=price.rule,
                kind=price.kind,
                kwh_per_year=price.kwh_per_year,
                cost_per_year=price.cost_per_year,
                co2e_kg_per_year=price.kgco2e_per_year,
            )
            for price in plan.rule_prices
        ),
        terms=_terms(plan, _is_first(judged.before)),
        proof=_proof(plan, manifest),
        bottlenecks=tuple(
            payload.Bottleneck(**dataclasses.asdict(found)) for found in judged.bottlenecks
        ),
        notes=tuple(notes),
    )


def _totals(judged: Judged, side: Side) -> payload.Totals:
    told = side.summary
    has_plant = told["wue_l_per_kwh"] is not None
    return payload.Totals(
        energy_kwh=told["facility_kwh"],
        it_kwh=told["it_kwh"],
        cost=told["cost"],
        co2e_kg=told["kgco2e"],
        water_m3=told["water_l"] / 1e3 if has_plant else None,
        pue=told["pue"],
        wue_l_per_kwh=told["wue_l_per_kwh"],
        peak_kw=told["peak_kw"],
        hosts_on=told["hosts_on"],
        hosts_cost_per_h=own_on_cost_per_h(judged.twin, judged.weights, side.placement),
        embodied_kg=embodied_in_use_kg(judged.twin, judged.weights, side.placement),
        sla_violation_count=side.num_broken,
        sla_violations=tuple(side.verdict.sentences()[:SENTENCES]),
    )


def _services(judged: Judged) -> tuple[payload.ServiceSummary, ...]:
    twin = judged.twin
    before = np.asarray(judged.before.placement.host)
    after = np.asarray(judged.after.placement.host)
    frame = pd.DataFrame(
        {
            "service": twin["workload_service"].values,
            "before": _rack_of(twin, before),
            "after": _rack_of(twin, after),
            "moved": before != after,
        }
    )
    groups = frame.groupby("service")
    count, moved = groups.size(), groups["moved"].sum()
    racks = {
        side: frame[frame[side] >= 0].groupby("service")[side].nunique()
        for side in ("before", "after")
    }
    names = twin["service"].values.astype(str)
    classes = np.append(twin["sla_class"].values.astype(str), "")
    of_service = classes[twin["service_sla_class"].values]
    return tuple(
        payload.ServiceSummary(
            service=names[i],
            sla_class=of_service[i],
            workloads=int(count[i]),
            moved=int(moved[i]),
            racks_before=int(racks["before"].get(i, 0)),
            racks_after=int(racks["after"].get(i, 0)),
        )
        for i in count.index
    )


def _rack_of(twin: xr.Dataset, host: np.ndarray) -> np.ndarray:
    return np.append(twin["host_rack"].values, -1)[host]


def _moves(plan: Plan) -> tuple[payload.Move, ...]:
    return tuple(
        payload.Move(
            wave=move.wave,
            order=move.order,
            workload=move.workload,
            service=move.service,
            source=move.source,
            target=move.target,
            memory_gib=move.memory_gib,
            seconds=move.seconds,
            energy_kwh=move.energy_kwh,
            reason=move.reason,
            saved_kwh_per_year=move.saved_kwh_per_year,
            payback_days=move.payback_days,
        )
        for move in plan.moves
    )


def _waves(moves: Sequence[Move]) -> tuple[payload.Wave, ...]:
    """Return the waves: when each starts, and how long its slowest move takes."""
    frame = pd.DataFrame([move.model_dump() for move in moves])
    if frame.empty:
        return ()
    return tuple(
        payload.Wave(
            wave=int(str(wave)),
            moves=len(rows),
            bounces=int(rows["bounce"].sum()),
            memory_gib=float(rows["memory_gib"].sum()),
            start=str(rows["start"].iloc[0]),
            seconds=finite(float(rows["seconds"].astype(float).max())),
            energy_kwh=float(rows["energy_kwh"].astype(float).sum()),
        )
        for wave, rows in frame.groupby("wave")
    )


def _frontier(plan: Plan) -> tuple[payload.FrontierPoint, ...]:
    today = sum(term.before for term in plan.terms)
    full = today - plan.proof.objective
    return tuple(
        payload.FrontierPoint(
            max_moves=point.max_moves,
            moves=point.moves,
            objective=point.objective,
            saving_fraction_of_full=(today - point.objective) / full if full > 0 else 0.0,
            bound=point.bound,
        )
        for point in plan.frontier
    )


def _binding(plan: Plan) -> tuple[payload.BindingRule, ...]:
    return tuple(
        payload.BindingRule(
            rule=found.rule,
            sentence=found.sentence,
            price=found.price,
            price_unit=f"{plan.currency}/year per {found.unit}",
            method=found.method,
        )
        for found in plan.binding
    )


def _is_first(before: Side) -> bool:
    """Whether nothing is known to run today."""
    return not (np.asarray(before.placement.host) >= 0).any()


def _terms(plan: Plan, is_first: bool) -> tuple[payload.Term, ...]:
    return tuple(
        payload.Term(
            term=term.name,
            before=None if is_first else term.before,
            believed=term.believed,
            simulated=term.simulated,
            unit=plan.currency,
        )
        for term in plan.terms
        if term.simulated is not None
    )


def _proof(plan: Plan, manifest: Manifest) -> payload.Proof:
    proof = plan.proof
    return payload.Proof(
        value=proof.objective,
        bound=proof.bound,
        gap_fraction=None if proof.gap is None else max(0.0, proof.gap),
        level=proof.level,
        sentence=proof.sentence,
        checks=tuple(
            payload.Check(rule=kind, count=count) for kind, count in proof.rules_checked.items()
        ),
        phases=tuple(
            payload.Phase(phase=phase, seconds=seconds)
            for phase, seconds in manifest.phase_seconds.items()
        ),
        solver=f"HiGHS {manifest.versions.get('highspy', '')}".strip(),
        versions=manifest.versions,
        seed=manifest.seed,
        inputs=tuple(
            payload.InputFile(file=name, sha256=digest) for name, digest in manifest.inputs.items()
        ),
    )
