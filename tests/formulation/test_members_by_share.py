"""Names of workloads for amounts of groups, as explanations tell them."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.schema.study import Weights
from optimiser.solve.problem import lower


@pytest.fixture
def instance() -> Instance:
    """Four alike workloads and two larger ones on two hosts."""
    workloads = [{"cpu": 10}] * 4 + [{"cpu": 20}] * 2
    _, twin, rules = tiny([{}, {}], workloads, ())
    frame = lower(twin, rules, Weights()).frame
    return Instance(frame, group_hosts(frame, ()))


def _shares(instance: Instance, small: float, large: float) -> np.ndarray:
    share = np.zeros(instance.grouping.num_groups)
    share[instance.grouping.workload_group[[0, 4]]] = small, large
    return share


@pytest.mark.parametrize(
    ("small", "large", "names"),
    [
        (3.0, 1.0, ["w1", "w2", "w3", "w5"]),
        (0.0, 2.0, ["w5", "w6"]),
        (1.6, 1.4, ["w1", "w2", "w5"]),
        (0.3, 0.3, ["w1"]),
        (0.0, 0.0, []),
    ],
)
def test_as_many_are_named_as_must_go(
    instance: Instance, small: float, large: float, names: list[str]
) -> None:
    """Whole numbers are kept, parts go to the group that lacks most, the sum is rounded up."""
    assert instance.some_members(_shares(instance, small, large)) == names
