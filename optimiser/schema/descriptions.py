"""What fields mean: the docstring below each field, read from the source when somebody asks.

pydantic can attach them while a class is made; for all documents together that takes longer than
reading a site, and most calls show none of them.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the description of each field of a document that has one, inherited ones too."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _module_docstrings(base.__module__).get(base.__name__, {})
    return found


def described_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a document with the description of every field in it."""
    schema = model.model_json_schema()
    parts = {part.__name__: part for part in _documents(model, {})}
    for name, definition in {model.__name__: schema, **schema.get("$defs", {})}.items():
        if name in parts and "properties" in definition:
            _describe(definition["properties"], descriptions(parts[name]))
    return schema


def _describe(properties: dict[str, dict[str, Any]], told: dict[str, str]) -> None:
    for field, content in properties.items():
        if field in told:
            properties[field] = dict(sorted({**content, "description": told[field]}.items()))


def _documents(annotation: Any, found: dict[type[BaseModel], None]) -> dict[type[BaseModel], None]:
    """Return the documents that a type is made of, itself among them, in order."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in found:
            found[annotation] = None
            for field in annotation.model_fields.values():
                _documents(field.annotation, found)
        return found
    for inner in get_args(annotation):
        _documents(inner, found)
    return found


@lru_cache(maxsize=64)
def _module_docstrings(module: str) -> dict[str, dict[str, str]]:
    """Return class -> field -> docstring of a module; nothing when it has no source."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return {}
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return {node.name: _class_docstrings(node) for node in classes}


def _class_docstrings(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for field, text in zip(node.body, node.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[field.target.id] = inspect.cleandoc(str(text.value.value))
    return found
