"""Go on with moves that were carried out in part: is the state legal, and what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.errors import UsageError
from optimiser.schema.plan import Move
from optimiser.store.tables import write_moves
from optimiser.studies.move_documents import move_documents
from optimiser.studies.move_replay import replay
from optimiser.studies.move_state import keeps_reserve, sleeps_last
from optimiser.studies.move_times import time_moves
from optimiser.studies.moves import MoveOrder, order_moves
from optimiser.twin.nearness import is_nearness
from optimiser.twin.rules import Rule
from optimiser.workflow.verify import Opened, judge_placement, open_run, read_order, stuck_workloads

ENDS_ONLY = (
    "affinity", "availability", "flow", "free_units", "isolation_limit", "licence", "max_moves",
    "max_moves_per_service", "move_budget",
    "max_hosts_on", "budget", "group_together_or_not_at_all", "routing_latency",
)  # fmt: skip
"""Kinds that describe where a plan ends and are not asked of the way there."""


@dataclass(frozen=True)
class Resumed:
    """The state after some moves and what is left.

    ``broken`` are rules that the state breaks more than both ends of the way do; ``rest`` the moves
    that are left, every prefix of them legal, numbered anew; ``is_reordered`` whether they had to
    be put into another order than the stored one; ``stuck`` workloads that no longer get there.
    """

    run: Path
    done: int
    broken: list[str]
    rest: list[Move]
    is_reordered: bool
    stuck: list[str]

    @property
    def is_legal(self) -> bool:
        """Whether the state breaks nothing that both ends keep, and the plan can be reached."""
        return not self.broken and not self.stuck

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return {
            "run": str(self.run),
            "done": self.done,
            "legal": self.is_legal,
            "broken": self.broken,
            "stuck": self.stuck,
            "reordered": self.is_reordered,
            "rest": [move.model_dump(mode="json") for move in self.rest],
        }


def read_numbers(words: str) -> list[int]:
    """Read numbers such as ``1-40,43``. Raises ``UsageError`` for anything else."""
    found: list[int] = []
    for part in words.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"{part!r} names no moves", "write numbers such as 1-40,43")
        found += range(int(first), int(last if dash else first) + 1)
    return found


def resume(path: Path, done: Sequence[int], rest: Path | None = None) -> Resumed:
    """Return the state when the moves numbered ``done`` are done, and what is left.

    ``done`` are numbers from the column ``order`` of ``moves.csv``, any of them: also where moves
    were left out or made in another order. The stored order goes on if every prefix of what is left
    is legal from this state; otherwise the way to the plan is ordered anew. With ``rest`` the moves
    that are left are written there, in the form of ``moves.csv``.

    Raises ``UsageError`` for numbers that the run has not, or when a move is done that cannot have
    been, because its workload was not where the move begins.
    """
    opened = open_run(path)
    plan, _, _ = judge_placement(opened)
    order = read_order(opened.twin, opened.run.moves(), plan, stuck_workloads(opened))
    chosen = _chosen(order, done)
    found = _resumed(opened, order, chosen)
    if rest is not None:
        write_moves(rest, found.rest)
    return found


def _chosen(order: MoveOrder, done: Sequence[int]) -> np.ndarray:
    """Return which moves are done (n,) bool."""
    count = len(order.workload)
    wrong = [number for number in done if not 1 <= number <= count]
    if wrong:
        raise UsageError(
            f"the run has no move {wrong[0]}", f"its moves are numbered 1 to {count:,}"
        )
    chosen = np.zeros(count, dtype=bool)
    chosen[np.array(list(done), dtype=np.int64) - 1] = True
    return chosen


def _resumed(opened: Opened, order: MoveOrder, chosen: np.ndarray) -> Resumed:
    twin, rules, moving = opened.twin, opened.loaded.rules, opened.loaded.study.moving
    state = placement_after(twin, rules, order, chosen)
    left = left_of(order, chosen, state)
    broken = broken_at(twin, rules, state, (order.start, order.end))
    way = opened.loaded.way
    is_reordered = bool(replay(twin, rules, left, moving, way))
    if is_reordered:
        left = order_moves(twin, rules, order.end, start=state, moving=moving, way=way)
    left, times = time_moves(twin, left, moving, way)
    return Resumed(
        run=opened.run.folder,
        done=int(chosen.sum()),
        broken=broken,
        rest=move_documents(twin, left, times, None),
        is_reordered=is_reordered,
        stuck=[f"{name}: {why}" for name, why in left.stuck],
    )


def placement_after(
    twin: xr.Dataset, rules: Sequence[Rule], order: MoveOrder, chosen: np.ndarray
) -> Placement:
    """Return the placement when some moves (n,) bool are done, in their order.

    Hosts that are empty and get nothing more are asleep if the plan leaves them asleep. Raises
    ``UsageError`` when a move cannot have been done.
    """
    host = np.array(order.start.host, dtype=np.int32)
    for index in np.flatnonzero(chosen).tolist():
        workload = int(order.workload[index])
        if host[workload] != order.source[index]:
            raise _impossible(twin, order, index)
        host[workload] = order.target[index]
    holds = np.zeros(twin.sizes["host"], dtype=bool)
    holds[host[host >= 0]] = True
    later = order.target[~chosen]
    needed = np.zeros(len(holds), dtype=bool)
    needed[later[later >= 0]] = True
    start_on, end_on = (np.asarray(p.host_on, dtype=bool) for p in (order.start, order.end))
    on = holds | (start_on & (end_on | needed | sleeps_last(rules)))
    if keeps_reserve(rules):
        on |= end_on
    return Placement(host, on)


def _impossible(twin: xr.Dataset, order: MoveOrder, index: int) -> UsageError:
    name = twin["workload"].values[order.workload[index]]
    source = np.append(twin["host"].values.astype(str), "nowhere")[order.source[index]]
    return UsageError(
        f"move {index + 1} cannot be done: {name} is not at {source}",
        "name the earlier move of this workload too",
    )


def left_of(order: MoveOrder, chosen: np.ndarray, state: Placement) -> MoveOrder:
    """Return the moves that are not done, waves numbered anew from 0."""
    keep = ~chosen
    arrays = {n: getattr(order, n)[keep] for n in ("workload", "source", "target", "bounce")}
    wave = np.unique(order.wave[keep], return_inverse=True)[1].reshape(-1).astype(np.int32)
    return replace(order, wave=wave, start=state, **arrays)


def broken_at(
    twin: xr.Dataset, rules: Sequence[Rule], state: Placement, ends: Sequence[Placement]
) -> list[str]:
    """Return the sentences of what a state on the way breaks and neither end does, or not as far.

    Kinds that only say where a plan ends are not asked.
    """
    asked = [
        rule
        for rule in rules
        if rule.is_hard and rule.kind not in ENDS_ONLY and not is_nearness(rule)
    ]
    known: dict[tuple[str, str], float] = {}
    for end in ends:
        for violation in verify(twin, asked, end).violations:
            key = (violation.rule, violation.where)
            known[key] = max(known.get(key, 0.0), violation.amount)
    return [
        violation.sentence
        for violation in verify(twin, asked, state).violations
        if violation.amount > known.get((violation.rule, violation.where), 0.0)
    ]
