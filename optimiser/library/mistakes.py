"""Pydantic's errors told as problems: line, field in words, what was expected, how to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from optimiser.errors import Problem, did_you_mean
from optimiser.library.words import (
    choices_of,
    describe,
    documents,
    expected_of,
    members,
    tag_of,
    walk_fields,
)
from optimiser.library.yaml_source import Marks, Step
from optimiser.schema.descriptions import descriptions
from optimiser.units import to_unit, unit_of_field

Path = tuple[Step, ...]
_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_MISSING = "required field is missing"


@dataclass(frozen=True)
class Spot:
    """Where an error points: its path without pydantic's internal steps, and what is there.

    ``owner`` is the document whose field it is, ``field`` that field, ``annotation`` the type at
    the very spot (an item of a list has no field of its own).
    """

    path: Path
    owner: type[BaseModel] | None
    field: FieldInfo | None
    annotation: Any


def name_of(path: Sequence[Step]) -> str:
    """Return a path as a person reads it, such as ``cooling.zones[1].crah_count``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def locate_spot(model: type[BaseModel], location: Sequence[Step], kind: str = "") -> Spot:
    """Follow an error's location through the document types, leaving internal steps out.

    Unions put the tag of the chosen document, or the name of the tried type, into the location.
    """
    path: list[Step] = []
    owner: type[BaseModel] | None = None
    field: FieldInfo | None = None
    here: Any = model
    for index, step in enumerate(location):
        last = index == len(location) - 1
        found = _step(here, step)
        if found is not None:
            owner, field, here, visible = found
            path += [step] if visible else []
        elif last and kind in ("extra_forbidden", "missing"):
            path.append(step)
            owner, field = next(iter(documents(here)), None), None
    return Spot(tuple(path), owner, field, here)


def _step(
    here: Any, step: Step
) -> tuple[type[BaseModel] | None, FieldInfo | None, Any, bool] | None:
    options = members(here)
    below = documents(here)
    if len(below) > 1:
        chosen = [one for one in below if tag_of(one) == step]
        return (None, None, chosen[0], False) if chosen else None
    if below and isinstance(step, str) and step in below[0].model_fields:
        field = below[0].model_fields[step]
        return below[0], field, field.annotation, True
    for option in options:
        arguments = get_args(option)
        if isinstance(step, int) and get_origin(option) in (list, tuple):
            return None, None, arguments[0], True
        if get_origin(option) is dict and step != "[key]":
            return None, None, arguments[1], True
    return None


def problems_of(
    error: ValidationError, model: type[BaseModel], file: str, marks: Marks, data: Any = None
) -> list[Problem]:
    """Return one problem per wrong field of a document, in the order of the file.

    ``data`` is the document as written, from which values are shown as they stand there.
    """
    found: dict[tuple[Path, str], Problem] = {}
    misspelt = set()
    for entry in error.errors(include_url=False):
        spot = locate_spot(model, entry["loc"], entry["type"])
        teller = _TELLERS.get(entry["type"], _tell_value)
        if entry["type"] == "string_type" and any(path == spot.path for path, _ in found):
            continue  # a wrong number where a number or text may stand
        problem = teller(_Told(entry, spot, model, file, marks, written_at(data, spot.path)))
        # the alternatives of "number or text" each report the same spot
        found.setdefault((spot.path, problem.what), problem)
        if entry["type"] == "extra_forbidden" and problem.remedy:
            misspelt.add((*spot.path[:-1], problem.remedy))
    missing = [path for path, what in found if what == _MISSING and path]
    for path in missing:  # the misspelt field says it already
        if (*path[:-1], f"did you mean '{path[-1]}'?") in misspelt:
            del found[path, _MISSING]
    return sorted(found.values(), key=lambda problem: problem.line or 0)


@dataclass(frozen=True)
class _Told:
    """One pydantic error with all that is needed to tell it."""

    entry: Any
    spot: Spot
    model: type[BaseModel]
    file: str
    marks: Marks
    written: Any = None

    def problem(self, what: str, path: Path | None = None, **more: Any) -> Problem:
        """Return a problem at a place of the document, with its line and field."""
        path = self.spot.path if path is None else path
        name = name_of(path) or None
        return Problem(what=what, file=self.file, line=self.marks.line(path), field=name, **more)


def _tell_unknown(told: _Told) -> Problem:
    name = str(told.spot.path[-1])
    known = list(told.spot.owner.model_fields) if told.spot.owner else []
    remedy = did_you_mean(name, known) or _elsewhere(told.spot.path, told.model)
    if remedy is None:
        remedy = "remove it; the fields here are " + ", ".join(known)
    return told.problem("unknown field", remedy=remedy)


def _elsewhere(path: Path, model: type[BaseModel]) -> str | None:
    """Say where in the document, or in which kind, a field of this very name would belong."""
    here = name_of([step for step in path if isinstance(step, str)])
    for place, found, owner in walk_fields(model):
        if found == path[-1]:
            same = place.replace("[]", "") == here
            return f"it is a field of kind {tag_of(owner)}" if same else f"it belongs at {place}"
    return None


def _tell_missing(told: _Told) -> Problem:
    name = str(told.spot.path[-1])
    field = told.spot.field
    if isinstance(told.spot.path[-1], int):
        whole = told.spot.path[:-1]
        return told.problem("has too few entries", whole, value=told.entry["input"])
    owner = told.spot.owner
    about = " ".join(descriptions(owner).get(name, "").split()) if owner else ""
    return told.problem(
        _MISSING,
        expected=expected_of(name, field) if field else None,
        remedy=f"add '{name}: …'" + (f" ({about.rstrip('.')})" if about else ""),
    )


def _tell_wrong_tag(told: _Told) -> Problem:
    tags = [tag for one in documents(told.spot.annotation) if (tag := tag_of(one))]
    tag = told.entry["ctx"].get("tag")
    path = (*told.spot.path, "kind")
    expected = "one of " + ", ".join(tags)
    if tag is None:
        return told.problem(_MISSING, path, expected=expected, remedy="add 'kind: …'")
    remedy = did_you_mean(str(tag), tags)
    return told.problem("unknown kind", path, value=tag, expected=expected, remedy=remedy)


def _tell_choice(told: _Told) -> Problem:
    choices = choices_of(told.spot.annotation)
    value = told.entry["input"]
    remedy = did_you_mean(str(value), choices)
    expected = "one of " + ", ".join(choices) if len(choices) > 1 else choices[0]
    return told.problem("is not one of the choices", value=value, expected=expected, remedy=remedy)


def _tell_rule(told: _Told) -> Problem:
    """Tell a rule of ours; its sentence is in the message."""
    text = told.entry["msg"].removeprefix("Value error, ")
    return told.problem(text)


_WHAT = {
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than": "is too large",
    "less_than_equal": "is too large",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "finite_number": "is not a finite number",
    "string_too_short": "is empty",
    "string_pattern_mismatch": "has a form that is not allowed",
    "int_from_float": "is not a whole number",
}


def _tell_value(told: _Told) -> Problem:
    value = told.entry["input"]
    what = "needs a value" if value is None else _WHAT.get(told.entry["type"], _wrong_type(told))
    if datetime in members(told.spot.annotation) and isinstance(value, str):
        what = "is not a date and time"
    if isinstance(value, float) and isinstance(told.written, str):  # it had a unit
        value = f"{told.written}, which is {value:.4g}"
    return told.problem(what, value=value, expected=_expected(told.spot), remedy=_hint(told))


def _wrong_type(told: _Told) -> str:
    kinds = [word for word in ("number", "text") if word in describe(told.spot.annotation)]
    wanted = " or ".join(kinds)
    if documents(told.spot.annotation) or get_origin(told.spot.annotation) is dict:
        return "is not a mapping"
    if any(get_origin(one) in (list, tuple) for one in members(told.spot.annotation)):
        return "is not a list"
    return f"is not {'a ' if wanted.startswith('number') else ''}{wanted}" if wanted else "is wrong"


def _expected(spot: Spot) -> str:
    if spot.field is not None and isinstance(spot.path[-1], str):
        return expected_of(spot.path[-1], spot.field)
    return describe(spot.annotation)


def _hint(told: _Told) -> str | None:
    value = told.entry["input"]
    kinds = members(told.spot.annotation)
    if isinstance(value, int | float | bool | date) and str in kinds and float not in kinds:
        return f'write it in quotes: "{value}"'
    if datetime in kinds and isinstance(value, str):
        return _moment(value)
    name = told.spot.path[-1] if told.spot.path else None
    unit = unit_of_field(name) if isinstance(name, str) else None
    if unit == "fraction" and isinstance(value, int | float) and 1 < value <= 100:
        return f"if this is a percentage, write {value / 100:g}"
    if isinstance(value, str) and _COMMA.fullmatch(value) and {int, float} & set(kinds):
        return f"write {value.strip().replace(',', '.')}"
    if unit is None or not isinstance(value, str):
        return None
    try:
        to_unit(value, unit)
    except ValueError as error:
        return str(error)
    return None


def _moment(text: str) -> str | None:
    """Return how a date in another order is written, where only one reading makes sense."""
    for form in ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M"):
        try:
            return f"write {datetime.strptime(text, form):%Y-%m-%dT%H:%M}"
        except ValueError:
            continue
    return None


def written_at(data: Any, path: Path) -> Any:
    """Return what stands at a path of plain data, ``None`` when there is nothing."""
    try:
        for step in path:
            data = data[step]
    except (KeyError, IndexError, TypeError):
        return None
    return data


_TELLERS: dict[str, Callable[[_Told], Problem]] = {
    "extra_forbidden": _tell_unknown,
    "missing": _tell_missing,
    "union_tag_invalid": _tell_wrong_tag,
    "union_tag_not_found": _tell_wrong_tag,
    "literal_error": _tell_choice,
    "value_error": _tell_rule,
}


def switches_for_numbers(
    data: Any, model: type[BaseModel], file: str, marks: Marks
) -> list[Problem]:
    """Return a problem for each true/false where a number belongs (pydantic would read 1 or 0)."""
    problems = []
    for location in _switches(data, ()):
        spot = locate_spot(model, _with_tags(data, location, model))
        kinds = members(spot.annotation)
        if spot.path == location and bool not in kinds and (int in kinds or float in kinds):
            told = _Told({}, spot, model, file, marks)
            words = _expected(spot)
            problems.append(
                told.problem("is true or false, not a number", value=True, expected=words)
            )
    return problems


def _switches(data: Any, path: Path) -> list[Path]:
    if isinstance(data, bool):
        return [path]
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in _switches(value, (*path, key))]
    if isinstance(data, list):
        items = enumerate(data)
        return [found for index, value in items for found in _switches(value, (*path, index))]
    return []


def _with_tags(data: Any, path: Path, model: type[BaseModel]) -> list[Step]:
    """Return a path with the tags that pydantic would put into it."""
    location: list[Step] = []
    here: Any = model
    for step in path:
        if len(documents(here)) > 1 and isinstance(data, dict):
            tag = str(data.get("kind"))
            found = _step(here, tag)
            location.append(tag)
            here = found[2] if found else None
        location.append(step)
        found = _step(here, step)
        here = found[2] if found else None
        data = data[step]
    return location
