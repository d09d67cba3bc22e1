"""Equipment cards as a site sees them: its own first, then the library's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from optimiser.library.catalogue import load_cards
from optimiser.library.references import DocumentCheck, listed, nearest
from optimiser.library.yaml_source import Step
from optimiser.schema.equipment import CARD_TYPES, Card

Key = tuple[str, str]


class Shelf:
    """Finds cards by kind and name and remembers which were used."""

    def __init__(self, own: Iterable[Card]) -> None:
        self._own: dict[Key, Card] = {(_kind(card), card.name): card for card in own}
        self.used: dict[Key, Card] = {}

    def find(self, kind: str, name: str) -> Card | None:
        """Return a card and note that it is used, or ``None``."""
        card = self._own.get((kind, name)) or load_cards(kind).get((kind, name))
        if card is not None:
            self.used[kind, name] = card
        return card

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind, the site's own and the library's."""
        every = {**load_cards(kind), **self._own}
        return [name for found, name in every if found == kind]

    def advice(self, kind: str, name: str) -> str | None:
        """Return the nearest name of the kind, or the kind under which the name exists."""
        for other in CARD_TYPES:
            if other != kind and (other, name) in {**load_cards(other), **self._own}:
                return f"{name!r} is a {other} card; a {kind} card is needed here"
        fallback = "define it under 'equipment:' in site.yaml, or see 'dcopt library'"
        return nearest(name, self.names(kind)) or fallback

    def refer(
        self, check: DocumentCheck, path: Sequence[Step], kind: str, name: str | None
    ) -> Card | None:
        """Return the card that a document names, or report that there is none."""
        if name is None:
            return None
        card = self.find(kind, name)
        if card is None:
            what = f"there is no such {kind} card"
            check.add(path, what, name, listed(self.names(kind)), self.advice(kind, name))
        return card


def _kind(card: Card) -> str:
    return str(getattr(card, "kind", ""))
