"""``reporting.yaml`` with its tables and register: read, and every mistake told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from optimiser.errors import InputError
from optimiser.library.catalogue import list_sites
from optimiser.library.reporting import read_reporting
from optimiser.workflow.check import check_site

ZONE = "Europe/Berlin"
Change = Callable[[str, str, str], None]


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the bundled demo."""
    source = next(entry.path for entry in list_sites() if entry.name == "demo")
    return Path(shutil.copytree(source, tmp_path / "demo"))


@pytest.fixture
def change(demo: Path) -> Change:
    """Replace text in a file of the copy; the text must be there."""

    def replace(name: str, old: str, new: str) -> None:
        text = (demo / name).read_text(encoding="utf-8")
        assert old in text
        (demo / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def told(folder: Path) -> str:
    """Return the text of all mistakes."""
    with pytest.raises(InputError) as caught:
        read_reporting(folder, ZONE)
    return str(caught.value)


def test_the_bundled_demo_is_in_order(demo: Path) -> None:
    """Document, ledgers, register and meter files."""
    found = read_reporting(demo, ZONE)
    assert found.register is not None and len(found.register.series) == 12
    planned = {"capacity_resources", "capacity_demand"}
    assert set(found.tables) == {"instruments", "assets", "services"} | planned
    assert {"reporting.yaml", "meters.csv", "assets.csv"} <= set(found.files)


def test_every_mistake_of_the_document_is_told_with_its_line(demo: Path, change: Change) -> None:
    """Unknown fields, wrong choices, numbers out of range."""
    change("reporting.yaml", "kind: enterprise", "kind: enterprize")
    change("reporting.yaml", "rated_it_kw: 190.0", "rated_it_kw: -1")
    change("reporting.yaml", "boundary:", "boundry:")
    text = told(demo)
    assert "did you mean 'boundary'?" in text
    assert "facility.kind" in text and "facility.rated_it_kw" in text
    assert "reporting.yaml:4" in text


def test_names_are_checked_against_the_library(demo: Path, change: Change) -> None:
    """Rulesets, factors, cards, zones, periods and files."""
    extra = (
        "rulesets: [EU-2024-1346]\nfactors:\n  residual_mix: de-residul-2025\n"
        "time_zone: Europe/Berln\nsavings:\n  baseline: 20x4\njurisdictions:"
    )
    change("reporting.yaml", "jurisdictions:", extra)
    change("reporting.yaml", "instruments.csv", "instrument.csv")
    change("assets.csv", "rack-steel", "rack-steal")
    text = told(demo)
    for part in (
        "did you mean 'EU-2024-1364'?",
        "did you mean 'de-residual-2025'?",
        "did you mean 'Europe/Berlin'?",
        "did you mean 'instruments.csv'?",
        "assets.csv:5: card: there is no such card of embodied carbon",
        "did you mean 'rack-steel'?",
    ):
        assert part in text, part


def test_ledgers_are_checked_row_by_row(demo: Path, change: Change) -> None:
    """Dates the wrong way round, assets without a figure, services without units."""
    change("instruments.csv", "2025-06-30,2026-02-10", "2024-06-30,2026-02-10")
    change("assets.csv", "server-default,240", ",240")
    change("services-sci.csv", "4200000000", "0")
    text = told(demo)
    assert "instruments.csv:2: vintage_to: is before vintage_from" in text
    assert "assets.csv:2: card: neither a card nor a figure of its own" in text
    assert "services-sci.csv:2: units: is not positive" in text


def test_readings_are_checked_too(demo: Path, change: Change) -> None:
    """A word among numbers, a time that is none."""
    change("readings-2025.csv", "2025-01-09T05:00Z,", "2O25-01-09T05:00Z,")
    change("readings-2025.csv", "2025-03-01T05:00Z,", "2025-03-01T05:00Z,x")
    text = told(demo)
    assert "readings-2025.csv:200: time: is not a time" in text
    assert "grid_a_kwh: is not a number" in text


def test_of_large_files_only_the_columns_are_checked(
    demo: Path, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their values are read with a report."""
    monkeypatch.setattr("optimiser.library.meters.read.READ_WHEN_CHECKED_BYTES", 1000)
    change("readings-2025.csv", "2025-01-09T05:00Z,", "2O25-01-09T05:00Z,")
    assert read_reporting(demo, ZONE).register is not None
    change("meters.csv", "ups_a_kwh", "ups_c_kwh")
    assert "has no such column of values" in told(demo)


def test_meter_files_are_checked_for_their_columns(demo: Path, change: Change) -> None:
    """At the line of the register."""
    change("meters.csv", "ups_a_kwh", "ups_c_kwh")
    text = told(demo)
    assert "meters.csv:4: column: readings-2025.csv has no such column of values" in text
    assert "did you mean 'ups_a_kwh'?" in text or "did you mean 'ups_b_kwh'?" in text


def test_check_tells_mistakes_of_site_and_reporting_together(demo: Path, change: Change) -> None:
    """One run of ``dcopt check`` is enough."""
    change("site.yaml", "currency: EUR", "currency: Euro")
    change("reporting.yaml", "country: DE", "country: Germany")
    with pytest.raises(InputError) as caught:
        check_site(demo)
    assert "currency" in str(caught.value) and "facility.country" in str(caught.value)


def test_check_counts_meters_and_lists_what_was_read(demo: Path) -> None:
    """The answer shows that reporting was looked at."""
    result = check_site(demo)
    assert result.counts["meter series"] == 12
    assert {"reporting.yaml", "meters.csv"} <= set(result.files)
