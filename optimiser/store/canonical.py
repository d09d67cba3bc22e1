"""JSON in one canonical form: the same content gives the same bytes on every system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optimiser.schema.base import Document


def canonical_json(value: Document | Any) -> bytes:
    """Return sorted, indented UTF-8 JSON with a final newline.

    Raises ``ValueError`` for NaN and infinite numbers, which JSON does not have.
    """
    plain = value.model_dump(mode="json") if isinstance(value, Document) else value
    text = json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def write_json(path: Path, value: Document | Any) -> None:
    """Write a value as canonical JSON."""
    path.write_bytes(canonical_json(value))
