"""The search serves the right gangs, and takes nothing in that is not worth its host."""

from __future__ import annotations

import numpy as np
import pytest
from differential.engine_trial import search_alone
from instances.tiny import tiny

from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import solve_study
from optimiser.solve.forcing import Forcing
from optimiser.solve.problem import lower
from optimiser.workflow.plan_document import placement_of

GANG = {"kind": "group_together_or_not_at_all", "name": "gang"}


def wait(weight, **selector):
    """Return a policy that lets workloads wait at a price."""
    return {"kind": "assign", "name": "wait", "soft": {"weight": weight}, **selector}


def search(hosts, workloads, *policies):
    """Return the twin and the plan that the search finds without any exact model."""
    _, twin, rules = tiny(hosts, workloads, policies)
    settings = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=30, threads=1, seed=1)

    def check(candidate):
        verdict = verify(twin, rules, placement_of(twin, candidate))
        return verdict.penalty if verdict.is_legal else None

    with search_alone():
        return solve_study(twin, rules, Study(solver=settings), None, check).candidate


def members(service, count, cpu):
    """Return workloads of a service that do not run yet."""
    return [{"service": service, "cpu": cpu, "host": None} for _ in range(count)]


def test_the_gang_worth_more_is_served_whole():
    """Eight hosts hold one gang of five at 60 %, and three of the other, which is none."""
    workloads = [*members("big", 5, 60), *members("small", 4, 60)]
    plan = search(8, workloads, wait(1.0), GANG)
    assert (plan.host[:5] >= 0).all()
    assert (plan.host[5:] < 0).all()
    assert plan.penalty == pytest.approx(4.0)


def test_a_gang_drives_out_single_workloads_that_are_worth_less():
    """Four hosts either hold a gang of four or four single workloads at half the price."""
    prices = [wait(2.0, workloads={"services": ["gang"]}),
              {**wait(1.0, workloads={"services": ["one"]}), "name": "singles"}]  # fmt: skip
    only = {**GANG, "workloads": {"services": ["gang"]}}
    plan = search(4, [*members("one", 4, 60), *members("gang", 4, 60)], *prices, only)
    assert (plan.host[4:] >= 0).all()
    assert plan.penalty == pytest.approx(4.0)


def test_room_is_made_for_a_gang_by_what_runs():
    """Four small workloads on four hosts leave no host for 90 %; on one host they leave three."""
    running = [{"service": "run", "cpu": 20, "host": f"h{i + 1}"} for i in range(4)]
    plan = search(4, [*running, *members("gang", 3, 90)], wait(5.0), GANG)
    assert (plan.host[4:] >= 0).all()
    assert len(set(plan.host[:4].tolist())) == 1


def test_what_costs_more_than_it_is_worth_is_left_out():
    """Waking a host costs more than a price of a hundredth of a cent."""
    plan = search(1, members("a", 2, 10), wait(0.0001))
    assert (plan.host < 0).all()
    assert not plan.on.any()


def test_gangs_are_forced_one_by_one_and_given_up_in_the_end():
    """The dearest comes first, stays while it finds hosts, and is closed when it does not."""
    _, twin, rules = tiny(2, [*members("a", 2, 10), *members("b", 3, 10)], [wait(1.0), GANG])
    forcing = Forcing(lower(twin, rules, Study().weights))
    nowhere, everywhere = np.full(5, -1), np.zeros(5, dtype=int)
    assert (forcing.price == -1.0).all()
    forcing.turn(nowhere, True)
    assert np.isinf(forcing.price).tolist() == [False, False, True, True, True]
    forcing.turn(everywhere, True)
    assert np.isinf(forcing.price).all()
    for _ in range(5):
        forcing.turn(np.array([0, -1, 0, 0, 0]), False)
    assert np.isinf(forcing.price).tolist() == [False, False, True, True, True]
