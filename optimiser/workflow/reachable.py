"""The order of moves of a result, and the nearest plan that can be reached when it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, Verdict
from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError, NoPlanError
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import solve_study
from optimiser.solve.locked import locked_rule
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.solve.progress import Check, EngineResult
from optimiser.solve.relabel import relabel
from optimiser.studies.frontier import emptied_hosts
from optimiser.studies.moves import MoveOrder, order_moves
from optimiser.studies.moves_at_once import move_at_once
from optimiser.twin.devices import assign_devices
from optimiser.twin.staying import staying_rule
from optimiser.workflow.loading import Loaded
from optimiser.workflow.plan_document import placement_of

SEARCH_SHARE, LEAST_SEARCH_S = 0.25, 2.0
MOST_SEARCHES = 3
"""Searches in which what got stuck stays, and the time of each, as a share of the study's."""
EMPTYING_S = 10.0
UNHURRIED_S = 600.0
"""Time for a plan by emptying hosts, and where the same plan must come again each time [s]."""
SAME = 1e-9
"""Money by which two sums of the same amounts may differ."""
MOST_TRIED = 16
"""Shorter orders that are tried when the whole of an order does not end in a legal plan."""


def order_result(loaded: Loaded, result: EngineResult) -> tuple[EngineResult, MoveOrder]:
    """Return the result with the moves that lead to it.

    When some workloads cannot get there legally, the placement in which the possible moves end is
    taken instead, with devices assigned anew where a host holds others than planned. If that breaks
    a rule, the last waves are left out until what remains ends in a legal plan. Only when no such
    end exists, as on a site that starts broken, does the order tell who is stuck. A study may ask
    for all moves at once; then there is no order to find.
    """
    twin = loaded.twin
    if loaded.study.moves == "at_once":
        return result, move_at_once(twin, placement_of(twin, result.candidate))
    plan = _with_fewest_moves(loaded, result.candidate)
    result = replace(result, candidate=plan)
    order = order_moves(twin, loaded.rules, placement_of(twin, plan), **_how(loaded))
    if order.is_complete:
        return result, order
    ways = [way for way in [_nearest_end(loaded, order, plan)] if way is not None]
    if result.status != "interrupted" and loaded.has_placement:
        ways += _by_emptying(loaded) + _with_stuck_staying(loaded, order)
    if not ways:
        return result, order
    candidate, other = min(ways, key=lambda way: way[0].objective)
    return replace(result, candidate=candidate), replace(other, left_out=order.stuck)


def _with_fewest_moves(loaded: Loaded, plan: Candidate) -> Candidate:
    """Return the plan with interchangeable workloads traded, if it is as good and legal then."""
    problem = loaded.problem
    traded = relabel(problem, plan, loaded.way)
    if (traded.host == plan.host).all():
        return plan
    verdict = verify(loaded.twin, loaded.rules, placement_of(loaded.twin, traded))
    traded = replace(traded, terms=evaluate(problem, traded.host, traded.on), penalty=plan.penalty)
    is_as_good = (
        verdict.penalty <= plan.penalty + SAME and traded.objective <= plan.objective + SAME
    )
    return traded if verdict.is_legal and is_as_good else plan


def _how(loaded: Loaded) -> dict[str, Any]:
    """Return how moves take place, as :func:`order_moves` asks for it."""
    return {"moving": loaded.study.moving, "way": loaded.way}


def _with_stuck_staying(loaded: Loaded, order: MoveOrder) -> list[tuple[Candidate, MoveOrder]]:
    """Search again with the workloads that got stuck kept where they are, a few times."""
    found: list[tuple[Candidate, MoveOrder]] = []
    stays = np.zeros(len(order.start.host), dtype=bool)
    solver = loaded.study.solver
    limit_s = max(LEAST_SEARCH_S, SEARCH_SHARE * solver.time_limit_s)
    again = solver.model_copy(update={"time_limit_s": limit_s})
    study = loaded.study.model_copy(update={"solver": again})
    for _ in range(MOST_SEARCHES):
        stays |= _stuck(loaded, order)
        locked = locked_rule(loaded.problem)
        kept = [staying_rule(loaded.twin, stays), *([] if locked is None else [locked])]
        rules = [*loaded.rules, *kept]
        try:
            candidate = solve_study(loaded.twin, rules, study, None, exact_check(loaded)).candidate
        except (InfeasibleError, NoPlanError):
            break
        candidate = _with_fewest_moves(loaded, candidate)
        goal = placement_of(loaded.twin, candidate)
        order = order_moves(loaded.twin, loaded.rules, goal, **_how(loaded))
        if order.is_complete:
            return [*found, (candidate, order)]
        found += [way for way in [_nearest_end(loaded, order, candidate)] if way is not None]
    return found


def _stuck(loaded: Loaded, order: MoveOrder) -> np.ndarray:
    """Return who got stuck (W,) bool."""
    names = [name for name, _ in order.stuck]
    return np.isin(loaded.twin["workload"].values.astype(str), names)


def exact_check(loaded: Loaded) -> Check:
    """Return the judge of every plan on the way: only verified ones are kept."""

    def price_of_soft_rules(candidate: Candidate) -> float | None:
        verdict = verify(loaded.twin, loaded.rules, placement_of(loaded.twin, candidate))
        return verdict.penalty if verdict.is_legal else None

    return price_of_soft_rules


def _nearest_end(
    loaded: Loaded, order: MoveOrder, plan: Candidate
) -> tuple[Candidate, MoveOrder] | None:
    """Return how far an order leads towards a plan, ``None`` when no part of it ends legally."""
    for shorter in _shorter(order):
        found = _end_of(loaded, shorter, plan)
        if found is not None:
            candidate, end = found
            return candidate, ending_at(shorter, end)
    return None


def _by_emptying(loaded: Loaded) -> list[tuple[Candidate, MoveOrder]]:
    """Return a plan that empties host after host from today on, as far as it can be reached."""
    is_timed = loaded.study.solver.work_limit is None
    found = emptied_hosts(loaded.problem, EMPTYING_S if is_timed else UNHURRIED_S)
    if found is None:
        return []
    order = order_moves(loaded.twin, loaded.rules, placement_of(loaded.twin, found), **_how(loaded))
    if order.is_complete:
        return [(found, order)]
    return [way for way in [_nearest_end(loaded, order, found)] if way is not None]


def ending_at(order: MoveOrder, end: Placement) -> MoveOrder:
    """Return the same moves as an order that leads to where they end."""
    detour = order.target != np.asarray(end.host)[order.workload]
    return replace(order, end=end, bounce=detour, stuck=())


def _shorter(order: MoveOrder) -> Iterator[MoveOrder]:
    """Yield the order, and then what is left of it without its last waves."""
    waves = np.unique(np.linspace(order.num_waves, 0, MOST_TRIED).astype(int))[::-1]
    for count in waves.tolist():
        chosen = order.wave < count
        arrays = {n: getattr(order, n)[chosen] for n in ("workload", "source", "target", "wave")}
        yield replace(order, bounce=order.bounce[chosen], **arrays)


def _end_of(
    loaded: Loaded, order: MoveOrder, plan: Candidate
) -> tuple[Candidate, Placement] | None:
    """Return where an order ends, or ``None`` when that is no legal plan."""
    twin, rules = loaded.twin, loaded.rules
    for placement in _ends(order):
        masks = devices_at(twin, placement.host, plan)
        found = replace(plan, host=placement.host, on=placement.host_on, devices=masks)
        end = placement_of(twin, found)
        verdict: Verdict = verify(twin, rules, end)
        if verdict.is_legal:
            problem = lower(twin, rules, loaded.study.weights)
            terms = evaluate(problem, end.host, end.host_on)
            return replace(found, terms=terms, penalty=verdict.penalty), end
    return None


def _ends(order: MoveOrder) -> Iterator[Placement]:
    """Yield the placement after all moves: only hosts that hold something on, or the plan's too."""
    host = np.array(order.start.host, dtype=np.int32)
    for workload, target in zip(order.workload.tolist(), order.target.tolist(), strict=True):
        host[workload] = target
    holds = np.zeros(len(order.end.host_on), dtype=bool)
    holds[host[host >= 0]] = True
    yield Placement(host, holds)
    yield Placement(host, holds | np.asarray(order.end.host_on, dtype=bool))


def devices_at(twin: xr.Dataset, host: np.ndarray, plan: Candidate) -> np.ndarray:
    """Return device masks (W,) uint64 of a placement.

    Hosts that hold what they hold in ``plan`` keep its devices, the others get a packing of their
    own. Masks are 0 where a host's devices are overfull, and on sites without devices.
    """
    masks = np.zeros(len(host), dtype=np.uint64)
    resource = int(twin.attrs["device_resource"])
    if resource < 0:
        return masks
    size = int(twin.attrs["device_size"])
    usage = twin["flavour_usage"].values[:, resource, :].max(axis=1)
    request = usage[twin["workload_flavour"].values].astype(np.int64)
    same = host == plan.host
    masks[same] = plan.devices[same]
    changed = np.unique(np.concatenate([host[~same], plan.host[~same]]))
    for place in changed[changed >= 0].tolist():
        here = np.flatnonzero((host == place) & (request > 0))
        count = int(twin["host_capacity"].values[place, resource]) // size
        masks[here] = _masks(assign_devices(request[here], count, size), len(here))
    return masks


def _masks(devices: Sequence[Sequence[int]] | None, count: int) -> np.ndarray:
    if devices is None:
        return np.zeros(count, dtype=np.uint64)
    return np.array([sum(1 << one for one in mine) for mine in devices], dtype=np.uint64)
