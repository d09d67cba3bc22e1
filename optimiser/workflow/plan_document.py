"""From the engine's result to the plan document and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.compare import compare_terms
from optimiser.analysis.verdict import Placement
from optimiser.report.text import percent
from optimiser.schema.plan import (
    Binding,
    FrontierPoint,
    GoalValue,
    Move,
    Plan,
    Proof,
    RulePrice,
    Term,
    TradeOffPoint,
)
from optimiser.solve.candidate import Candidate
from optimiser.solve.progress import EngineResult, relative_gap
from optimiser.store.tables import PlacementRow
from optimiser.workflow.judgement import Side
from optimiser.workflow.loading import Loaded

SOFT_RULES = "soft_rules"
TELLING = 1e-4
"""Difference of gaps from which a claim of the solver is told beside a checked bound."""
"""Objective term that holds the price of the soft rules a plan breaks."""


def placement_of(twin: xr.Dataset, found: Candidate) -> Placement:
    """Return a candidate's placement, with the devices of each workload where a site has them.

    A host whose devices are overfull today and may stay so has no assignment; then none is given.
    """
    resource = int(twin.attrs["device_resource"])
    if resource < 0:
        return Placement(found.host, found.on)
    asks = twin["flavour_usage"].values[twin["workload_flavour"].values, resource].any(axis=1)
    if (asks & (found.host >= 0) & (found.devices == 0)).any():
        return Placement(found.host, found.on)
    return Placement(found.host, found.on, [_bits(int(mask)) for mask in found.devices])


def _bits(mask: int) -> tuple[int, ...]:
    return tuple(bit for bit in range(mask.bit_length()) if mask >> bit & 1)


def plan_document(
    loaded: Loaded,
    result: EngineResult,
    today: Mapping[str, float],
    after: Side,
    moves: Sequence[Move],
    *,
    frontier: Sequence[FrontierPoint] = (),
    binding: Sequence[Binding] = (),
    rule_prices: Sequence[RulePrice] = (),
    goals: Sequence[GoalValue] = (),
    trade_off: Sequence[TradeOffPoint] = (),
) -> Plan:
    """Return the plan; ``today`` are the objective terms of today's placement."""
    twin = loaded.twin
    names, on = twin["host"].values.astype(str), np.asarray(after.placement.host_on)
    return Plan(
        site=loaded.site_input.site.name,
        study=loaded.study.name,
        currency=loaded.site_input.site.currency,
        hosts_on=names[on].tolist(),
        hosts_asleep=names[~on].tolist(),
        proof=proof_of(result, after, loaded.site_input.site.currency),
        terms=_terms(loaded, result, today, after),
        goals=list(goals),
        trade_off=list(trade_off),
        binding=list(binding),
        rule_prices=list(rule_prices),
        moves=list(moves),
        waves=max((move.wave for move in moves), default=0),
        frontier=list(frontier),
        settings=_settings(twin),
    )


def proof_of(result: EngineResult, after: Side, currency: str) -> Proof:
    """Return how good a plan is by its checked bound, and what the solver claims beyond that."""
    sentence = "No bound was proven in the time given."
    if result.bound is not None and result.gap is not None:
        sentence = (
            f"At most {percent(result.gap)} from the best possible: no legal plan costs less than "
            f"{result.bound:,.2f} {currency} over the horizon ({result.bound_sentence})."
        )
    claimed = relative_gap(result.candidate.objective, result.claim)
    if claimed is not None and (result.gap is None or claimed < result.gap - TELLING):
        sentence += f" HiGHS claims at most {percent(claimed)}, which no second run has confirmed."
    return Proof(
        level="verified-feasible" if result.bound is None else "bound-checked",
        objective=result.candidate.objective,
        bound=result.bound,
        gap=result.gap,
        sentence=sentence,
        rules_checked=dict(sorted(after.verdict.checked.items())),
    )


def _terms(
    loaded: Loaded, result: EngineResult, today: Mapping[str, float], after: Side
) -> list[Term]:
    compared = compare_terms(
        loaded.twin,
        loaded.study.weights,
        after.placement,
        result.candidate.terms,
        after.simulation,
    )
    terms = [
        Term(name=t.name, before=today[t.name], believed=t.believed, simulated=t.simulated)
        for t in compared
    ]
    if any(not rule.is_hard for rule in loaded.rules):
        before, paid = today[SOFT_RULES], after.verdict.penalty
        believed = result.candidate.penalty
        terms.append(Term(name=SOFT_RULES, before=before, believed=believed, simulated=paid))
    return terms


def _settings(twin: xr.Dataset) -> dict[str, float]:
    zones = twin["zone"].values.astype(str).tolist() if "zone" in twin.coords else list[str]()
    supply = twin["zone_supply_c"].values
    return {f"zone {name} supply_air_c": float(supply[i]) for i, name in enumerate(zones)}


def placement_rows(twin: xr.Dataset, today: np.ndarray, plan: Placement) -> list[PlacementRow]:
    """Return the placement table: every workload with its host today and in the plan."""
    hosts = np.append(twin["host"].values.astype(str), "")
    racks = np.append(twin["rack"].values.astype(str)[twin["host_rack"].values], "")
    services = twin["service"].values.astype(str)[twin["workload_service"].values]
    names = twin["workload"].values.astype(str)
    devices = [""] * len(names)
    if plan.devices is not None:
        devices = [";".join(map(str, own)) for own in plan.devices]
    columns = (names, services, hosts[today], hosts[plan.host], racks[plan.host])
    cells = (column.tolist() for column in columns)
    return [PlacementRow(*row) for row in zip(*cells, devices, strict=True)]
