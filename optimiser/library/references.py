"""Names that refer to something else: found or told, with the nearest name there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from optimiser.errors import Problem, did_you_mean
from optimiser.library.mistakes import name_of
from optimiser.library.tables import Table
from optimiser.library.yaml_source import Marks, Step

MANY = 2000
LISTED = 8


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return ``did you mean 'x'?``; among many names only those that begin alike are compared."""
    if len(known) <= MANY:
        return did_you_mean(word, known)
    for length in range(min(len(word), 12), 0, -1):
        alike = [name for name in known if name.startswith(word[:length])]
        found = did_you_mean(word, alike[:MANY]) if alike else None
        if found:
            return found
    return None


def listed(known: Collection[str]) -> str:
    """Return the known names in words: all of a few, the first of many."""
    names = sorted(set(known))
    if not names:
        return "there is none"
    more = f" … ({len(names):,} in all)" if len(names) > LISTED else ""
    return "one of " + ", ".join(names[:LISTED]) + more


@dataclass
class DocumentCheck:
    """Collects the problems of one YAML document whose fields are valid by themselves."""

    file: str
    marks: Marks
    prefix: tuple[Step, ...] = ()
    problems: list[Problem] = field(default_factory=list)

    def at(self, *steps: Step) -> DocumentCheck:
        """Return the same check, further inside the document."""
        return DocumentCheck(self.file, self.marks, (*self.prefix, *steps), self.problems)

    def add(
        self,
        path: Sequence[Step],
        what: str,
        value: object = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        """Report a mistake at a path below the prefix."""
        full = (*self.prefix, *path)
        line = self.marks.line(full)
        self.problems.append(
            Problem(what, self.file, line, name_of(full) or None, value, expected, remedy)
        )

    def refer(
        self, path: Sequence[Step], name: str | None, known: Collection[str], noun: str
    ) -> bool:
        """Check that a name is known; ``None`` is fine. Returns whether it is."""
        if name is None or name in known:
            return True
        what = f"there is no such {noun}"
        self.add(path, what, name, listed(known), nearest(name, known))
        return False


def names_in(column: pd.Series) -> set[str]:
    """Return the names in a column; a set of the series itself would fetch each on its own."""
    return set(column.to_numpy(dtype=object))


def refer_column(
    table: Table, column: str, known: Collection[str], noun: str, remedy: str | None = None
) -> None:
    """Check that a table's column names only what is known; empty cells are left alone."""
    values = table.frame[column]
    wrong = np.flatnonzero(~values.isin(list(known)) & (values != ""))
    table.findings.add(
        column,
        f"there is no such {noun}",
        wrong,
        values.to_numpy(dtype=object),
        listed(known),
        lambda value: nearest(str(value), known) or remedy,
    )
