"""Read JSON of other tools and check its records, field by field."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optimiser.connect.report import SHOWN_PER_KIND
from optimiser.errors import InputError, Problem, raise_all

LARGEST = 2**53
_GZIP = b"\x1f\x8b"


def read_json(path: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file, which may be compressed by gzip.

    Raises ``InputError`` when the file holds anything else.
    """
    raw = path.read_bytes()
    try:
        text = gzip.decompress(raw) if raw.startswith(_GZIP) else raw
        found = json.loads(text)
    except (OSError, EOFError, ValueError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        problem = Problem("cannot be read as JSON", str(path), line, value=str(error),
                          expected="a JSON object, also compressed by gzip")  # fmt: skip
        raise InputError(problem) from None
    if not isinstance(found, dict):
        raise InputError(
            Problem("holds no JSON object", str(path), value=type(found).__name__,
                    expected="an object")
        )  # fmt: skip
    return found


def is_whole(value: object) -> bool:
    """Whether a JSON value is a whole number of at least 0 that tables can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


class Records:
    """Lists of objects in one JSON document; mistakes are collected and raised together."""

    def __init__(self, path: Path, document: Mapping[str, Any]) -> None:
        self.path = path
        self.document = document
        self.problems: list[Problem] = []

    def refuse(self, what: str, field: str, value: object, expected: str) -> None:
        """Note a mistake at a field."""
        problem = Problem(what, str(self.path), field=field, value=value, expected=expected)
        self.problems.append(problem)

    def raise_all(self) -> None:
        """Raise the mistakes noted so far, the first few of them, as one ``InputError``."""
        raise_all(self.problems[:SHOWN_PER_KIND])

    def rows(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the objects of a list. Raises ``InputError`` when it is none or is empty."""
        rows = self.document.get(name)
        if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
            told = "nothing" if rows is None else type(rows).__name__
            problem = Problem("is no list of objects", str(self.path), field=name, value=told,
                              expected="at least one object")  # fmt: skip
            raise InputError(problem)
        return rows

    def table(self, name: str, fields: Sequence[str]) -> dict[str, list[int]]:
        """Return ``id`` and fields of a list as columns of whole numbers; ids are unique."""
        rows = self.rows(name)
        columns = {field: self._column(name, field, rows) for field in ("id", *fields)}
        first: dict[int, int] = {}
        for index, key in enumerate(columns["id"]):
            if first.setdefault(key, index) != index:
                self.refuse("the id is given twice", f"{name}[{index}].id", key, "another id")
        return columns

    def _column(self, name: str, field: str, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        values = [row.get(field) for row in rows]
        for index, value in enumerate(values):
            if not is_whole(value):
                self.refuse(
                    "is not a whole number", f"{name}[{index}].{field}", value, "0, 1, 2, …"
                )
        return [value if isinstance(value, int) else 0 for value in values]
