"""Recipe, code, model and docs say the same."""

from __future__ import annotations

from pathlib import Path

import pyomo.environ as pyo
import pytest
from instances.solve_tiny import instance_of

from optimiser.errors import MissingError
from optimiser.formulation.model import BLOCKS, build
from optimiser.formulation.pages import (
    constraint_functions,
    docstring_parts,
    render_pages,
    term_functions,
)
from optimiser.formulation.recipe import read_recipe
from optimiser.schema.policy import AnyPolicy

DOCS = Path(__file__).resolve().parents[2] / "docs" / "maths"
RECIPE = read_recipe()


def test_model_and_recipe_list_the_same_constraints():
    """The Pyomo model has exactly the constraints of the recipe, in any instance."""
    model = build(instance_of())
    assert {c.name for c in model.component_objects(pyo.Constraint)} == set(
        RECIPE.constraint_names()
    )


def test_model_and_recipe_list_the_same_terms():
    """The objective is made of exactly the terms of the recipe."""
    model = build(instance_of())
    assert {e.name for e in model.component_objects(pyo.Expression)} == set(RECIPE.term_names())
    assert set(model.context.terms) == set(RECIPE.term_names())


def test_model_and_recipe_list_the_same_variables():
    """Every variable of the model is explained in the recipe, with its unit."""
    model = build(instance_of())
    assert {v.name for v in model.component_objects(pyo.Var)} == {v.name for v in RECIPE.variables}


def test_every_block_is_used():
    """No block is left out of the recipe, and the recipe asks for none that is not there."""
    assert RECIPE.blocks == list(BLOCKS)


@pytest.mark.parametrize("entry", RECIPE.constraints, ids=lambda entry: entry.name)
def test_constraint_is_documented_once(entry):
    """Sentence, equation and dual are the same in the code and in the recipe."""
    parts = docstring_parts(constraint_functions()[entry.name])
    assert parts["sentence"] == entry.sentence
    assert parts["equation"] == entry.equation
    assert parts["dual"] == entry.dual


@pytest.mark.parametrize("entry", RECIPE.terms, ids=lambda entry: entry.name)
def test_term_is_documented_once(entry):
    """Sentence and equation are the same in the code and in the recipe."""
    parts = docstring_parts(term_functions()[entry.name])
    assert (parts["sentence"], parts["equation"]) == (entry.sentence, entry.equation)


def test_every_policy_kind_is_served():
    """Each kind has a constraint, but for what changes limits or is about the way to a plan."""
    union = AnyPolicy.__origin__
    other = {"not_worse", "throttle", "precedence", "serialize", "sync", "deadline"}
    kinds = {kind.model_fields["kind"].default for kind in union.__args__}
    served = {policy for entry in RECIPE.constraints for policy in entry.policies}
    assert kinds - served == other
    assert served <= kinds


def test_unknown_block_is_named():
    """A recipe with a misspelt block is refused with the near name."""
    recipe = RECIPE.model_copy(update={"blocks": ["assigment"]})
    with pytest.raises(MissingError, match="assignment"):
        build(instance_of(), recipe)


def test_maths_pages_are_up_to_date():
    """``docs/maths`` holds what ``python -m optimiser.formulation.pages`` writes."""
    pages = render_pages(RECIPE)
    assert {path.name for path in DOCS.glob("*.md")} == set(pages)
    for name, text in pages.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, name
