"""123 planted conflicts: three of each of 41 kinds, each mended exactly as told."""

from __future__ import annotations

import pytest
from instances.planted import PLANTED, failures

SEEDS = range(3)


@pytest.mark.parametrize("kind", PLANTED)
def test_relaxing_as_told_makes_a_planted_conflict_feasible(kind: str) -> None:
    """Every way out of three conflicts of a kind leaves the exact checker nothing to say."""
    assert [(seed, list(failures(kind, seed))) for seed in SEEDS] == [(s, []) for s in SEEDS]


def test_there_are_at_least_sixty_planted_conflicts() -> None:
    """The number that the documentation states is the number that is tried."""
    assert len(PLANTED) * len(SEEDS) >= 60
