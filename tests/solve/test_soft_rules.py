"""The search keeps soft rules where that is worth their price."""

from __future__ import annotations

import pytest
from differential.engine_trial import search_alone
from instances.tiny import tiny

from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import solve_study
from optimiser.workflow.plan_document import placement_of


def penalty(policy, weight):
    """Return the penalty of the plan that the search finds for six workloads on three hosts."""
    workloads = [{"service": f"s{i // 2}", "host": "h1"} for i in range(6)]
    _, twin, rules = tiny(3, workloads, [{**policy, "soft": {"weight": weight}}])
    settings = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=12, threads=1, seed=1)

    def check(candidate):
        verdict = verify(twin, rules, placement_of(twin, candidate))
        return verdict.penalty if verdict.is_legal else None

    with search_alone():
        plan = solve_study(twin, rules, Study(solver=settings), None, check).candidate
    return plan.penalty, int(plan.on.sum())


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "anti_affinity", "name": "apart", "workloads": {}},
        {"kind": "ban", "name": "off", "workloads": {}, "hosts": {"names": ["h1", "h2"]}},
        {"kind": "headroom", "name": "room", "amount": 120},
        {"kind": "safety_capacity", "name": "safe", "fraction": 0.2},
    ],
    ids=lambda policy: policy["kind"],
)
def test_a_dear_rule_is_kept_and_a_cheap_one_is_not(policy):
    """At a price beyond any energy no plan breaks it; at next to none one host carries all."""
    assert penalty(policy, 1000.0)[0] == 0.0
    assert penalty(policy, 1e-9)[1] == 1
