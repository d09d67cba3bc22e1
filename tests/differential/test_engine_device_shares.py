"""The engine against every placement of tiny sites whose workloads share devices unevenly.

``python -m differential.test_engine_device_shares FIRST COUNT`` (from ``tests``) tries more.
"""

from __future__ import annotations

import sys

import pytest
from differential.engine_trial import complaints_on, wrong_in_block
from instances.catalogue_sites import catalogue_site
from instances.random_sites import random_weights

BLOCKS = 4
PER_BLOCK = 8
SHARES = (0, 23, 27, 34, 40, 45, 62, 100, 200)
KINDS = ("assign", "group_together_or_not_at_all")
FOUND = (52, 1551, 1773)
"""Who has too few devices may stay; a solver that calls a worse plan optimal; shares that fit in
sum and not on the devices they have today."""


def _wrong(seed: int) -> list[str]:
    twin, rules = catalogue_site(seed, soft=seed % 2 == 1, kinds=KINDS, shares=SHARES)
    return complaints_on(seed, twin, rules, random_weights(seed))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_agrees_with_brute_force(block: int):
    """Plans are legal and possible, nothing is falsely infeasible, every bound holds."""
    assert wrong_in_block(_wrong, block, PER_BLOCK) == {}


@pytest.mark.parametrize("seed", FOUND)
def test_engine_agrees_where_it_once_did_not(seed: int):
    """What long runs have found stays mended."""
    assert not _wrong(seed)


if __name__ == "__main__":
    for one in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        for sentence in _wrong(one):
            print(f"seed {one}: {sentence}", flush=True)
