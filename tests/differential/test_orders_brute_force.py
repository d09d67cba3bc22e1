"""Orders of moves against every order of tiny sites; ``order_trial`` tries more."""

from __future__ import annotations

from collections import Counter

import pytest
from differential.order_trial import complaints
from instances.order_sites import KINDS

PER_KIND = 24


@pytest.mark.parametrize("kind", KINDS)
def test_orders_agree_with_brute_force(kind: str) -> None:
    """No order breaks its policy, none is told impossible that is possible, every rest is one."""
    wrong, outcomes = {}, Counter[str]()
    for seed in range(PER_KIND):
        found, outcome = complaints(seed, (kind,))
        outcomes[outcome] += 1
        if found:
            wrong[seed] = found
    assert not wrong
    assert outcomes["direct kept"] > 8
    assert outcomes["none stuck"] > 0


def test_orders_agree_with_brute_force_where_kinds_meet() -> None:
    """The same holds for two policies of different kinds."""
    wrong = {seed: complaints(seed, KINDS)[0] for seed in range(900, 930)}
    assert not {seed: found for seed, found in wrong.items() if found}
