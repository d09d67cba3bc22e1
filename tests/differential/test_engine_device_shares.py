"""The engine against every placement of tiny sites whose workloads share devices unevenly.

``python -m differential.test_engine_device_shares FIRST COUNT`` (from ``tests``) tries more.
"""

from __future__ import annotations

import sys

import pytest
from differential.engine_trial import Site, complaints
from instances.brute_force import brute_force
from instances.catalogue_sites import catalogue_site
from instances.random_sites import random_weights

from optimiser.schema.study import SolverSettings, Study

BLOCKS = 4
PER_BLOCK = 8
SHARES = (0, 23, 27, 34, 40, 45, 62, 100, 200)
KINDS = ("assign", "group_together_or_not_at_all")
FOUND = (52, 1551, 1773)
"""Who has too few devices may stay; a solver that calls a worse plan optimal; shares that fit in
sum and not on the devices they have today."""


def _wrong(seed: int) -> list[str]:
    twin, rules = catalogue_site(seed, soft=seed % 2 == 1, kinds=KINDS, shares=SHARES)
    weights = random_weights(seed)
    settings = SolverSettings(time_limit_s=120.0, gap=0.0, work_limit=3, threads=1, seed=seed)
    site = Site(seed, twin, rules, Study(weights=weights, solver=settings))
    return complaints(site, brute_force(twin, rules, weights))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_agrees_with_brute_force(block: int):
    """Plans are legal and possible, nothing is falsely infeasible, every bound holds."""
    seeds = range(block * PER_BLOCK, (block + 1) * PER_BLOCK)
    wrong = {seed: found for seed in seeds for found in [_wrong(seed)] if found}
    assert not wrong


@pytest.mark.parametrize("seed", FOUND)
def test_engine_agrees_where_it_once_did_not(seed: int):
    """What long runs have found stays mended."""
    assert not _wrong(seed)


if __name__ == "__main__":
    for one in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        for sentence in _wrong(one):
            print(f"seed {one}: {sentence}", flush=True)
