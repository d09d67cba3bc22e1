"""JSON Schema: what an editor accepts is what the reader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from optimiser.errors import UsageError
from optimiser.library.documents import read_yaml
from optimiser.library.locate import library_path
from optimiser.schema.export import DOCUMENTS, json_schema, write_schemas

SITE: dict[str, Any] = {
    "name": "x",
    "power": {"feeds": [{"name": "A", "rating_kw": "0.5 MW"}]},
    "cooling": {"zones": [{"name": "z", "crah": "crah-60", "crah_count": 2}]},
    "policies": [{"name": "p", "kind": "spread", "domain": "rack"}],
    "equipment": [{"kind": "pump", "name": "p", "head_kpa": 100}],
}


def _errors(document: dict[str, Any], name: str = "site") -> list[str]:
    validator = Draft202012Validator(json_schema(name))
    return [error.json_path for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_schema_is_valid_and_describes_every_field(name: str) -> None:
    """The docstrings of the fields are the descriptions an editor shows."""
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    for definition in [schema, *schema["$defs"].values()]:
        for field, content in definition.get("properties", {}).items():
            assert content.get("description"), f"{definition['title']}.{field}"


def test_field_docstrings_are_the_descriptions() -> None:
    """One truth per fact."""
    zone = json_schema("site")["$defs"]["Zone"]["properties"]
    assert zone["supply_air_c"]["description"] == "Supply air temperature [°C]."


def test_a_correct_document_passes_with_units_in_text() -> None:
    """``0.5 MW`` is as good as 500."""
    assert _errors(SITE) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"nam": "y"}, "$"),
        ({"currency": "euro"}, "$.currency"),
        ({"cooling": {"zones": [{"name": "z", "crah": "c"}]}}, "$.cooling"),
        ({"policies": [{"name": "p", "kind": "spred"}]}, "$.policies[0]"),
        ({"policies": [{"name": "p"}]}, "$.policies[0]"),
        ({"power": {"feeds": [{"name": "A", "rating_kw": "much"}]}}, "$.power"),
    ],
)
def test_mistakes_are_underlined_where_they_are(change: dict[str, Any], path: str) -> None:
    """Unknown keys, bad values, missing fields, unknown and missing kinds."""
    assert _errors({**SITE, **change}) == [path]


def test_every_bundled_card_passes_the_schema_of_cards() -> None:
    """Editors do not complain about our own files."""
    files = sorted(library_path("models", "equipment").glob("*.yaml"))
    assert len(files) >= 10
    for file in files:
        data = json.loads(json.dumps(read_yaml(file)[0]))  # keys of efficiency points become text
        assert _errors(data, "cards") == [], file.name


def test_schemas_are_written_as_files(tmp_path: Path) -> None:
    """One for each document, readable by any tool."""
    paths = write_schemas(tmp_path / "schemas")
    assert [path.name for path in paths] == [
        "site.schema.json", "study.schema.json", "cards.schema.json", "reporting.schema.json",
        "ruleset.schema.json", "factors.schema.json", "embodied.schema.json",
    ]  # fmt: skip
    assert json.loads(paths[1].read_text(encoding="utf-8"))["$id"] == "study.schema.json"


def test_an_unknown_document_is_told_with_the_nearest() -> None:
    """For the command line."""
    with pytest.raises(UsageError, match="did you mean 'study'"):
        json_schema("studies")
