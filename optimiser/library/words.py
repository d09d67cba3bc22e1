"""Field types in plain words, and the fields below a document's type."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from optimiser.schema.equipment import NAME_PATTERN
from optimiser.units import SYMBOLS, unit_of_field

_NAMES = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
    datetime: "a date and time such as 2026-01-31T00:00",
    date: "a date such as 2026-01-31",
}
_PATTERNS = {
    r"^[A-Z]{3}$": "three capital letters such as EUR",
    r"^[a-z][a-z0-9_]*$": "small letters, digits and _, starting with a letter",
    NAME_PATTERN: "a name of letters, digits and . _ / + - that starts with a letter or digit",
}


def members(annotation: Any) -> list[Any]:
    """Return the alternatives of a type: those of a union, else the type itself; no ``None``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [one for part in get_args(annotation) for one in members(part)]
    return [] if annotation is type(None) else [annotation]


def documents(annotation: Any) -> list[type[BaseModel]]:
    """Return the document types among the alternatives of a type."""
    return [one for one in members(annotation) if _is_document(one)]


def _is_document(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def tag_of(model: type[BaseModel]) -> str | None:
    """Return the value of the ``kind`` field by which a union tells its documents apart."""
    field = model.model_fields.get("kind")
    choices = [] if field is None else choices_of(field.annotation)
    return choices[0] if len(choices) == 1 else None


def choices_of(annotation: Any) -> list[str]:
    """Return the allowed words of a ``Literal`` type."""
    literals = [one for one in members(annotation) if get_origin(one) is Literal]
    return [str(word) for one in literals for word in get_args(one)]


def expected_of(name: str, field: FieldInfo) -> str:
    """Say in words what a field takes: its type, its limits and its unit."""
    words = describe(field.annotation, field.metadata)
    unit = unit_of_field(name)
    if unit is None or float not in members(field.annotation):
        return words
    shown = "fraction" if unit == "fraction" else SYMBOLS.get(unit, unit)
    return f"{words} [{shown}], or text with a unit such as '{_example(unit)}'"


def _example(unit: str) -> str:
    known = {"kw": "0.02 MW", "w": "0.5 kW", "fraction": "25 %", "c": "77 °F", "k": "6 K"}
    return known.get(unit, f"5 {SYMBOLS.get(unit, unit)}")


def describe(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """Say in words what values a type takes, such as ``a whole number, at least 1``."""
    if get_origin(annotation) is Annotated:
        inner, *extra = get_args(annotation)
        flat = [part for one in extra for part in getattr(one, "metadata", [one])]
        return describe(inner, [*flat, *metadata])
    if len(documents(annotation)) > 1:
        tags = [tag for one in documents(annotation) if (tag := tag_of(one))]
        return "a mapping whose kind is one of " + ", ".join(tags)
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return " or ".join(dict.fromkeys(describe(part, metadata) for part in parts))
    return _plain(annotation, metadata)


def _plain(kind: Any, limits: Sequence[Any]) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(str(word) for word in arguments)
    if origin is list:
        return f"a list{_length(limits)}, each {describe(arguments[0])}"
    if origin is dict:
        return f"a mapping of names to {describe(arguments[1])}"
    if origin is tuple:
        return f"a list of {len(arguments)} numbers"
    if _is_document(kind):
        names = list(kind.model_fields)
        return "a mapping with " + ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    pattern = next((one.pattern for one in limits if getattr(one, "pattern", None)), None)
    if pattern:
        return _PATTERNS.get(pattern, f"text of the form {pattern}")
    words = _NAMES.get(kind, getattr(kind, "__name__", str(kind)))
    return ", ".join(filter(None, (words, _range(limits)))).replace("number, from", "number from")


def _range(limits: Sequence[Any]) -> str:
    low = next((one.ge for one in limits if isinstance(one, Ge)), None)
    high = next((one.le for one in limits if isinstance(one, Le)), None)
    below = next((one.lt for one in limits if isinstance(one, Lt)), None)
    if low is not None and high is None and below is not None:
        return f"from {low:.12g} to below {below:.12g}"
    words = [f"above {one.gt:.12g}" for one in limits if isinstance(one, Gt)]
    words += [f"below {one.lt:.12g}" for one in limits if isinstance(one, Lt)]
    if low is not None and high is not None:
        return f"from {low:.12g} to {high:.12g}"
    words += [f"at least {low:.12g}"] if low is not None else []
    words += [f"at most {high:.12g}"] if high is not None else []
    words += ["not empty"] if any(isinstance(one, MinLen) for one in limits) else []
    return ", ".join(words)


def _length(limits: Sequence[Any]) -> str:
    low = next((one.min_length for one in limits if isinstance(one, MinLen)), None)
    high = next((one.max_length for one in limits if isinstance(one, MaxLen)), None)
    if low == high:
        return f" of {low} entries" if low else ""
    return f" of at least {low} entries" if low else f" of at most {high} entries"


def walk_fields(
    model: type[BaseModel], prefix: str = "", seen: tuple[type, ...] = ()
) -> Iterator[tuple[str, str, type[BaseModel]]]:
    """Yield path, name and owner of every field of a document and of the documents below it."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        yield path, name, model
        mark, inner = _inner(field.annotation)
        for below in documents(inner):
            if below not in seen:
                yield from walk_fields(below, f"{path}{mark}.", (*seen, model))


def _inner(annotation: Any) -> tuple[str, Any]:
    for one in members(annotation):
        if get_origin(one) is list:
            return "[]", get_args(one)[0]
    return "", annotation
