"""Look at the bundled equipment, sites, recipes, rulesets, factors and embodied carbon."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel

from optimiser.errors import UsageError, did_you_mean
from optimiser.library.catalogue import (
    Entry,
    find_card,
    list_datasets,
    list_recipes,
    list_sites,
    load_cards,
)
from optimiser.library.embodied import load_embodied
from optimiser.library.factors import load_factors
from optimiser.library.rulesets import load_rulesets
from optimiser.schema.equipment import CARD_TYPES, ServerCard
from optimiser.schema.ruleset import Ruleset

_OTHERS: dict[str, Callable[[], list[Entry]]] = {
    "sites": list_sites,
    "datasets": list_datasets,
    "recipes": list_recipes,
}
_DOCUMENTS: dict[str, Callable[[], Mapping[str, BaseModel]]] = {
    "rulesets": load_rulesets,
    "factors": load_factors,
    "embodied": load_embodied,
}
_SHOWN = {
    "rulesets": ("title", "jurisdiction", "status", "citation"),
    "factors": ("use", "value", "unit", "geography", "valid_from", "valid_to", "publisher"),
    "embodied": ("title", "category", "per", "tier", "low_kgco2e", "mid_kgco2e", "high_kgco2e"),
}
"""Main fields of the documents that reports are made from."""
_RATINGS = ("rating_w", "rating_kw", "rated_cooling_kw", "rated_heat_kw", "head_kpa", "rack_units")


def library_kinds() -> list[dict[str, Any]]:
    """Return what the library holds: each kind with the number of its entries."""
    cards = load_cards()
    counts = {kind: sum(found == kind for found, _ in cards) for kind in CARD_TYPES}
    counts |= {kind: len(entries()) for kind, entries in _OTHERS.items()}
    counts |= {kind: len(documents()) for kind, documents in _DOCUMENTS.items()}
    return [{"kind": kind, "entries": count} for kind, count in counts.items()]


def library_entries(kind: str) -> list[dict[str, Any]]:
    """Return the entries of one kind with their main figures.

    Raises ``UsageError`` with the nearest kind when there is none of that name.
    """
    kind = _known(kind)
    if kind in _DOCUMENTS:
        return [
            {"name": name, **{field: _plain(getattr(one, field)) for field in _SHOWN[kind]}}
            for name, one in _DOCUMENTS[kind]().items()
        ]
    if kind in _OTHERS:
        return [{"name": e.name, "title": e.title} for e in _OTHERS[kind]()]
    return [
        {"name": card.name, "title": card.title, "year": card.year, **_figures(card)}
        for card in load_cards(kind).values()
    ]


def library_entry(kind: str, name: str) -> dict[str, Any]:
    """Return one entry in full. Raises ``UsageError`` with the nearest name when it is unknown."""
    kind = _known(kind)
    if kind in CARD_TYPES:
        return find_card(kind, name).model_dump(mode="json", exclude_none=True)
    if kind in _DOCUMENTS:
        document = _found(kind, name, _DOCUMENTS[kind]())
        fields = document.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return fields | (_in_words(document) if isinstance(document, Ruleset) else {})
    entry = _found(kind, name, {entry.name: entry for entry in _OTHERS[kind]()})
    return {"name": entry.name, "title": entry.title, "path": str(entry.path)}


def _in_words(ruleset: Ruleset) -> dict[str, Any]:
    """Return the long lists of a ruleset as one sentence for each entry."""
    rules = [f"{rule.id}: {rule.sentence} ({rule.citation})" for rule in ruleset.rules]
    points = [f"{point.code}: {point.title}" for point in ruleset.datapoints]
    lists = {"rules": rules, "datapoints": points}
    return {name: sentences for name, sentences in lists.items() if sentences}


Found = TypeVar("Found")


def _found(kind: str, name: str, entries: Mapping[str, Found]) -> Found:
    if name not in entries:
        near = did_you_mean(name, entries) or f"there are: {', '.join(entries)}"
        raise UsageError(f"the library has no {kind.removesuffix('s')} {name!r}", near)
    return entries[name]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _known(word: str) -> str:
    kinds: Sequence[str] = (*CARD_TYPES, *_OTHERS, *_DOCUMENTS)
    for candidate in (word, f"{word}s", word.removesuffix("s"), word.replace("-", "_")):
        if candidate in kinds:
            return candidate
    near = did_you_mean(word, kinds) or f"the kinds are {', '.join(kinds)}"
    raise UsageError(f"the library has no kind {word!r}", near)


def _figures(card: Any) -> dict[str, Any]:
    if isinstance(card, ServerCard):
        return {
            "idle_w": card.curve_w[0],
            "full_w": card.curve_w[-1],
            "gpus": f"{card.gpus.count} x {card.gpus.model}" if card.gpus else "",
        }
    return {name: getattr(card, name) for name in _RATINGS if hasattr(card, name)}
