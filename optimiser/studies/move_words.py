"""Why workloads cannot reach their host in any order, in words that say what would help."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from optimiser.studies.move_builder import Builder
from optimiser.studies.move_clock import MoveClock
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_orders import FIRST, LATER
from optimiser.studies.move_times import MoveTimes
from optimiser.twin.way import WayRule


def why_stuck(builder: Builder, way: Sequence[WayRule]) -> tuple[tuple[str, str], ...]:
    """Name the workloads that did not arrive and what is in their way."""
    if len(builder.pending):
        builder.begin()
    names = builder.transit.twin["workload"].values.astype(str)
    return tuple((str(names[w]), _why(builder, way, w)) for w in builder.pending.tolist())


def _why(builder: Builder, way: Sequence[WayRule], workload: int) -> str:
    source = int(builder.transit.host[workload])
    blocked = builder.orders.blocked_by(workload, source, is_detour=False)
    if blocked:
        return _order_words(builder, way, workload, blocked)
    alone = _physical(builder, workload)
    together = builder.orders.together(workload, builder.pending)
    if alone or len(together) == 1:
        return alone or "limits on moves at the same time"
    return _unit_words(builder, way, workload, together)


def _physical(builder: Builder, workload: int) -> str:
    """Return what is in the way of a move besides the order of moves, or nothing."""
    transit, target = builder.transit, int(builder.final[workload])
    blocked = transit.blocked_by(workload, target)
    return f"{blocked} at host {transit.twin['host'].values[target]}" if blocked else ""


def _order_words(builder: Builder, way: Sequence[WayRule], workload: int, blocked: str) -> str:
    """Say why a policy about order keeps a workload from ever moving."""
    names = builder.transit.twin["workload"].values.astype(str)
    for rule in way:
        if blocked != f"{rule.kind} '{rule.name}'":
            continue
        if rule.kind == "precedence" and rule.group[workload] == LATER:
            left = builder.pending[rule.group[builder.pending] == FIRST]
            circle = _circle(builder.pending, way, rule)
            if len(circle) > 1:
                listed = " and ".join(f"'{one.name}'" for one in circle)
                return f"the precedences {listed} wait for each other; remove one of them"
            first = int(left[0])
            reason = _physical(builder, first) or "other rules of the order"
            return f"{blocked} has {names[first]} move first, and that cannot: {reason}"
        if rule.kind == "disruption_budget":
            group = rule.group_names[rule.group[workload]] if rule.group_names else rule.name
            return f"{blocked} leaves no replica of {group} that may move; let it ask for one less"
    return blocked


def _circle(pending: np.ndarray, way: Sequence[WayRule], first: WayRule) -> list[WayRule]:
    """Return precedences that wait for each other, beginning with one; nothing if none do."""
    rules = [rule for rule in way if rule.kind == "precedence"]

    def waits_for(rule: WayRule) -> list[WayRule]:
        left = pending[rule.group[pending] == FIRST]
        return [one for one in rules if (one.group[left] == LATER).any() and
                (one.group[pending] == FIRST).any()]  # fmt: skip

    ways = [[first]]
    seen: set[str] = set()
    while ways:
        path = ways.pop(0)
        for other in waits_for(path[-1]):
            if other is first and len(path) > 1:
                return path
            if other.name not in seen and other is not first:
                seen.add(other.name)
                ways.append([*path, other])
    return []


def _unit_words(
    builder: Builder, way: Sequence[WayRule], workload: int, together: Sequence[int]
) -> str:
    """Say why a workload cannot begin together with those it has to."""
    names = builder.transit.twin["workload"].values.astype(str)
    syncs = [r.name for r in way if r.kind == "sync" and r.group[workload] >= 0]
    rule = f"sync '{syncs[0]}'" if syncs else "sync"
    for other in together:
        source = int(builder.transit.host[other])
        blocked = builder.orders.blocked_by(other, source, is_detour=False)
        reason = blocked or _physical(builder, other)
        if reason and other != workload:
            return f"{rule} has it begin with {names[other]}, and that cannot: {reason}"
    count = len(together)
    return f"{rule} has {count} moves begin together, and {_unit_clash(builder, together)}"


def _unit_clash(builder: Builder, together: Sequence[int]) -> str:
    """Return what keeps moves apart each of which could begin alone."""
    started: list[tuple[int, int, bool]] = []
    found = "they do not fit side by side"
    for workload in together:
        target, source = int(builder.final[workload]), int(builder.transit.host[workload])
        was_on = bool(builder.transit.on[target])
        order = builder.orders.blocked_by(workload, source, is_detour=False)
        if not builder.may_start(workload, target):
            physical = _physical(builder, workload)
            if order:
                found = f"{order} keeps them apart; take one of them out of either"
            elif physical:
                found = f"then {physical} is short"
            else:
                found = "limits on moves at the same time are lower; raise them"
            break
        started.append((workload, target, was_on))
    builder.cancel(started)
    return found


def too_late(order: MoveOrder, times: MoveTimes, clock: MoveClock) -> list[tuple[str, str]]:
    """Name the workloads that would be late, by how much, and what would be enough."""
    names = clock.twin["workload"].values.astype(str)
    workload, found = order.workload, []
    late = times.end_s > clock.due_s[workload] + 1e-6
    for one in np.unique(workload[late]).tolist():
        end = float(times.end_s[workload == one].max())
        due = float(clock.due_s[one])
        rule = next(r for r, due_s in clock.deadlines if r.workloads[one] and due_s == due)
        found.append((
            str(names[one]),
            f"deadline '{rule.name}' ends at {clock.local(due)}, and the move would at "
            f"{clock.local(end)}, {_lateness(end - due)} late; give it that much more, or let "
            f"moves begin that much earlier",
        ))  # fmt: skip
    return found


def _lateness(seconds: float) -> str:
    """Return a time in words, rounded up."""
    if seconds < 300:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60):,} min"
