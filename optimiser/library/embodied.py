"""Reads the cards of embodied carbon and the constants of the bottom-up estimate."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from optimiser.errors import InputError, MissingError, Problem, UsageError
from optimiser.library.documents import read_located
from optimiser.library.locate import library_path
from optimiser.library.references import nearest
from optimiser.schema.embodied import BottomUp, EmbodiedCard, EmbodiedFile

FOLDER = ("models", "embodied")


@lru_cache(maxsize=8)
def read_embodied(folder: Path) -> tuple[dict[str, EmbodiedCard], BottomUp | None]:
    """Read all files of a folder: cards by name, and the constants if there are any.

    Raises ``InputError`` with every mistake, also for a name or constants given twice.
    """
    cards: dict[str, EmbodiedCard] = {}
    constants: BottomUp | None = None
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            document, marks, _ = read_located(path, EmbodiedFile)
        except InputError as error:
            problems += error.problems
            continue
        if document.constants is not None:
            if constants is not None:
                line = marks.line(("constants",))
                problems.append(Problem("constants are given twice", str(path), line, "constants"))
            constants = document.constants
        for index, card in enumerate(document.cards):
            if card.name in cards:
                line = marks.line(("cards", index, "name"))
                what = "the name is given twice"
                problems.append(Problem(what, str(path), line, f"cards[{index}].name", card.name))
            cards[card.name] = card
    if problems:
        raise InputError(problems)
    return cards, constants


def load_embodied() -> dict[str, EmbodiedCard]:
    """Return the library's cards of embodied carbon by name."""
    return read_embodied(library_path(*FOLDER))[0]


def bottom_up_constants() -> BottomUp:
    """Return the constants. Raises ``MissingError`` when the library has none."""
    constants = read_embodied(library_path(*FOLDER))[1]
    if constants is None:
        raise MissingError("the library has no constants of embodied carbon")
    return constants


def find_embodied(name: str) -> EmbodiedCard:
    """Return one card. Raises ``UsageError`` with the nearest name when there is none."""
    cards = load_embodied()
    if name not in cards:
        remedy = nearest(name, cards) or "the cards are " + ", ".join(sorted(cards))
        raise UsageError(f"the library has no card of embodied carbon {name!r}", remedy)
    return cards[name]
