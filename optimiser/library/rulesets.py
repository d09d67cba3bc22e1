"""Reads rulesets: the library's and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from optimiser.errors import InputError, Problem, UsageError, raise_all
from optimiser.library.documents import read_located
from optimiser.library.locate import library_path
from optimiser.library.references import DocumentCheck, nearest
from optimiser.library.yaml_source import Step
from optimiser.schema.figures import FACTS, FIGURES, OWN, is_known
from optimiser.schema.ruleset import Condition, Ruleset

FOLDER = ("models", "rulesets", "disclosure")
GLOBAL = "GLOBAL"


def read_ruleset(path: Path) -> Ruleset:
    """Read one ruleset.

    Raises ``InputError`` with every mistake, also when its identifier is not the file's name, or
    when it uses figures and facts that nobody provides.
    """
    ruleset, marks, _ = read_located(path, Ruleset)
    check = DocumentCheck(str(path), marks)
    if ruleset.id != path.stem:
        check.add(("id",), "the identifier is not the file's name", ruleset.id, path.stem)
    _check_names(check, ruleset)
    raise_all(check.problems)
    return ruleset


def _check_names(check: DocumentCheck, ruleset: Ruleset) -> None:
    """Refuse names of figures and facts that are not known."""
    _check_conditions(check, ("when",), ruleset.when)
    for index, rule in enumerate(ruleset.rules):
        _check_name(check, ("rules", index, "metric"), rule.metric)
        _check_conditions(check, ("rules", index, "when"), rule.when)
    for index, deadline in enumerate(ruleset.deadlines):
        _check_conditions(check, ("deadlines", index, "when"), deadline.when)
    for index, scale in enumerate(ruleset.scales):
        _check_name(check, ("scales", index, "metric"), scale.metric)
    for index, point in enumerate(ruleset.datapoints):
        _check_name(check, ("datapoints", index, "source"), point.source)
    for index, alias in enumerate(ruleset.aliases):
        _check_name(check, ("aliases", index, "source"), alias.source)


def _check_conditions(
    check: DocumentCheck, path: tuple[Step, ...], conditions: Sequence[Condition]
) -> None:
    for index, condition in enumerate(conditions):
        if condition.fact not in FACTS and not condition.fact.startswith(OWN):
            remedy = nearest(condition.fact, FACTS) or f"a fact of your own begins with {OWN}"
            here = (*path, index, "fact")
            check.add(here, "there is no such fact", condition.fact, None, remedy)


def _check_name(check: DocumentCheck, path: tuple[Step, ...], name: str | None) -> None:
    if name is not None and not is_known(name):
        remedy = nearest(name, {**FIGURES, **FACTS}) or "see the page of rulesets for all names"
        check.add(path, "there is no such figure or fact", name, None, remedy)


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
