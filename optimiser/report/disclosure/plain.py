"""Cells in one plain form, so that every format says the same and no text can act.

Numbers keep 12 significant digits: enough for every rule, and few enough that the order in which
a sum was taken can not be seen.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from enum import Enum

Cell = str | int | float | bool | None

DIGITS = 12
TEXT_LIMIT = 30_000
"""Characters of one cell; a workbook holds 32,767."""
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)
_RUNS = r"[\s'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212|%]"
_FORMULA = re.compile(_RUNS)
_PLACE = re.compile(rf"(^|;)(?={_RUNS})")
_GUARDED = re.compile(rf"(^|;)'(?={_RUNS})")


def plain_cell(value: object) -> Cell:
    """Return a value as a cell: text, number, truth or nothing; an empty text is nothing.

    Raises ``ValueError`` for NaN, infinite numbers and values of other kinds.
    """
    if isinstance(value, Enum) and not isinstance(value, (int, str)):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, str):
        return plain_text(str(value)) or None
    if hasattr(value, "item"):  # a scalar of an array library
        return plain_cell(value.item())
    if isinstance(value, int):
        return int(value) if abs(value) < 2**53 else float(value)
    if isinstance(value, float):
        return plain_number(value)
    raise ValueError(f"a cell holds text, a number, a truth or nothing, not {value!r}")


def plain_number(value: float) -> float:
    """Return a number with 12 significant digits. Raises ``ValueError`` when it is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no value; a missing one is empty and has a reason")
    return float(f"{value:.{DIGITS}g}") + 0.0  # no negative zero


def plain_text(text: str) -> str:
    """Return a text with what can not be seen written out, such as ``\\u0009`` for a tab."""
    shown = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if len(shown) <= TEXT_LIMIT:
        return shown
    return f"{shown[:TEXT_LIMIT]} … ({len(shown) - TEXT_LIMIT} more characters)"


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet could take a text for a formula or a command."""
    return bool(_FORMULA.match(text))


def guard(text: str) -> str:
    """Put an apostrophe before what looks like a formula, so that it stays text.

    Also after a semicolon: where that separates values, a cell may begin there.
    """
    return _PLACE.sub(r"\1'", text)


def unguard(text: str) -> str:
    """Undo :func:`guard`, for readers."""
    return _GUARDED.sub(r"\1", text)
