"""Recipes: which blocks a model has, and the name, symbol and sentence of everything in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from optimiser.library.documents import read_located
from optimiser.library.locate import library_path
from optimiser.schema.base import Document

ComponentName = str


class VariableEntry(Document):
    """One variable."""

    name: str
    """Name in the model, the LP file and the docs."""
    symbol: str
    """Symbol in formulas (LaTeX)."""
    unit: str
    """Unit."""
    sentence: str
    """What it means."""


class ConstraintEntry(Document):
    """One constraint."""

    name: str
    """Name in the model, the LP file, the dual table and the docs."""
    block: str
    """Block that writes it."""
    symbol: str = Field(pattern=r"^.*$")
    """Symbol of its dual (LaTeX)."""
    sentence: str
    """What it demands, in one sentence."""
    equation: str
    """The formula (LaTeX)."""
    dual: str
    """What one more unit of the limit is worth."""
    policies: list[str] = Field(default_factory=list)
    """Kinds of policies that it serves."""


class TermEntry(Document):
    """One objective term."""

    name: str
    """Name in the model and in every table of costs."""
    symbol: str
    """Symbol (LaTeX)."""
    sentence: str
    """What it prices."""
    equation: str
    """The formula (LaTeX)."""


class Symbol(Document):
    """A given quantity in the formulas."""

    symbol: str
    """Symbol (LaTeX)."""
    field: str
    """Where the number comes from."""
    unit: str
    """Unit."""


class Recipe(Document):
    """A formulation (``models/formulations/*.yaml``)."""

    format: Literal["dcopt.recipe/1"] = "dcopt.recipe/1"
    """Version of this document."""
    name: str
    """Name that a study refers to."""
    sentence: str
    """What the model decides."""
    blocks: list[str]
    """Blocks in the order in which they are declared and constrained."""
    symbols: list[Symbol]
    """Given quantities."""
    variables: list[VariableEntry]
    """Decisions and what follows from them."""
    constraints: list[ConstraintEntry]
    """Constraints."""
    terms: list[TermEntry]
    """Objective terms."""

    def constraint_names(self) -> list[str]:
        """Return the names of all constraints."""
        return [entry.name for entry in self.constraints]

    def term_names(self) -> list[str]:
        """Return the names of all objective terms."""
        return [entry.name for entry in self.terms]


@cache
def read_recipe(name: str = "placement") -> Recipe:
    """Return a recipe of the library by name.

    Raises ``InputError`` when there is none of that name or it has mistakes.
    """
    return read_recipe_file(library_path("models", "formulations", f"{name}.yaml"))


def read_recipe_file(path: Path) -> Recipe:
    """Return the recipe in a file."""
    return read_located(path, Recipe, bundled=True)[0]
