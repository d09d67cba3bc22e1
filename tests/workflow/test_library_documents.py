"""Rulesets, factors and embodied carbon are shown as cards are."""

import pytest

from optimiser.errors import UsageError
from optimiser.workflow.library import library_entries, library_entry, library_kinds


def test_documents_are_counted_and_listed():
    """Each kind with its main fields; drafts are marked."""
    counts = {row["kind"]: row["entries"] for row in library_kinds()}
    for kind in ("rulesets", "factors", "embodied"):
        entries = library_entries(kind)
        assert len(entries) == counts[kind] > 0
    status = {row["name"]: row["status"] for row in library_entries("ruleset")}
    assert status["DE-EnEfG-2023"] == "in_force"
    assert status["DE-EnEfG-draft-2026-04"] == "draft"


def test_one_document_is_shown_in_full():
    """With its source; an unknown name gets the nearest."""
    shown = library_entry("factors", "de-residual-2025")
    assert (shown["value"], shown["publisher"]) == (0.70147, "Association of Issuing Bodies")
    assert shown["valid_from"] == "2025-01-01"
    assert library_entry("embodied", "server-default")["mid_kgco2e"] == 1215
    with pytest.raises(UsageError, match="did you mean 'de-residual-2025'"):
        library_entry("factors", "de-residual-2026")
