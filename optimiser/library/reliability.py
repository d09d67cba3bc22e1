"""The bundled failure rates of components."""

from __future__ import annotations

from functools import lru_cache

from optimiser.library.documents import read_document
from optimiser.library.locate import library_path
from optimiser.schema.reliability import Reliability, SourcedComponent


@lru_cache(maxsize=1)
def load_components() -> dict[str, SourcedComponent]:
    """Return the components by name. Raises ``InputError`` for a broken file."""
    path = library_path("models", "reliability", "components.yaml")
    return {one.name: one for one in read_document(path, Reliability).components}
