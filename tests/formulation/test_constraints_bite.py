"""Each constraint: one instance where it costs something, one where it does not."""

from __future__ import annotations

import math

import pytest
from instances.constraint_cases import CASES
from instances.solve_tiny import case_instance, solve_model

from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.formulation.recipe import read_recipe


def _cost(instance: Instance, without: str = "") -> float:
    """Return the optimum; infinite when there is none, minus infinite when it is unbounded."""
    model = build(instance)
    if without:
        model.component(without).deactivate()
    objective = solve_model(model)
    if objective is None:
        return -math.inf if without else math.inf
    return objective


@pytest.mark.parametrize("name", CASES)
def test_constraint_bites(name: str):
    """Without the constraint the tight instance is cheaper."""
    tight = case_instance(name)
    assert _cost(tight) > _cost(tight, without=name) + 1e-7


@pytest.mark.parametrize("name", CASES)
def test_constraint_does_not_bite(name: str):
    """Without the constraint the loose instance costs the same."""
    loose = case_instance(name, is_tight=False)
    assert _cost(loose) == pytest.approx(_cost(loose, without=name), abs=1e-8)


def test_every_constraint_has_a_case():
    """No constraint of the recipe is left untested."""
    assert set(CASES) == set(read_recipe().constraint_names())
