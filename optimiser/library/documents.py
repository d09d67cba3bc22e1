"""Documents from YAML files: validated, with every mistake located and explained at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from optimiser.errors import InputError, Problem
from optimiser.library.files import SourceFile, read_text
from optimiser.library.mistakes import problems_of, switches_for_numbers
from optimiser.library.yaml_source import Marks, parse_yaml, read_yaml

__all__ = ["read_document", "read_located", "read_yaml"]

Model = TypeVar("Model", bound=BaseModel)


def read_document(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into a document.

    Raises ``InputError`` with all mistakes: file, line, field, value, expectation and remedy.
    """
    return read_located(path, model)[0]


def read_located(
    path: Path, model: type[Model], *, bundled: bool = False
) -> tuple[Model, Marks, SourceFile]:
    """Read a YAML file into a document; also return its line marks and the file as read.

    ``bundled`` says that it is a file of the library (:func:`parse_yaml`).
    """
    source = read_text(path)
    data, marks = parse_yaml(source, bundled=bundled)
    return validate(data, model, str(path), marks), marks, source


def validate(data: Any, model: type[Model], file: str, marks: Marks) -> Model:
    """Turn plain data into a document. Raises ``InputError`` with all mistakes."""
    if not isinstance(data, dict):
        raise InputError(_not_a_mapping(data, model, file))
    problems = switches_for_numbers(data, model, file, marks)
    try:
        document = model.model_validate(data)
    except ValidationError as error:
        told = {problem.field for problem in problems}
        found = problems_of(error, model, file, marks, data)
        problems += [problem for problem in found if problem.field not in told]
    if problems:
        raise InputError(sorted(problems, key=lambda problem: problem.line or 0))
    return document


def _not_a_mapping(data: Any, model: type[BaseModel], file: str) -> Problem:
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    example = f"{needed[0] if needed else next(iter(model.model_fields))}: …"
    return Problem(
        what="is empty" if data is None else "is not a mapping of fields to values",
        file=file,
        line=None if data is None else 1,
        value=data,
        expected=f"lines of the form 'field: value', such as '{example}'",
        remedy="copy a bundled site with 'dcopt init' to start from",
    )
