"""Solvers that share no code, one answer: HiGHS in the engine, CP-SAT and SCIP by themselves."""

from __future__ import annotations

import pytest
from differential.agreement import disagreements


def test_second_solver_agrees():
    """About thirty sites: the same ones have a plan, and the cheapest costs the same."""
    pytest.importorskip("ortools", reason="the second solver comes with the dev lock")
    compared, feasible, wrong = disagreements(0, 42)
    assert not wrong
    assert compared >= 25
    assert 5 <= feasible <= compared - 5
