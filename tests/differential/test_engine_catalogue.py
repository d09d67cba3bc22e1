"""The engine against every placement of tiny sites with the further kinds of the catalogue.

``python -m differential.test_engine_catalogue FIRST COUNT [KIND …]`` (from ``tests``) tries more.
"""

from __future__ import annotations

import sys

import pytest
from differential.engine_trial import complaints_on, wrong_in_block
from instances.catalogue_sites import catalogue_site
from instances.random_sites import random_weights

BLOCKS = 7
PER_BLOCK = 8
SERVING = (
    "assign", "survive_domain", "availability", "group_together_or_not_at_all", "latency",
    "routing_latency", "flow",
)  # fmt: skip
FOUND = {
    55011: (),  # availability of replicas that may wait
    55328: (),  # loss of a domain where who waits needs no room
    65178: SERVING,  # availability of replicas that may wait, in shapes that no limits tell apart
    60663: SERVING,  # hosts woken for a reserve draw power with a feed lost
    85550: (),  # a second run without presolve that ended before it could confirm
}
"""Seeds with the kinds of their run."""


def _wrong(seed: int, *kinds: str) -> list[str]:
    twin, rules = catalogue_site(seed, soft=seed % 2 == 1, kinds=kinds)
    return complaints_on(seed, twin, rules, random_weights(seed))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_agrees_with_brute_force(block: int):
    """Plans are legal and possible, nothing is falsely infeasible, every bound holds."""
    assert wrong_in_block(_wrong, block, PER_BLOCK) == {}


@pytest.mark.parametrize("seed", FOUND)
def test_engine_agrees_where_it_once_did_not(seed: int):
    """What long runs have found stays mended."""
    assert not _wrong(seed, *FOUND[seed])


if __name__ == "__main__":
    for one in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        for sentence in _wrong(one, *sys.argv[3:]):
            print(f"seed {one}: {sentence}", flush=True)
