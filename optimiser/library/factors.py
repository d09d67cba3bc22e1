"""Reads factors and finds the one that was asked for, or says which there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

from optimiser.errors import InputError, Problem
from optimiser.library.documents import read_located
from optimiser.library.locate import library_path
from optimiser.library.references import listed, nearest
from optimiser.schema.factor import FactorFile, FactorRow

FOLDER = ("models", "factors")


@lru_cache(maxsize=16)
def read_factors(path: Path) -> dict[str, FactorRow]:
    """Read the factors of a file, or of all files of a folder, by identifier.

    Raises ``InputError`` with every mistake, also for an identifier given twice.
    """
    found: dict[str, FactorRow] = {}
    problems: list[Problem] = []
    for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
        try:
            document, marks, _ = read_located(file, FactorFile)
        except InputError as error:
            problems += error.problems
            continue
        for index, row in enumerate(document.factors):
            if row.id in found:
                line = marks.line(("factors", index, "id"))
                what = "the identifier is given twice"
                problems.append(Problem(what, str(file), line, f"factors[{index}].id", row.id))
            found[row.id] = row
    if problems:
        raise InputError(problems)
    return found


def load_factors(own: Path | None = None) -> dict[str, FactorRow]:
    """Return the library's factors and those of a file of the user's, which come first."""
    library = read_factors(library_path(*FOLDER))
    return {**library, **(read_factors(own) if own is not None and own.exists() else {})}


def find_factor(
    factors: dict[str, FactorRow], name: str, use: str, first: date, last: date,
    field: str = "factors", file: str | None = None,
) -> FactorRow:  # fmt: skip
    """Return a factor by identifier, for a use and a period of activity (first and last day).

    Raises ``InputError`` when there is none of that name, or when it is for another use or time.
    """
    row = factors.get(name)
    fitting = [one.id for one in factors.values() if one.use == use]
    if row is None:
        what = "there is no such factor"
        near = nearest(name, factors)
        raise InputError(Problem(what, file, None, field, name, listed(fitting), near))
    if row.use != use:
        what = f"this factor is for {row.use}, not for {use}"
        raise InputError(Problem(what, file, None, field, name, listed(fitting)))
    if first < row.valid_from or last > row.valid_to:
        what = f"this factor is for {row.valid_from} to {row.valid_to}"
        expected = f"a factor for {first} to {last}"
        remedy = "name one of that time, or add its row to factors.yaml of the site"
        raise InputError(Problem(what, file, None, field, name, expected, remedy))
    return row


def choose_factor(
    factors: dict[str, FactorRow], use: str, geography: str, first: date, last: date
) -> FactorRow:
    """Return the factor of a use for a place and period: the place itself, else its country.

    Raises ``InputError`` for a place or time without one; another place's is never taken.
    """
    rows = [row for row in factors.values() if row.use == use]
    for place in dict.fromkeys((geography, geography.split("-", maxsplit=1)[0])):
        held = [row for row in rows if row.geography == place]
        timely = [row for row in held if row.valid_from <= first and last <= row.valid_to]
        if timely:
            return max(timely, key=lambda row: (row.valid_from, row.retrieved_at, row.id))
        if held:
            spans = ", ".join(f"{row.valid_from} to {row.valid_to}" for row in held)
            what = f"there is no {use} factor of {place} for {first} to {last}"
            raise InputError(_unknown(what, geography, f"a period within {spans}"))
    places = _places(rows)
    what = f"there is no {use} factor for this place"
    raise InputError(_unknown(what, geography, listed(places), nearest(geography, places)))


def _places(rows: Iterable[FactorRow]) -> list[str]:
    return sorted({row.geography for row in rows})


def _unknown(what: str, value: str, expected: str, near: str | None = None) -> Problem:
    remedy = near or "add a row with its source to factors.yaml of the site"
    return Problem(what, None, None, "geography", value, expected, remedy)
