"""The bundled ruleset about transfers of personal data."""

from __future__ import annotations

from functools import lru_cache

from optimiser.library.documents import read_document
from optimiser.library.locate import library_path
from optimiser.schema.rulesets import Transfers


@lru_cache(maxsize=1)
def load_transfers() -> Transfers:
    """Return the ruleset. Raises ``InputError`` for a broken file."""
    return read_document(library_path("models", "rulesets", "transfers.yaml"), Transfers)
