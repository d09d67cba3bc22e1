"""What the model believes of loads and moves is what the exact checker counts."""

from __future__ import annotations

import numpy as np
import pytest
from instances.moving_sites import moving_site

from optimiser.analysis.placement_cost import placement_terms
from optimiser.formulation.extract import believed_terms
from optimiser.formulation.frame import prepare
from optimiser.formulation.grouping import group_exact, group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.formulation.values import set_placement


@pytest.mark.parametrize("seed", range(12))
def test_exact_model_counts_like_the_checker(seed: int):
    """Every term of random placements agrees, whether or not they are legal."""
    twin, _, weights = moving_site(seed)
    frame = prepare(twin, [], weights)
    model = build(Instance(frame, group_exact(frame)))
    rng, on = np.random.default_rng(seed), np.ones(twin.sizes["host"], dtype=bool)
    known = 0
    for _ in range(10):
        host = rng.integers(0, len(on), twin.sizes["workload"])
        if set_placement(model, host, on).any():
            continue  # a workload that fits nowhere on that host has no place in the model
        expected = placement_terms(twin, weights, host)
        believed = believed_terms(model)
        # alike workloads that change places have not moved, for the model
        assert believed["service_moves"] <= expected.pop("service_moves") + 1e-6
        assert {name: believed[name] for name in expected} == pytest.approx(expected)
        known += 1
    assert known > 0


@pytest.mark.parametrize("seed", range(12))
def test_merged_hosts_never_count_more(seed: int):
    """A model with hosts merged into classes believes at most what is the case: it is a bound."""
    twin, _, weights = moving_site(seed)
    frame = prepare(twin, [], weights)
    model = build(Instance(frame, group_hosts(frame, ())))
    rng, on = np.random.default_rng(seed), np.ones(twin.sizes["host"], dtype=bool)
    for _ in range(10):
        host = rng.integers(0, len(on), twin.sizes["workload"])
        if set_placement(model, host, on).any():
            continue
        believed = believed_terms(model)
        for name, amount in placement_terms(twin, weights, host).items():
            assert believed[name] <= amount + 1e-6, name
