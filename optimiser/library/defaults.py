"""Which values of a document were not written by a person but are defaults."""

from __future__ import annotations

from pydantic import BaseModel

from optimiser.schema.equipment import Card

_SILENT: tuple[object, ...] = ("", None, [], {}, ())


def defaults_of(document: BaseModel, prefix: str) -> list[str]:
    """Return ``path = value`` for each default in use, cards aside (they say so themselves).

    Empty texts, empty lists and values that are simply not given are left out.
    """
    if isinstance(document, Card):
        return []
    found: list[str] = []
    for name in (field for field in type(document).model_fields if field != "format"):
        value = getattr(document, name)
        path = f"{prefix}{name}"
        if isinstance(value, BaseModel):
            found += defaults_of(value, f"{path}.")
        elif name not in document.model_fields_set:
            found += [] if value in _SILENT or _is_documents(value) else [f"{path} = {value}"]
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, BaseModel):
                    found += defaults_of(item, f"{path}[{index}].")
    return found


def _is_documents(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], BaseModel)
