"""Policies about the order of moves: where each bites, where not, and words when none can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.schema.moving import Moving
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_replay import replay
from optimiser.studies.move_times import time_moves
from optimiser.studies.move_way_check import check_times, held_backwards
from optimiser.studies.moves import order_moves
from optimiser.twin.way import way_rules

GIB = 1024
COPY_S = 5 + 10 * 1.2 * 2**33 / 1e10  # 10 GiB at 10 Gbit/s: about 15.3 s


class Case:
    """Four workloads that change from the first two hosts to the last two."""

    def __init__(
        self, *policies: dict[str, Any], to: tuple[int, ...] = (2, 3, 2, 3), **moving: Any
    ) -> None:
        rows = [
            {"memory": 10 * GIB, "host": f"h{i % 2 + 1}", "service": "ab"[i // 2]} for i in range(4)
        ]
        hosts = [{"memory": 100 * GIB} for _ in range(4)]
        site_input, self.twin, self.rules = tiny(hosts, rows, policies)
        self.way = way_rules(site_input, site_input.site.policies, self.twin)
        self.plan = Placement(np.array(to, dtype=np.int32), np.ones(4, dtype=bool))
        self.moving = Moving(**moving)

    def order(self) -> MoveOrder:
        """Return the order, proven by the checkers both ways."""
        found = order_moves(self.twin, self.rules, self.plan, moving=self.moving, way=self.way)
        found, times = time_moves(self.twin, found, self.moving, self.way)
        assert replay(self.twin, self.rules, found, self.moving, self.way) == []
        assert check_times(self.twin, self.way, self.moving, found, times) == []
        assert replay(self.twin, self.rules, found.reverse(), None, self.way) == []
        return found

    def waves(self) -> list[int]:
        """Return the wave of each workload, −1 for those that stay."""
        order, wave = self.order(), [-1] * 4
        for workload, number in zip(order.workload.tolist(), order.wave.tolist(), strict=True):
            wave[workload] = number
        return wave

    def refused(self, **arrays: list[int]) -> list[str]:
        """Return what the checker says of another order of the same moves."""
        made = order_moves(self.twin, self.rules, self.plan, moving=self.moving)
        by_name = np.argsort(made.workload)
        wave = np.array(arrays["wave"], dtype=np.int32)
        sequence = by_name[np.argsort(wave, kind="stable")]
        order = MoveOrder(
            made.workload[sequence], made.source[sequence], made.target[sequence], np.sort(wave),
            made.bounce[sequence], made.start, made.end,
        )  # fmt: skip
        return [one.sentence for one in replay(self.twin, self.rules, order, self.moving, self.way)]

    def stuck(self) -> dict[str, str]:
        """Return who cannot arrive, and why."""
        return dict(
            order_moves(self.twin, self.rules, self.plan, moving=self.moving, way=self.way).stuck
        )


def first(*names: str) -> dict[str, Any]:
    """Return a selector of names."""
    return {"names": list(names)}


PRECEDENCE = {"kind": "precedence", "before": first("w3"), "after": first("w1", "w2")}
SERIAL = {"kind": "serialize", "workloads": {"services": ["a"]}}
SYNC = {"kind": "sync", "workloads": first("w1", "w4")}
BUDGET = {"kind": "disruption_budget", "min_up": 1}


def test_without_policies_all_move_at_once() -> None:
    """The four moves fit side by side."""
    assert Case().waves() == [0, 0, 0, 0]


def test_precedence_bites_and_does_not() -> None:
    """w1 and w2 wait for w3, w4 for nobody; where w3 stays nobody waits."""
    assert Case(PRECEDENCE).waves() == [1, 1, 0, 0]
    assert Case(PRECEDENCE, to=(2, 3, 0, 3)).waves() == [0, 0, -1, 0]
    assert any("rule-0: w2" in one for one in Case(PRECEDENCE).refused(wave=[1, 0, 0, 0]))


def test_who_is_on_both_sides_moves_first() -> None:
    """``after: {}`` means all others."""
    policy = {"kind": "precedence", "before": first("w3"), "after": {}}
    assert Case(policy).waves() == [1, 1, 0, 1]


def test_serialize_bites_and_does_not() -> None:
    """Two of service a need two waves; with one of them staying one wave is enough."""
    waves = Case(SERIAL).waves()
    assert sorted(waves[:2]) == [0, 1]
    assert max(Case(SERIAL, to=(2, 1, 2, 3)).waves()) == 0
    assert any("2 are under way at once" in one for one in Case(SERIAL).refused(wave=[0, 0, 0, 0]))


def test_serialize_by_service_keeps_services_apart_only() -> None:
    """One of each service may be under way, so that two waves do."""
    assert max(Case({"kind": "serialize", "each": "service"}).waves()) == 1
    assert max(Case({"kind": "serialize"}).waves()) == 3


def test_sync_bites_and_does_not() -> None:
    """With one move at a time per host w1 and w4 still begin together, and others make room."""
    waves = Case(SYNC, concurrent_per_host=1).waves()
    assert waves[0] == waves[3]
    assert Case(SYNC, to=(2, 3, 2, 1)).waves() == [0, 0, 0, -1]
    told = Case(SYNC).refused(wave=[0, 0, 0, 1])
    assert any("moves begin in waves 1, 2" in one for one in told)


def test_budget_bites_and_does_not() -> None:
    """Of two replicas one is left alone; a budget of none asks for nothing."""
    waves = Case(BUDGET).waves()
    assert sorted(waves[:2]) == sorted(waves[2:]) == [0, 1]
    assert max(Case(BUDGET | {"min_up": 0, "never_evict": False}).waves()) == 0
    told = Case(BUDGET).refused(wave=[0, 0, 0, 1])
    assert any("0 of 2 are left alone in wave 1, 1 have to be" in one for one in told)


def test_windows_of_a_budget_hold_back_only_those_it_is_about() -> None:
    """Service a waits until one o'clock, service b does not."""
    policy = {
        "kind": "disruption_budget", "workloads": {"services": ["a"]},
        "freeze": [{"start": "00:00", "end": "01:00"}],
    }  # fmt: skip
    case = Case(policy)
    order, times = time_moves(case.twin, case.order(), case.moving, case.way)
    begins = dict(zip(order.workload.tolist(), times.start_s.tolist(), strict=True))
    assert begins == {0: 3600.0, 1: 3600.0, 2: 0.0, 3: 0.0}
    wrong, at_once = time_moves(case.twin, order, case.moving)
    assert len(check_times(case.twin, case.way, case.moving, wrong, at_once)) == 2


def test_a_deadline_lets_its_moves_go_first() -> None:
    """Two copies out of one host share its link; w3 has time for one copy only, so w1 waits."""
    policy = {"kind": "deadline", "workloads": first("w3"), "within_h": 1.2 * COPY_S / 3600}
    case = Case(policy)
    order, times = time_moves(case.twin, case.order(), case.moving, case.way)
    end = dict(zip(order.workload.tolist(), times.end_s.tolist(), strict=True))
    assert end[2] == pytest.approx(COPY_S)
    assert max(Case(policy | {"within_h": 1.0}).waves()) == 0


def test_a_deadline_too_early_says_by_how_much() -> None:
    """A copy of 15.3 s within 10 s: the workload stays, and the words say what is missing."""
    told = Case({"kind": "deadline", "workloads": first("w3"), "within_h": 10 / 3600}).stuck()
    assert list(told) == ["w3"]
    assert "deadline 'rule-0' ends at 2026-01-15T00:00:10+00:00" in told["w3"]
    assert "6 s late; give it that much more" in told["w3"]
    more = {"kind": "deadline", "workloads": first("w3"), "within_h": 16 / 3600}
    assert Case(more).stuck() == {}


def test_precedences_in_a_circle_are_named() -> None:
    """w1 before w2 and w2 before w1: neither moves, both rules are named, the others move."""
    ways = [("w1", "w2"), ("w2", "w1")]
    policies = [{"kind": "precedence", "before": first(a), "after": first(b)} for a, b in ways]
    told = Case(*policies).stuck()
    assert sorted(told) == ["w1", "w2"]
    assert "'rule-0' and 'rule-1' wait for each other; remove one" in told["w1"] + told["w2"]


def test_who_waits_for_one_that_cannot_move_is_told() -> None:
    """w3 would be late, so it stays and w1 and w2 wait for nobody."""
    late = {"kind": "deadline", "workloads": first("w3"), "within_h": 10 / 3600}
    assert list(Case(PRECEDENCE, late).stuck()) == ["w3"]


def test_sync_and_serialize_that_contradict_are_named() -> None:
    """The same two cannot begin together and one after the other."""
    told = Case(SYNC, {"kind": "serialize", "workloads": first("w1", "w4")}).stuck()
    assert sorted(told) == ["w1", "w4"]
    assert "serialize 'rule-1' keeps them apart" in told["w1"]


def test_sync_and_limits_that_contradict_are_named() -> None:
    """Two copies out of one host at once, where one may be."""
    told = Case({"kind": "sync", "workloads": first("w1", "w3")}, concurrent_per_host=1).stuck()
    assert "limits on moves at the same time are lower" in told["w1"]


def test_the_way_back_says_which_order_it_cannot_keep() -> None:
    """Only a precedence with moves on both sides is told."""
    case = Case(PRECEDENCE, SERIAL, SYNC)
    (sentence,) = held_backwards(case.twin, case.way, case.order())
    assert "keeps 'rule-0' the other way round" in sentence
    case = Case(PRECEDENCE, to=(2, 3, 0, 3))
    assert held_backwards(case.twin, case.way, case.order()) == []
