"""Reads rulesets: the library's and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from optimiser.errors import InputError, Problem, UsageError
from optimiser.library.documents import read_located
from optimiser.library.locate import library_path
from optimiser.library.references import nearest
from optimiser.schema.ruleset import Ruleset

FOLDER = ("models", "rulesets", "disclosure")
GLOBAL = "GLOBAL"


def read_ruleset(path: Path) -> Ruleset:
    """Read one ruleset.

    Raises ``InputError`` with every mistake, also when its identifier is not the file's name.
    """
    ruleset, marks, _ = read_located(path, Ruleset)
    if ruleset.id != path.stem:
        what = "the identifier is not the file's name"
        line = marks.line(("id",))
        raise InputError(Problem(what, str(path), line, "id", ruleset.id, path.stem))
    return ruleset


@lru_cache(maxsize=8)
def read_rulesets(folder: Path) -> dict[str, Ruleset]:
    """Read all rulesets of a folder by identifier. Raises ``InputError`` with every mistake."""
    found: dict[str, Ruleset] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            ruleset = read_ruleset(path)
        except InputError as error:
            problems += error.problems
        else:
            found[ruleset.id] = ruleset
    if problems:
        raise InputError(problems)
    return found


def load_rulesets(own: Path | None = None) -> dict[str, Ruleset]:
    """Return the library's rulesets, and those of a folder of the user's, which come first."""
    library = read_rulesets(library_path(*FOLDER))
    return {**library, **(read_rulesets(own) if own is not None and own.is_dir() else {})}


def choose_rulesets(
    names: Sequence[str], jurisdictions: Iterable[str], own: Path | None = None
) -> list[Ruleset]:
    """Return the named rulesets, or without names the default ones of the jurisdictions.

    Drafts are chosen by name only. Raises ``UsageError`` that tells every unknown name.
    """
    known = load_rulesets(own)
    if names:
        unknown = [name for name in names if name not in known]
        if unknown:
            near = "; ".join(
                f"{name}: {nearest(name, known) or 'no near name'}" for name in unknown
            )
            text = ", ".join(repr(name) for name in unknown)
            raise UsageError(
                f"there is no ruleset {text}", f"{near}; there are: {', '.join(known)}"
            )
        return [known[name] for name in dict.fromkeys(names)]
    wanted = {GLOBAL, *jurisdictions}
    return [one for one in known.values() if one.is_default and one.jurisdiction in wanted]
