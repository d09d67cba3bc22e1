"""What a study may put a price on beyond energy: each term of the table in the docs, by hand.

Two hosts of 100 W idle and 1 W per percent of load, 5 W asleep, two workloads of 10 %.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from instances.tiny import tiny
from pydantic import TypeAdapter

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.policy import AnyPolicy
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import solve_study

PAGE = Path(__file__).parents[2] / "docs" / "concepts.md"
TERMS = {
    "demand charge": ({"kind": "budget", "measure": "power", "limit": 0}, 0.125, 0.220),
    "licences": ({"kind": "licence", "workloads": {}, "limit": 0}, 1, 2),
    "stranded room": (
        {"kind": "free_units", "size": {"cpu": 90}, "count": 2, "domain": "site"}, 1, 0,
    ),
    "load above what is safe": (
        {"kind": "safety_capacity", "resource": "cpu", "fraction": 0.15}, 5, 0,
    ),
}  # fmt: skip


def _policy(term: str) -> dict[str, Any]:
    return TERMS[term][0] | {"name": "term", "soft": {"weight": 8.0}}


def _paid(term: str, hosts: list[int]) -> float:
    _, twin, rules = tiny(2, 2, [_policy(term)])
    host = np.array(hosts, dtype=np.int32) - 1
    return verify(twin, rules, Placement(host, np.isin(np.arange(2), host))).penalty


@pytest.mark.parametrize("term", TERMS)
def test_each_unit_costs_its_weight(term: str):
    """Both workloads on one host, then on two: eight for each unit."""
    _, together, apart = TERMS[term]
    assert _paid(term, [1, 1]) == pytest.approx(8.0 * together, rel=1e-4)
    assert _paid(term, [1, 2]) == pytest.approx(8.0 * apart, rel=1e-4)


@pytest.mark.parametrize("term", TERMS)
def test_a_plan_pays_as_little_as_it_can(term: str):
    """The price is part of objective and bound: the cheaper of both placements is proven."""
    _, twin, rules = tiny(2, 2, [_policy(term)])

    def check(found: Candidate) -> float | None:
        verdict = verify(twin, rules, Placement(found.host, found.on))
        return verdict.penalty if verdict.is_legal else None

    settings = SolverSettings(time_limit_s=30.0, gap=0.0, work_limit=2, threads=1)
    found = solve_study(twin, rules, Study(solver=settings), None, check)
    assert found.candidate.penalty == pytest.approx(8.0 * min(TERMS[term][1:]), rel=1e-4)
    assert found.bound == pytest.approx(found.candidate.objective, rel=1e-4)


def test_the_policies_of_the_page_are_valid():
    """Whoever copies them gets no error."""
    text = PAGE.read_text(encoding="utf-8").split("## Costs", 1)[1].split("\n## ", 1)[0]
    block = text.split("    policies:\n", 1)[1].split("\n\n", 1)[0]
    found = yaml.safe_load(block)
    policies = TypeAdapter(list[AnyPolicy]).validate_python(found)
    kinds = {policy.kind for policy in policies}
    assert {"budget", "licence", "availability", "inlet_temperature", "free_units"} <= kinds
    assert all(policy.soft is not None for policy in policies)
