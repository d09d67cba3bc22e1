"""Embodied carbon in the objective: an hourly share of hosts that are on, when the study asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.constraint_cases import FREE
from instances.solve_tiny import frame_of, solve_instance
from instances.tiny import SERVER, tiny

from optimiser.analysis.compare import simulated_terms
from optimiser.analysis.metrics import embodied_in_use_kg
from optimiser.analysis.verdict import Placement
from optimiser.formulation.grouping import group_exact
from optimiser.formulation.instance import Instance
from optimiser.library.embodied import find_embodied
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve.engine import solve_study
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.twin.on_cost import embodied_cost_per_h, embodied_kg_per_h
from optimiser.twin.simulate import simulate

# 8 760 kg over one year is 1 kg an hour; at 1000 a tonne that costs 1 an hour
HEAVY = {**SERVER, "name": "heavy", "embodied_kgco2e": 26_280.0, "lifetime_years": 1.0}
LIGHT = {**SERVER, "name": "light", "embodied_kgco2e": 8_760.0, "lifetime_years": 1.0}
CARDS = [HEAVY, LIGHT]
PRICED = {**FREE["weights"], "embodied": True, "carbon_price_per_t": 1000.0,
          "server_embodied_kgco2e": 17_520.0, "server_lifetime_years": 1.0}  # fmt: skip
HOSTS: list[dict[str, Any]] = [{"card": "heavy"}, {"card": "light"}, {}]


def test_card_before_study() -> None:
    """3, 1 and (of the study) 2 kg an hour; without being asked for nothing is paid."""
    _, twin, _ = tiny(HOSTS, cards=CARDS)
    weights = Weights.model_validate(PRICED)
    assert embodied_kg_per_h(twin, weights).tolist() == pytest.approx([3.0, 1.0, 2.0])
    assert embodied_cost_per_h(twin, weights).tolist() == pytest.approx([3.0, 1.0, 2.0])
    off = weights.model_copy(update={"embodied": False})
    assert embodied_cost_per_h(twin, off).tolist() == [0.0, 0.0, 0.0]
    old = twin.drop_vars(["kind_embodied_kgco2e", "kind_lifetime_years"])
    assert embodied_kg_per_h(old, weights).tolist() == pytest.approx([2.0, 2.0, 2.0])


def test_default_is_that_of_the_library() -> None:
    """The study's default server is the library's, and an hour of it weighs the same in reports."""
    card, weights = find_embodied("server-default"), Weights()
    assert weights.server_embodied_kgco2e == card.mid_kgco2e
    assert weights.server_lifetime_years == card.lifetime_years
    _, twin, _ = tiny(1)
    expected = weights.server_embodied_kgco2e / (weights.server_lifetime_years * 8760)
    assert embodied_kg_per_h(twin, weights)[0] == pytest.approx(expected)


def test_light_hosts_are_chosen_and_paid_by_the_hour() -> None:
    """Two workloads need two of three hosts: those of 1 and 2 kg an hour, for three hours."""
    workloads = [{"cpu": 60, "host": None}, {"cpu": 60, "host": None}]
    options = {**FREE, "weights": PRICED}
    frame = frame_of(HOSTS, workloads, cards=CARDS, hours=3, **options)
    answer = solve_instance(Instance(frame, group_exact(frame)))
    assert answer is not None
    assert np.flatnonzero(answer.on).tolist() == [1, 2]
    assert answer.terms["embodied"] == pytest.approx(3 * (1.0 + 2.0))
    assert answer.terms["host_on"] == 0.0
    assert answer.objective == pytest.approx(9.0)


def test_model_search_and_simulation_say_the_same() -> None:
    """The term of one placement from the engine and from the judge, 3 + 1 kg for three hours."""
    workloads = [{"cpu": 60, "host": "h1"}, {"cpu": 60, "host": "h2"}]
    _, twin, rules = tiny(HOSTS, workloads, cards=CARDS, hours=3, **FREE)
    weights = Weights.model_validate(PRICED)
    host, on = np.array([0, 1], dtype=np.int32), np.array([True, True, False])
    believed = evaluate(lower(twin, rules, weights), host, on)
    judged = simulated_terms(twin, weights, Placement(host, on), simulate(twin, host, on))
    assert believed["embodied"] == judged["embodied"] == pytest.approx(12.0)
    assert embodied_in_use_kg(twin, weights, Placement(host, on)) == pytest.approx(12.0)
    silent = weights.model_copy(update={"embodied": False})
    assert embodied_in_use_kg(twin, silent, Placement(host, on)) is None


def test_engine_proves_the_least_embodied_carbon() -> None:
    """Plan and bound of the whole engine are the exact optimum, 9."""
    workloads = [{"cpu": 60, "host": "h1"}, {"cpu": 60, "host": "h2"}]
    _, twin, rules = tiny(HOSTS, workloads, cards=CARDS, hours=3, **FREE)
    settings = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=2, threads=1)
    study = Study(weights=Weights.model_validate(PRICED), solver=settings)
    result = solve_study(twin, rules, study)
    assert result.candidate.objective == pytest.approx(9.0)
    assert result.bound == pytest.approx(9.0)
    assert not result.candidate.on[0]
