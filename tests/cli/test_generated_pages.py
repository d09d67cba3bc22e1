"""The generated documentation is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.cli.pages import generated_pages

DOCS = Path(__file__).parents[2] / "docs"
PAGES = generated_pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """The page in the repository is the one the code gives now; else run ``make docs``."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name], "run make docs"


def test_every_field_has_a_meaning() -> None:
    """No row of a field table lacks its description, tags of unions aside."""
    rows = [row for text in PAGES.values() for row in text.splitlines() if row.startswith("| `")]
    empty = [row for row in rows if row.endswith("|  |") and not row.startswith("| `kind`")]
    assert empty == []


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_links_between_pages_hold(path: Path) -> None:
    """Each relative link of a page leads to a file that is there."""
    import re

    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []
