"""Check an order of moves against the policies about it, move by move.

Nothing here is shared with the code that makes orders: groups are recounted wave by wave, and
windows of local time are laid out day by day.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Violation
from optimiser.schema.moving import WEEKDAYS, Freeze, Moving
from optimiser.schema.policy_moving import Deadline, DisruptionBudget
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_times import MoveTimes
from optimiser.twin.way import WayRule

TABLE_SLACK_S = 1.0
"""Tables give the start of moves in whole seconds."""


def check_way(twin: xr.Dataset, way: Sequence[WayRule], order: MoveOrder) -> list[Violation]:
    """Return every policy about order that some prefix of an order breaks; empty is a proof.

    On the way back precedences hold the other way round, see :func:`held_backwards`.
    """
    names = twin["workload"].values.astype(str)
    found: list[Violation] = []
    for rule in way:
        if rule.kind == "precedence":
            found += _precedence(rule, order, names)
        elif rule.kind == "serialize":
            found += _serialize(rule, order, names)
        elif rule.kind == "sync":
            found += _sync(rule, order)
        elif isinstance(rule.policy, DisruptionBudget):
            found += _budget(rule, rule.policy, order)
    return found


def held_backwards(twin: xr.Dataset, way: Sequence[WayRule], order: MoveOrder) -> list[str]:
    """Say which policies the exact way back cannot keep as they stand, and why."""
    found = []
    for rule in way:
        sides = [np.flatnonzero(rule.group[order.workload] == side) for side in (0, 1)]
        if rule.kind == "precedence" and all(len(side) for side in sides):
            names = twin["workload"].values.astype(str)[order.workload]
            first, later = names[sides[0][0]], names[sides[1][-1]]
            found.append(
                f"the way back keeps '{rule.name}' the other way round: it undoes the last moves "
                f"first, so {later} goes back before {first}"
            )
    return found


def _precedence(rule: WayRule, order: MoveOrder, names: np.ndarray) -> Iterator[Violation]:
    first, later = (1, 0) if order.is_reverse else (0, 1)
    side = rule.group[order.workload]
    if not (side == first).any() or not (side == later).any():
        return
    last = int(order.wave[side == first].max())
    for index in np.flatnonzero((side == later) & (order.wave <= last)).tolist():
        who = names[order.workload[index]]
        what = f"moves in wave {order.wave[index] + 1}, before or with others in wave {last + 1}"
        yield _violation(rule, who, what)


def _serialize(rule: WayRule, order: MoveOrder, names: np.ndarray) -> Iterator[Violation]:
    under_way: dict[tuple[int, int], list[str]] = defaultdict(list)
    for workload, wave in zip(order.workload.tolist(), order.wave.tolist(), strict=True):
        if rule.group[workload] >= 0:
            under_way[wave, int(rule.group[workload])].append(names[workload])
    for (wave, _), who in under_way.items():
        if len(who) > 1:
            what = f"{len(who)} are under way at once in wave {wave + 1}"
            yield _violation(rule, ", ".join(who[:3]), what, len(who) - 1.0)


def _sync(rule: WayRule, order: MoveOrder) -> Iterator[Violation]:
    waves: dict[int, set[int]] = defaultdict(set)
    for workload, wave in zip(order.workload.tolist(), order.wave.tolist(), strict=True):
        if rule.group[workload] >= 0:
            waves[int(rule.group[workload])].add(wave)
    for group, several in waves.items():
        if len(several) > 1:
            listed = ", ".join(str(wave + 1) for wave in sorted(several)[:5])
            name = rule.group_names[group] if rule.group_names else rule.name
            yield _violation(rule, name, f"moves begin in waves {listed}", len(several) - 1.0)


def _budget(rule: WayRule, policy: DisruptionBudget, order: MoveOrder) -> Iterator[Violation]:
    members = [np.flatnonzero(rule.group == g) for g in range(len(rule.group_names))]
    least = [
        max(policy.min_up or 0, math.ceil((policy.min_up_fraction or 0.0) * len(who) - 1e-9))
        for who in members
    ]
    host = np.array(order.start.host)
    for wave in range(order.num_waves):
        chosen = order.wave == wave
        busy = order.workload[chosen]
        # what starts disturbs nobody, nor does its undoing on the way back
        disturbed = rule.group[busy[(order.source[chosen] >= 0) & (order.target[chosen] >= 0)]]
        for group in np.unique(disturbed[disturbed >= 0]).tolist():
            who = members[group]
            quiet = int((~np.isin(who[host[who] >= 0], busy)).sum())
            if quiet < least[group]:
                what = f"{quiet} of {len(who)} are left alone in wave {wave + 1}"
                yield _violation(
                    rule, rule.group_names[group], f"{what}, {least[group]} have to be",
                    float(least[group] - quiet),
                )  # fmt: skip
        host[busy] = order.target[chosen]


def check_times(
    twin: xr.Dataset,
    way: Sequence[WayRule],
    moving: Moving,
    order: MoveOrder,
    times: MoveTimes,
    slack_s: float = 1e-3,
) -> list[Violation]:
    """Return what is wrong with the times of an order: overlapping waves, moves that take less time
    than their copies do, windows in which nothing may be under way, and deadlines.

    Times may be off by ``slack_s``.
    """
    names = twin["workload"].values.astype(str)
    zone = ZoneInfo(str(twin.attrs["time_zone"]))
    found = [
        *_overlaps(order, times, slack_s),
        *_too_fast(twin, moving, order, times, slack_s),
    ]
    for index, workload in enumerate(order.workload.tolist()):
        begin = times.begin.to_pydatetime() + timedelta(seconds=float(times.start_s[index]))
        end = begin + timedelta(seconds=float(times.seconds[index]))
        frozen = [("moving.freeze", moving.freeze)]
        for rule in way:
            policy = rule.policy
            if isinstance(policy, DisruptionBudget) and rule.workloads[workload]:
                frozen.append((rule.name, policy.freeze))
            if isinstance(policy, Deadline) and rule.workloads[workload]:
                late = (end - _due(policy, times.begin.to_pydatetime(), zone)).total_seconds()
                if late > slack_s:
                    what = f"its move ends {late:,.0f} s too late"
                    found.append(_violation(rule, names[workload], what, late))
        found += [
            _told("freeze", name, names[workload], f"is under way in hours of {name!r}")
            for name, windows in frozen
            if any(_overlap_s(window, begin, end, zone) > slack_s for window in windows)
        ]
    return found


def _due(policy: Deadline, begin: datetime, zone: ZoneInfo) -> datetime:
    if policy.within_h is not None:
        return begin + timedelta(hours=policy.within_h)
    assert policy.by is not None
    if policy.by.tzinfo is not None:
        return policy.by.astimezone(UTC)
    return _absolute(policy.by, zone, 0)


def _overlaps(order: MoveOrder, times: MoveTimes, slack_s: float) -> Iterator[Violation]:
    reached = 0.0
    for wave in range(order.num_waves):
        chosen = order.wave == wave
        start = times.start_s[chosen]
        if start.min() < reached - slack_s or np.ptp(start) > slack_s:
            yield _told("sequence", "moves", f"wave {wave + 1}", "overlaps with another in time")
        reached = float(times.end_s[chosen].max())


def _too_fast(
    twin: xr.Dataset, moving: Moving, order: MoveOrder, times: MoveTimes, slack_s: float
) -> Iterator[Violation]:
    """A host that sends or takes k copies in a wave gives each a k-th of its bandwidth."""
    links: dict[tuple[int, str, int], int] = defaultdict(int)
    moves = list(zip(*(getattr(order, n).tolist() for n in ("wave", "source", "target")),
                     strict=True))  # fmt: skip
    for wave, source, target in moves:
        links[wave, "out", source] += 1
        links[wave, "in", target] += 1
    names, memory = twin["workload"].values, twin["workload_memory_gib"].values
    for index, (wave, source, target) in enumerate(moves):
        needed = moving.overhead_s
        if source >= 0 and target >= 0:
            shared = max(links[wave, "out", source], links[wave, "in", target])
            data = memory[order.workload[index]] * moving.copy_factor * 2**33 / 1e9
            needed += data * shared / moving.bandwidth_gbit_s
        if times.seconds[index] < needed - slack_s:
            what = f"its move takes {needed:,.0f} s, not {times.seconds[index]:,.0f} s"
            yield _told("sequence", "moves", str(names[order.workload[index]]), what)


def _overlap_s(window: Freeze, begin: datetime, end: datetime, zone: ZoneInfo) -> float:
    """Return how long a span of time reaches into a window on any day [s]."""
    day, longest = begin.astimezone(zone).date() - timedelta(days=2), 0.0
    while day <= end.astimezone(zone).date():
        if _is_asked(window, day):
            clock = datetime(day.year, day.month, day.day)
            start, stop = (_minutes(text) for text in (window.start, window.end))
            stop += 24 * 60 if stop <= start else 0
            first = _absolute(clock + timedelta(minutes=start), zone, 0)
            last = _absolute(clock + timedelta(minutes=stop), zone, 1)
            longest = max(longest, (min(last, end) - max(first, begin)).total_seconds())
        day += timedelta(days=1)
    return longest


def _is_asked(window: Freeze, day: date) -> bool:
    begins = window.first_day is None or day >= window.first_day
    goes_on = window.last_day is None or day <= window.last_day
    return WEEKDAYS[day.weekday()] in window.days and begins and goes_on


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _absolute(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """Return a local time in UTC; one that the clock leaves out is the first moment after it."""
    while True:
        moment = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local:
            return moment
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _violation(rule: WayRule, where: str, what: str, amount: float = 1.0) -> Violation:
    return _told(rule.kind, rule.name, where, what, amount)


def _told(kind: str, name: str, where: str, what: str, amount: float = 1.0) -> Violation:
    return Violation(name, kind, where, 0.0, amount, "", f"{name}: {where}: {what}", amount)
