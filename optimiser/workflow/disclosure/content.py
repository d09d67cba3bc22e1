"""One digest over what the inputs say, whatever order their rows stand in.

The SHA-256 of each file stands in the manifest. This digest is of the content instead: the same
figures from the same facts have the same digest, also when rows of a file change places or values
of another year are added to it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from optimiser.store.canonical import canonical_json
from optimiser.workflow.disclosure.material import Material, Source

DECIMALS = 6
"""Decimals of series in the digest, below which the order of a sum might show."""
_PLACES = ("line", "file")


def content_digest(material: Material) -> str:
    """Return the SHA-256 of documents, ledgers, series, rulesets and factors of a report."""
    digest = hashlib.sha256(canonical_json(_documents(material)))
    for name, frame in sorted(material.tables.items()):
        digest.update(name.encode() + _rows(frame))
    sources = (*material.sources, *((material.baseline,) if material.baseline else ()))
    for source in sources:
        _add_series(digest, source)
    return digest.hexdigest()


def _documents(material: Material) -> dict[str, Any]:
    period = material.period
    rules = (*material.rulesets, *material.previews)
    return {
        "site": material.site,
        "reporting": material.reporting.model_dump(mode="json"),
        "period": [period.label, period.zone, period.start.isoformat(), period.end.isoformat()],
        "rulesets": {one.id: one.model_dump(mode="json") for one in rules},
        "factors": {
            use: [one.id, one.value.value, one.value.unit, one.told]
            for use, one in material.factors.items()
        },
        "plan": material.run.manifest.files if material.run else None,
    }


def _rows(frame: pd.DataFrame) -> bytes:
    """Return a table as text with its rows in one order."""
    text = frame.reset_index(drop=True).to_csv(index=False, lineterminator="\n")
    head, *lines = text.splitlines()
    return "\n".join([head, *sorted(lines)]).encode()


def _add_series(digest: Any, source: Source) -> None:
    data = source.components.data
    names = data.facts["series"].to_numpy(dtype=str)
    facts = data.facts.drop(columns=[name for name in _PLACES if name in data.facts])
    digest.update(f"{source.section} {source.period.label}".encode() + _rows(facts))
    for row in np.argsort(names, kind="stable"):
        digest.update(names[row].encode())
        digest.update(np.round(data.value[row], DECIMALS).tobytes())
        digest.update(np.round(data.coverage[row], DECIMALS).tobytes())
        digest.update(data.code[row].tobytes())
