"""What is asked of the order of moves before it is made, and of the one that was made."""

from __future__ import annotations

from collections.abc import Iterator

from optimiser.analysis.verdict import Violation
from optimiser.errors import Problem, raise_all
from optimiser.schema.policy_moving import DisruptionBudget, Sync
from optimiser.studies.move_clock import MoveClock
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_replay import replay
from optimiser.studies.move_times import MoveTimes, require_windows
from optimiser.studies.move_way_check import check_times, check_way
from optimiser.studies.moves_at_once import check_at_once
from optimiser.twin.way import WayRule
from optimiser.workflow.loading import Loaded


def require_order(loaded: Loaded) -> None:
    """Raise ``InputError`` for what no order can keep: windows without a gap that is long enough,
    deadlines that are over before the first move, an order of moves that all begin at once."""
    clock = MoveClock(loaded.twin, loaded.study.moving, loaded.way)
    problems = [*_over(clock), *(_at_once(loaded) if loaded.study.moves == "at_once" else ())]
    raise_all(problems)
    require_windows(loaded.twin, loaded.study.moving, loaded.way)


def _over(clock: MoveClock) -> Iterator[Problem]:
    for rule, due_s in clock.deadlines:
        if due_s <= 0:
            yield Problem(
                f"the deadline {rule.name!r} is over before the first move may begin",
                field=f"policies, {rule.name}: by",
                value=clock.local(due_s),
                expected=f"a time after {clock.local(0.0)}",
                remedy="give a later time, or let moves begin earlier (moving.begin)",
            )


def _at_once(loaded: Loaded) -> Iterator[Problem]:
    for rule in loaded.way:
        if _orders(rule):
            yield Problem(
                f"the study lets all moves begin at once, and the policy {rule.name!r} "
                f"({rule.kind}) wants them in an order",
                file="study.yaml",
                field="moves",
                value="at_once",
                remedy="write moves: ordered, or remove the policy",
            )


def _orders(rule: WayRule) -> bool:
    policy = rule.policy
    if isinstance(policy, DisruptionBudget):
        return policy.orders_moves
    return not isinstance(policy, Sync)


def check_order(
    loaded: Loaded, order: MoveOrder, times: MoveTimes | None, slack_s: float = 1e-3
) -> list[Violation]:
    """Return what an order breaks: rules on the way, its own policies, and times where given."""
    twin, moving, way = loaded.twin, loaded.study.moving, loaded.way
    if loaded.study.moves == "at_once":
        found = check_at_once(twin, order) + check_way(twin, way, order)
    else:
        found = replay(twin, loaded.rules, order, moving, way)
    if found or times is None:
        return found
    return check_times(twin, way, moving, order, times, slack_s)
