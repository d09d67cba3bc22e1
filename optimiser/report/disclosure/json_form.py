"""The disclosure as canonical JSON: sorted keys, one schema, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from optimiser.report.disclosure.table import Disclosure, Output, Table

SCHEMA = "dcopt.disclosure/1"


def to_json(disclosure: Disclosure) -> bytes:
    """Return the disclosure as UTF-8 JSON with sorted keys and a final newline."""
    text = json.dumps(
        document(disclosure), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )
    return (text + "\n").encode()


def digest_of(disclosure: Disclosure) -> str:
    """Return the SHA-256 of the canonical JSON: the digest that every page carries."""
    return hashlib.sha256(to_json(disclosure)).hexdigest()


def document(disclosure: Disclosure) -> dict[str, Any]:
    """Return the disclosure as plain JSON types."""
    return {
        "schema": SCHEMA,
        "site": disclosure.site,
        "period": disclosure.period,
        "boundary": disclosure.boundary,
        "facts": dict(disclosure.facts),
        "edition": dict(disclosure.edition),
        "methods": dict(disclosure.methods),
        "order": [output.name for output in disclosure.outputs],
        "outputs": {output.name: _output(output) for output in disclosure.outputs},
    }


def _output(output: Output) -> dict[str, Any]:
    return {
        "title": output.title,
        "framework": output.framework,
        "not_applicable": output.not_applicable,
        "findings": [
            {"gate": f.gate, "level": f.level.value, "text": f.text} for f in output.findings
        ],
        "tables": [_table(table) for table in output.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": table.title,
        "section": table.section,
        "watermark": table.watermark,
        "notes": list(table.notes),
        "columns": [
            {
                "name": column.name,
                "title": column.title,
                "kind": column.kind.value,
                "unit": column.unit,
                "is_key": column.is_key,
                "is_provenance": column.is_provenance,
            }
            for column in table.columns
        ],
        "rows": [list(row) for row in table.rows],
    }
