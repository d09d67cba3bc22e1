"""Words that claim more than numbers can show; they appear in no output.

The one exception is the sentence that the law on the label itself demands, which denies the claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from optimiser.errors import InputError, Problem
from optimiser.report.disclosure.table import Disclosure

INDICATIVE = "indicative class, not an EU label"
"""What stands beside every class of the draft act."""
_CLAIMS = re.compile(
    r"certified|compliant|(?:carbon|climate|co2|co₂)[\s\-‐-―_]*neutral(?!\s+data\s+cent)|\beu[\s\-‐-―_]*label",
    re.IGNORECASE,
)


def claims_in(text: str) -> list[str]:
    """Return the words of a text that claim too much."""
    return [found[0] for found in _CLAIMS.finditer(text.replace(INDICATIVE, ""))]


def refuse_claims(disclosure: Disclosure) -> None:
    """Raise ``InputError`` naming every text of the data that claims too much."""
    problems = [
        Problem(
            what=f"the report can not claim {word!r}",
            field=where,
            value=text,
            expected="what was measured or computed, without a claim about it",
            remedy="say which rule is met on which data, or leave the words out",
        )
        for where, text in _texts(disclosure)
        for word in claims_in(text)[:1]
    ]
    if problems:
        raise InputError(problems)


def _texts(disclosure: Disclosure) -> Iterator[tuple[str, str]]:
    yield "site.name", disclosure.site
    yield "reporting.boundary", disclosure.boundary
    for name, fact in (
        *disclosure.facts.items(),
        *disclosure.methods.items(),
        *disclosure.edition.items(),
    ):
        if isinstance(fact, str):
            yield name, fact
    for output in disclosure.outputs:
        yield from ((output.name, finding.text) for finding in output.findings)
        yield output.name, output.not_applicable or ""
        for table in output.tables:
            yield from ((table.name, text) for text in (table.title, *table.notes))
            for row in table.rows:
                yield from ((table.name, cell) for cell in row if isinstance(cell, str))
