"""What a plan says of its own proof: checked bounds count, claims of the solver are only told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from optimiser.solve.candidate import Candidate
from optimiser.solve.progress import EngineResult
from optimiser.workflow.plan_document import proof_of

PLAN = Candidate(np.zeros(1, np.int32), np.ones(1, bool), np.zeros(1, np.uint64), {"energy": 100.0})
JUDGED: Any = SimpleNamespace(verdict=SimpleNamespace(checked={"capacity": 3}))


def _result(bound: float | None, claim: float | None) -> EngineResult:
    return EngineResult(PLAN, bound, "a relaxation", "time", {}, (), claim=claim)


@pytest.mark.parametrize("claim", [None, 97.0, 98.005])
def test_a_checked_bound_stands_alone_where_no_claim_is_closer(claim: float | None) -> None:
    """No claim, one that is worse, and one that differs by half a hundredth of a point."""
    proof = proof_of(_result(98.0, claim), JUDGED, "EUR")
    assert (proof.level, proof.bound, proof.gap) == ("bound-checked", 98.0, pytest.approx(0.02))
    assert "claims" not in proof.sentence


@pytest.mark.parametrize(("bound", "level"), [(98.0, "bound-checked"), (None, "verified-feasible")])
def test_a_closer_claim_is_told_and_does_not_count(bound: float | None, level: str) -> None:
    """HiGHS's own 0.5 % stands in the sentence, not in the gap."""
    proof = proof_of(_result(bound, 99.5), JUDGED, "EUR")
    assert (proof.level, proof.bound) == (level, bound)
    assert "HiGHS claims at most 0.50 %, which no second run has confirmed." in proof.sentence
