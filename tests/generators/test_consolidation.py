"""The consolidation instances: legal, spread thin, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.generators.consolidation_site import (
    FLAVOURS,
    KINDS,
    SIZES,
    draw,
    make_consolidation,
)
from benchmarks.generators.sites import main
from optimiser.analysis.verify import violations_today
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.store.manifest import hash_tree
from optimiser.workflow.loading import load


def test_start_is_legal_and_wasteful(tmp_path: Path) -> None:
    """No rule is broken today, every host is on, and half of them would do."""
    loaded = load(make_consolidation(tmp_path / "site", 1_000, 100))
    twin = loaded.twin
    assert violations_today(twin, loaded.rules).is_legal
    assert (twin.sizes["workload"], twin.sizes["host"], twin.sizes["rack"]) == (1_000, 100, 5)
    assert len(np.unique(twin["workload_host"].values)) == 100
    used = np.array(FLAVOURS)[draw(1_000, 100).flavour].sum(axis=0)
    room = np.array([[k.cores, k.gib] for k in KINDS])[draw(1_000, 100).kind].sum(axis=0)
    assert (used < 0.7 * room).all()


def test_objective_is_the_power_in_watts(tmp_path: Path) -> None:
    """Today costs idle watts of all hosts and the load's share of what lies between."""
    loaded = load(make_consolidation(tmp_path / "site", 1_000, 100))
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    drawn = draw(1_000, 100)
    cores = np.bincount(drawn.host, np.array(FLAVOURS)[drawn.flavour, 0], minlength=100)
    kinds = [KINDS[k] for k in drawn.kind]
    watts = sum(
        k.idle_w + (k.full_w - k.idle_w) * c / k.cores for k, c in zip(kinds, cores, strict=True)
    )
    found = sum(evaluate(problem, problem.today, problem.today_on).values())
    assert found == pytest.approx(watts, rel=1e-6)


def test_one_seed_gives_one_instance(tmp_path: Path) -> None:
    """The same command writes the same bytes, another seed another instance."""
    main(["consolidation-1000x100", "-o", str(tmp_path / "one")])
    make_consolidation(tmp_path / "two", 1_000, 100)
    assert hash_tree(tmp_path / "one") == hash_tree(tmp_path / "two")
    assert (draw(1_000, 100, 2).host != draw(1_000, 100, 1).host).any()


@pytest.mark.parametrize("size", SIZES)
def test_replicas_start_in_racks_of_their_own(size: tuple[int, int]) -> None:
    """At every size no service has two workloads in one rack."""
    drawn = draw(*size)
    pairs = np.column_stack([drawn.service, drawn.rack[drawn.host]])
    assert len(np.unique(pairs, axis=0)) == size[0]
