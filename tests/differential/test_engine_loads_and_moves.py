"""The engine against every placement of tiny sites with needs, transit and prices of moves."""

from __future__ import annotations

import pytest
from differential.engine_trial import complaints_on, wrong_in_block
from instances.moving_sites import moving_site

BLOCKS = 6
PER_BLOCK = 8


def _wrong(seed: int) -> list[str]:
    twin, rules, weights = moving_site(seed, soft=seed % 3 == 1, energy=seed % 2 == 0)
    return complaints_on(seed, twin, rules, weights)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_agrees_with_brute_force(block: int):
    """Plans are legal and possible, nothing is falsely infeasible, every bound holds."""
    assert wrong_in_block(_wrong, block, PER_BLOCK) == {}
