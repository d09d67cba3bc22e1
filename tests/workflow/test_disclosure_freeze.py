"""Drafts, frozen versions, corrections and verification of a report."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from workflow.reference_material import YEAR, make_material

from optimiser.errors import CheckFailedError, MissingError, UsageError
from optimiser.report.disclosure.words import claims_in
from optimiser.workflow.disclosure import report, verify
from optimiser.workflow.disclosure.material import Settings
from optimiser.workflow.disclosure.report import Order, report_period
from optimiser.workflow.disclosure.verify import verify_snapshot

SETTINGS = Settings("2026")
LATER = date(2027, 1, 6)
FROZEN = Order(is_frozen=True, today=LATER)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site whose material is the reference data centre; ``site.amounts`` can be changed."""

    place = SimpleNamespace(
        folder=tmp_path / "site", amounts=dict(YEAR), files=make_material().files
    )
    place.folder.mkdir()

    def gathered(_, settings):
        made = make_material(place.amounts, settings=settings)
        return replace(made, files=place.files)

    for module in (report, verify):
        monkeypatch.setattr(module, "gather", gathered)
    return place


def _bytes(folder) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_two_runs_differ_in_run_json_only(site):
    """Every file of two drafts is equal byte by byte but the one that knows the clock."""
    first = _bytes(report_period(site.folder, SETTINGS, Order(call="one")).snapshot.folder)
    second = _bytes(report_period(site.folder, SETTINGS, Order(call="two")).snapshot.folder)
    assert {name for name in first if first[name] != second[name]} == {"run.json"}
    assert {"disclosure.json", "datapoints.csv", "disclosure.html", "disclosure.xlsx",
            "assurance.zip", "manifest.json", "csv/water_measured.csv"} <= set(first)  # fmt: skip


def test_a_period_is_frozen_after_settlement_only(site):
    """Late values are awaited for five days; nothing is written before."""
    with pytest.raises(CheckFailedError, match="settled on 2027-01-06"):
        report_period(site.folder, SETTINGS, Order(is_frozen=True, today=date(2027, 1, 5)))
    assert not list(site.folder.rglob("v1"))
    made = report_period(site.folder, SETTINGS, FROZEN)
    assert made.snapshot.folder == site.folder / "reports/2026/v1"
    early = Order(is_frozen=True, today=date(2026, 12, 31), settlement_days=0)
    with pytest.raises(CheckFailedError):
        report_period(site.folder, SETTINGS, early)


def test_freezing_the_same_figures_again_changes_nothing(site):
    """The version that says the same is returned."""
    first = report_period(site.folder, SETTINGS, FROZEN)
    again = report_period(site.folder, SETTINGS, FROZEN)
    assert (again.is_new, again.snapshot.folder) == (False, first.snapshot.folder)


def test_a_correction_needs_a_reason_and_tells_every_difference(site):
    """Version 2 names what it supersedes and has a row for each changed cell; v1 stays."""
    first = report_period(site.folder, SETTINGS, FROZEN)
    before = _bytes(first.snapshot.folder)
    site.amounts = {**YEAR, "e_grid": YEAR["e_grid"] + 4_000_000}
    with pytest.raises(UsageError, match="--reason"):
        report_period(site.folder, SETTINGS, FROZEN)
    made = report_period(site.folder, SETTINGS, replace(FROZEN, reason="meter was swapped"))
    assert made.snapshot.version == 2
    assert made.snapshot.manifest["supersedes"] == {"version": 1, "digest": first.snapshot.digest}
    table = made.disclosure.output("change_log").tables[0]
    rows = [dict(zip([c.name for c in table.columns], r, strict=True)) for r in table.rows]
    grid = next(r for r in rows if r["row"] == "source / e_grid" and r["column"] == "value")
    assert (grid["before"], grid["difference"]) == ("44992800.0", 4_000_000.0)
    assert any("PUE" in f.text for f in made.disclosure.output("change_log").findings)
    assert _bytes(first.snapshot.folder) == before
    assert verify_snapshot(made.snapshot.folder).holds


def test_verify_compares_every_file(site):
    """A frozen version comes out byte by byte; only what the browser printed is hashed instead."""
    made = report_period(site.folder, SETTINGS, FROZEN)
    found = verify_snapshot(made.snapshot.folder)
    assert found.holds and found.is_same_code
    assert {"disclosure.json", "disclosure.xlsx", "disclosure.html"} <= set(found.same)
    assert found.digest == made.snapshot.digest


def test_verify_tells_touched_files_inputs_and_figures_apart(site):
    """A forged file, an input that changed and a figure that comes out otherwise are named."""
    folder = report_period(site.folder, SETTINGS, FROZEN).snapshot.folder
    forged = folder / "disclosure.html"
    forged.chmod(0o644)
    before = forged.read_bytes()
    forged.write_bytes(before.replace(b"1.32", b"1.12"))
    assert verify_snapshot(folder).touched == ("disclosure.html",)
    forged.write_bytes(before)
    site.files = {**site.files, "meters.csv": "c" * 64}
    harmless = verify_snapshot(folder)
    assert harmless.inputs == ("meters.csv",) and harmless.holds
    site.amounts = {**YEAR, "e_grid": YEAR["e_grid"] + 1}
    found = verify_snapshot(folder)
    assert found.inputs == ("meters.csv",)
    assert "disclosure.json" in found.differing and not found.holds


def test_a_snapshot_with_a_forged_manifest_is_found_out(site):
    """Whoever changes a file and its hash still fails the comparison with the data."""
    folder = report_period(site.folder, SETTINGS, FROZEN).snapshot.folder
    import hashlib

    data = (folder / "datapoints.csv").read_bytes().replace(b"1.32", b"1.12")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["outputs"]["datapoints.csv"] = hashlib.sha256(data).hexdigest()
    for name, content in (
        ("datapoints.csv", data),
        ("manifest.json", json.dumps(manifest).encode()),
    ):
        (folder / name).chmod(0o644)
        (folder / name).write_bytes(content)
    found = verify_snapshot(folder)
    assert found.touched == () and found.differing == ("datapoints.csv",)


def test_a_moved_snapshot_needs_its_site(site, tmp_path):
    """Away from its site, the site has to be named."""
    import shutil

    folder = report_period(site.folder, SETTINGS, FROZEN).snapshot.folder
    moved = shutil.copytree(folder, tmp_path / "elsewhere/v1")
    with pytest.raises(Exception, match="--site"):
        verify_snapshot(moved)
    assert verify_snapshot(moved, site.folder).holds


def test_the_pack_holds_everything_and_its_hashes_are_right(site):
    """One zip with outputs, sources, boundary, sign-off and a manifest of all of them."""
    import hashlib

    folder = report_period(site.folder, SETTINGS, FROZEN).snapshot.folder
    with zipfile.ZipFile(io.BytesIO((folder / "assurance.zip").read_bytes())) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(held.pop("manifest.json"))
    assert manifest["files"] == {n: hashlib.sha256(d).hexdigest() for n, d in held.items()}
    assert {"boundary.html", "sign-off.html", "sources/meters.csv", "sources/reporting.yaml",
            "disclosure.json", "csv/data_quality_measured.csv"} <= set(held)  # fmt: skip
    assert b"44,992,800 kWh" in held["boundary.html"]


def test_the_digest_is_in_every_page(site):
    """The SHA-256 of the canonical JSON stands in page, workbook and pack."""
    import hashlib

    folder = report_period(site.folder, SETTINGS, FROZEN).snapshot.folder
    digest = hashlib.sha256((folder / "disclosure.json").read_bytes()).hexdigest()
    page = (folder / "disclosure.html").read_text()
    assert page.count(digest) == 2 and f'content: "sha256 {digest}"' in page
    with zipfile.ZipFile(io.BytesIO((folder / "disclosure.xlsx").read_bytes())) as book:
        sheets = [book.read(n).decode() for n in book.namelist() if "worksheets/sheet" in n]
    assert all(digest in sheet for sheet in sheets)


def test_no_output_claims_too_much(site):
    """The words that claim more than numbers show are in no file of a report."""
    folder = report_period(site.folder, SETTINGS, FROZEN).snapshot.folder
    for name, data in _bytes(folder).items():
        texts = [data]
        if name.endswith((".zip", ".xlsx")):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                texts = [archive.read(inner) for inner in archive.namelist()]
        for text in texts:
            assert claims_in(text.decode(errors="ignore")) == [], name


def test_a_pdf_without_a_browser_is_refused_before_anything_is_read(site, monkeypatch):
    """No report is half-written because the last format can not be made."""
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(MissingError, match="no Chromium"):
        report_period(site.folder, SETTINGS, Order(formats=("json", "pdf")))
    assert not (site.folder / "reports").exists()
    with pytest.raises(UsageError, match="did you mean 'html'"):
        report_period(site.folder, SETTINGS, Order(formats=("htm",)))
