"""The order of moves of a result, and the nearest plan that can be reached when it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.solve.progress import EngineResult
from optimiser.studies.moves import MoveOrder, order_moves
from optimiser.studies.moves_at_once import move_at_once
from optimiser.workflow.loading import Loaded
from optimiser.workflow.plan_document import placement_of


def order_result(loaded: Loaded, result: EngineResult) -> tuple[EngineResult, MoveOrder]:
    """Return the result with the moves that lead to it.

    When some workloads cannot get there legally, the placement in which the possible moves end is
    taken instead if it keeps every rule; otherwise the order tells who is stuck. A study may ask
    for all moves at once; then there is no order to find.
    """
    if loaded.study.moves == "at_once":
        plan = placement_of(loaded.twin, result.candidate)
        return result, move_at_once(loaded.twin, plan)
    order = order_moves(loaded.twin, loaded.rules, placement_of(loaded.twin, result.candidate))
    if order.is_complete or int(loaded.twin.attrs["device_resource"]) >= 0:
        return result, order  # devices are assigned for the plan's hosts only
    end = _where_moves_end(order)
    verdict = verify(loaded.twin, loaded.rules, end)
    if not verdict.is_legal:
        return result, order
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    terms = evaluate(problem, end.host, end.host_on)
    found = replace(result.candidate, host=end.host, on=end.host_on, terms=terms)
    candidate = replace(found, penalty=verdict.penalty)
    detour = order.target != end.host[order.workload]
    return replace(result, candidate=candidate), replace(order, end=end, bounce=detour, stuck=())


def _where_moves_end(order: MoveOrder) -> Placement:
    """Return the placement after all moves; hosts that still hold something stay on."""
    host = np.array(order.start.host, dtype=np.int32)
    for workload, target in zip(order.workload.tolist(), order.target.tolist(), strict=True):
        host[workload] = target
    on = np.array(order.end.host_on, dtype=bool)
    on[host[host >= 0]] = True
    return Placement(host, on)
