"""JSON Schema of the documents, so that editors complete and check the YAML.

Put ``# yaml-language-server: $schema=site.schema.json`` on the first line of ``site.yaml``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from optimiser.errors import UsageError, did_you_mean
from optimiser.schema.descriptions import described_schema
from optimiser.schema.embodied import EmbodiedFile
from optimiser.schema.equipment import CardFile
from optimiser.schema.factor import FactorFile
from optimiser.schema.reporting import Reporting
from optimiser.schema.ruleset import Ruleset
from optimiser.schema.site import Site
from optimiser.schema.study import Study
from optimiser.units import unit_of_field

DOCUMENTS: dict[str, type[BaseModel]] = {
    "site": Site,
    "study": Study,
    "cards": CardFile,
    "reporting": Reporting,
    "ruleset": Ruleset,
    "factors": FactorFile,
    "embodied": EmbodiedFile,
}
_TEXT_WITH_UNIT = {"type": "string", "pattern": r"^\s*[+-]?\d.*\S\s*$"}


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a document in ``DOCUMENTS``.

    Field descriptions are the docstrings of the fields. Numbers whose name ends with a unit also
    accept text such as ``"0.02 MW"``; cards and policies need their ``kind``. Raises
    ``UsageError`` for another name.
    """
    if name not in DOCUMENTS:
        remedy = did_you_mean(name, DOCUMENTS) or "the documents are " + ", ".join(DOCUMENTS)
        raise UsageError(f"there is no document {name!r}", remedy)
    schema = described_schema(DOCUMENTS[name])
    for definition in [schema, *schema.get("$defs", {}).values()]:
        _mend(definition)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{name}.schema.json"}
    return {**head, **schema}


def _mend(definition: dict[str, Any]) -> None:
    """Make a definition say what the reader accepts, which pydantic cannot know."""
    properties = definition.get("properties", {})
    for field_name, field in properties.items():
        field.pop("title", None)
        if "description" in field:
            field["description"] = " ".join(field["description"].split())
        if unit_of_field(field_name) is not None:
            properties[field_name] = _accept_text(field)
    if "const" in properties.get("kind", {}):  # a member of a union told apart by its kind
        required = definition.setdefault("required", [])
        definition["required"] = sorted({*required, "kind"})
        properties["kind"]["description"] = definition.get("description", "")


def _accept_text(field: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {key: field[key] for key in ("description", "default") if key in field}
    rest = {key: value for key, value in field.items() if key not in about}
    options = rest.get("anyOf", [rest])
    if not any(option.get("type") in ("number", "integer") for option in options):
        return field
    return {**about, "anyOf": [*options, dict(_TEXT_WITH_UNIT)]}


def write_schemas(folder: Path) -> list[Path]:
    """Write ``NAME.schema.json`` of every document to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in DOCUMENTS:
        path = folder / f"{name}.schema.json"
        text = json.dumps(json_schema(name), indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        paths.append(path)
    return paths
