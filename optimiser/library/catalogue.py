"""The bundled library: equipment cards, example sites, data sets and recipes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from optimiser.errors import InputError, MissingError, Problem, UsageError, did_you_mean
from optimiser.library.documents import read_located, read_yaml
from optimiser.library.locate import library_path
from optimiser.schema.equipment import CARD_TYPES, Card, CardFile

EQUIPMENT = ("models", "equipment")


def load_cards(kind: str | None = None) -> dict[tuple[str, str], Card]:
    """Return the library's cards by kind and name, of one kind or all.

    Files are named after the kind they hold (``servers.yaml``, ``servers-gpu.yaml``), so that
    asking for one kind reads only its files. Raises ``UsageError`` for an unknown kind and
    ``InputError`` for broken files.
    """
    if kind is not None and kind not in CARD_TYPES:
        remedy = did_you_mean(kind, CARD_TYPES) or "the kinds are " + ", ".join(CARD_TYPES)
        raise UsageError(f"there is no equipment kind {kind!r}", remedy)
    folder = library_path(*EQUIPMENT)
    kinds = list(CARD_TYPES) if kind is None else [kind]
    return {key: card for one in kinds for key, card in _cards_of(folder, one).items()}


@lru_cache(maxsize=64)
def _cards_of(folder: Path, kind: str) -> dict[tuple[str, str], Card]:
    cards: dict[tuple[str, str], Card] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob(f"{kind}*.yaml")):
        document, marks, _ = read_located(path, CardFile, bundled=True)
        for index, card in enumerate(document.cards):
            line = marks.line(("cards", index))
            if card.kind != kind:
                what = f"a card of kind {card.kind} in a file for {kind}"
                problems.append(Problem(what, str(path), line, f"cards[{index}].kind"))
            if (kind, card.name) in cards:
                what = f"the name {card.name!r} is given twice"
                problems.append(Problem(what, str(path), line, f"cards[{index}].name"))
            cards[kind, card.name] = card
    if problems:
        raise InputError(problems)
    return cards


def find_card(kind: str, name: str) -> Card:
    """Return one card. Raises ``UsageError`` with the nearest name when there is none."""
    cards = load_cards(kind)
    if (kind, name) not in cards:
        names = [known for _, known in cards]
        remedy = did_you_mean(name, names) or "see 'dcopt library' for all cards"
        raise UsageError(f"the library has no {kind} card {name!r}", remedy)
    return cards[kind, name]


@dataclass(frozen=True)
class Entry:
    """One thing the library offers: a site, a data set or a recipe."""

    kind: str
    name: str
    title: str
    path: Path


def list_sites() -> list[Entry]:
    """Return the bundled example sites."""
    files = sorted(library_path("models", "sites").glob("*/site.yaml"))
    return [Entry("site", file.parent.name, _title(file), file.parent) for file in files]


def list_datasets() -> list[Entry]:
    """Return the bundled data sets."""
    files = sorted(library_path("datasets").glob("*/dataset.yaml"))
    return [Entry("dataset", file.parent.name, _title(file), file.parent) for file in files]


def list_recipes() -> list[Entry]:
    """Return the formulations a study can name as its ``recipe``."""
    files = sorted(library_path("models", "formulations").glob("*.yaml"))
    return [Entry("recipe", file.stem, _title(file), file) for file in files]


def _title(path: Path) -> str:
    data: Any = read_yaml(path)[0]
    if not isinstance(data, dict):
        return ""
    found = (data.get(key) for key in ("title", "sentence", "description", "name"))
    return " ".join(str(next(filter(None, found), "")).split())


def site_folder(name: str) -> Path:
    """Return the folder of a bundled site. Raises ``MissingError`` with the names there are."""
    sites = {entry.name: entry.path for entry in list_sites()}
    if name not in sites:
        known = ", ".join(sites) or "none"
        remedy = did_you_mean(name, sites) or f"the bundled sites are: {known}"
        raise MissingError(f"the library has no site {name!r}", remedy)
    return sites[name]
