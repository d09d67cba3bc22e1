"""What an importer tells after its work, and the checks that importers share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PER_KIND = 5


@dataclass(frozen=True)
class ImportReport:
    """The folder that was written, how much is in it, and what a person should know."""

    target: Path
    hosts: int
    workloads: int
    placed: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain JSON types."""
        return {
            "target": str(self.target),
            "hosts": self.hosts,
            "workloads": self.workloads,
            "placed": self.placed,
            "notes": list(self.notes),
        }


def require_folder(folder: Path, what: str) -> Path:
    """Return ``folder`` as a path; raise ``InputError`` when it is no folder."""
    folder = Path(folder)
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise InputError(
            Problem(
                what=f"is not the folder of {what}",
                file=str(folder),
                value=found,
                expected="a folder",
                remedy="give the folder that holds the files, not one of them",
            )
        )
    return folder


def require_file(path: Path, what: str) -> Path:
    """Return ``path``; raise ``InputError`` when it is no file."""
    path = Path(path)
    if not path.is_file():
        found = "a folder" if path.exists() else "nothing"
        raise InputError(
            Problem(
                what=f"is not the file of {what}", file=str(path), value=found, expected="a file"
            )
        )
    return path


def pick_file(folder: Path, pattern: str, key: str, field: str) -> Path:
    """Return the file ``pattern.format(key)`` of ``folder``.

    Raises ``InputError`` listing the keys that are there, with the nearest one.
    """
    path = folder / pattern.format(key)
    if path.is_file():
        return path
    head, tail = pattern.split("{}")
    known = sorted(p.name[len(head) : -len(tail)] for p in folder.glob(pattern.format("*")))
    remedy = did_you_mean(key, known) or "check that this is the folder of the data set"
    raise InputError(
        Problem(
            what=f"there is no {path.name}",
            file=str(folder),
            field=field,
            value=key,
            expected="one of: " + ", ".join(known) if known else f"a file {pattern.format('NAME')}",
            remedy=remedy,
        )
    )


def read_text_table(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV as text columns; an empty cell is an empty string, the index is the file's line.

    Raises ``InputError`` when the file is no table or a required column is missing.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(
            Problem(
                what="cannot be read as a table",
                file=str(path),
                value=str(error).strip(),
                expected="comma-separated text in UTF-8 with a header line",
            )
        ) from error
    missing = [name for name in required if name not in table.columns]
    if missing:
        raise InputError([_missing_column(path, name, list(table.columns)) for name in missing])
    table.index = pd.RangeIndex(2, len(table) + 2)
    return table


def _missing_column(path: Path, name: str, found: list[str]) -> Problem:
    return Problem(
        what="column is missing",
        file=str(path),
        line=1,
        field=name,
        value=", ".join(found),
        expected=f"a column {name}",
        remedy=did_you_mean(name, found),
    )


def whole_numbers(
    table: pd.DataFrame, path: Path, field: str, problems: list[Problem]
) -> pd.Series:
    """Return a text column as int64; what is no whole number of at least 0 becomes a problem."""
    is_good = table[field].str.fullmatch(r"\d{1,15}")
    add_problems(
        problems,
        table.index[~is_good],
        table.loc[~is_good, field],
        Problem(what="is not a whole number", file=str(path), field=field, expected="0, 1, 2, …"),
    )
    return table[field].where(is_good, "0").astype("int64")


def add_problems(
    problems: list[Problem], lines: pd.Index, values: pd.Series, form: Problem
) -> None:
    """Add a problem of the given form for each line, at most five and then a count."""
    from dataclasses import replace

    shown = list(zip(lines, values, strict=True))
    problems += [replace(form, line=int(n), value=v) for n, v in shown[:SHOWN_PER_KIND]]
    more = len(shown) - SHOWN_PER_KIND
    if more > 0:
        problems.append(replace(form, what=f"{form.what} ({more} more of the same kind)"))
