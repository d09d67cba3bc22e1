"""The maths pages: every symbol, constraint and term of a recipe as Markdown."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from optimiser.formulation.model import BLOCKS
from optimiser.formulation.recipe import ConstraintEntry, Recipe, read_recipe

_MATH = re.compile(r"\.\. math::(.*?)(?:\n\n|$)", re.DOTALL)
_DUAL = re.compile(r"Dual:(.*?\.)(?:\s|$)", re.DOTALL)
_ENTRY = re.compile(r"Recipe\s+entry:\s+``\w+``\.?", re.DOTALL)


def constraint_functions() -> dict[str, Callable[..., None]]:
    """Return the function of each constraint by its name."""
    return {
        function.__name__.removeprefix("constrain_"): function
        for block in BLOCKS.values()
        for function in block.constrain
    }


def term_functions() -> dict[str, Callable[..., None]]:
    """Return the function of each objective term by its name."""
    return {
        function.__name__.removeprefix("price_"): function
        for block in BLOCKS.values()
        for function in block.price
    }


def docstring_parts(function: Callable[..., None]) -> dict[str, str]:
    """Return ``sentence``, ``equation``, ``notes`` and ``dual`` of a function's docstring."""
    text = inspect.getdoc(function) or ""
    sentence, _, rest = text.partition("\n")
    equation, dual = _MATH.search(rest), _DUAL.search(rest)
    notes = _DUAL.sub("", _ENTRY.sub("", _MATH.sub("", rest)))
    return {
        "sentence": sentence,
        "equation": _one_line(equation[1]) if equation else "",
        "notes": _one_line(notes),
        "dual": _one_line(dual[1]) if dual else "",
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())


def render_pages(recipe: Recipe | None = None) -> dict[str, str]:
    """Return file name → Markdown: an index and one page per block with constraints."""
    recipe = recipe or read_recipe()
    pages = {"index.md": _index(recipe), "objective.md": _objective(recipe)}
    for block in recipe.blocks:
        entries = [entry for entry in recipe.constraints if entry.block == block]
        if entries:
            pages[f"{block}.md"] = _block(recipe, block, entries)
    return pages


def _index(recipe: Recipe) -> str:
    lines = [f"# The model `{recipe.name}`", "", recipe.sentence, ""]
    lines += [
        "Made from the recipe and the docstrings by `python -m optimiser.formulation.pages`.",
        "",
    ]
    lines += ["## Decisions and what follows from them", ""]
    lines += _table(
        ("symbol", "name", "unit", "meaning"),
        [(f"${v.symbol}$", f"`{v.name}`", v.unit, v.sentence) for v in recipe.variables],
    )
    lines += ["## Given quantities", ""]
    lines += _table(
        ("symbol", "where it comes from", "unit"),
        [(f"${s.symbol}$", s.field, s.unit) for s in recipe.symbols],
    )
    lines += ["## Constraints", ""]
    lines += _table(
        ("name", "demand", "policies"),
        [
            (f"[`{c.name}`]({c.block}.md#{c.name})", c.sentence, ", ".join(c.policies))
            for c in recipe.constraints
        ],
    )
    lines += [
        "## Objective",
        "",
        "The sum of the [terms](objective.md), in money over the horizon.",
    ]
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    # a bar inside a formula would end the cell
    lines += [
        f"| {' | '.join(cell.replace('|', chr(92) + 'vert ') for cell in row)} |" for row in rows
    ]
    return [*lines, ""]


def _block(recipe: Recipe, block: str, entries: list[ConstraintEntry]) -> str:
    functions = constraint_functions()
    module = inspect.getmodule(functions[entries[0].name])
    summary = (inspect.getdoc(module) or "").replace("\n", " ").strip()
    lines = [f"# {block.replace('_', ' ').capitalize()}", "", summary, ""]
    for entry in entries:
        lines += _constraint(recipe, entry, functions[entry.name])
    lines.append("[All symbols](index.md)")
    return "\n".join(lines) + "\n"


def _constraint(recipe: Recipe, entry: ConstraintEntry, function: Callable[..., None]) -> list[str]:
    notes = docstring_parts(function)["notes"]
    lines = [f"## {entry.name}", "", entry.sentence, "", f"$$ {entry.equation} $$", ""]
    lines += [notes, ""] if notes else []
    facts = [
        ("recipe entry", f"`{recipe.name}/{entry.name}`"),
        ("function", f"`{function.__module__}.{function.__name__}`"),
        ("dual", f"${entry.symbol}$: {entry.dual}"),
    ]
    if entry.policies:
        facts.append(("policies", ", ".join(f"`{kind}`" for kind in entry.policies)))
    return lines + _table(("", ""), facts)


def _objective(recipe: Recipe) -> str:
    functions = term_functions()
    lines = ["# Objective", "", "Every term is money over the horizon; their sum is minimised.", ""]
    for term in recipe.terms:
        notes = docstring_parts(functions[term.name])["notes"]
        lines += [
            f"## {term.name}",
            "",
            term.sentence,
            "",
            f"$$ {term.symbol} = {term.equation} $$",
            "",
        ]
        lines += [notes, ""] if notes else []
    return "\n".join(lines).rstrip() + "\n"


def write_pages(folder: Path) -> None:
    """Write the pages to a folder and remove those that are no longer made."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = render_pages()
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/maths"))
