"""The report opened in headless Chromium: drawn, quiet, offline, usable."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from optimiser.report.html import write_report
from optimiser.report.payload import Unserved

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDE, NARROW = 1600, 390
DRAWN = "[...document.querySelectorAll('[data-chart]')].every(e => e.dataset.drawn)"


@dataclass
class Visit:
    """An open page with everything it said and asked for."""

    page: object
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests of this file."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"no Chromium at {CHROMIUM}; install Debian's chromium or set CHROMIUM")
    with api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report_file(report_data, tmp_path_factory) -> Path:
    """The written report, with texts that a spreadsheet would run and one that does not break."""
    first = report_data.moves[0].model_copy(
        update={"service": "=1+1", "source": "@host", "reason": 'says "hi", then\nends'}
    )
    moves = (first, *report_data.moves[1:])
    path = tmp_path_factory.mktemp("report") / "report.html"
    notes = ("Default: site: cooling.zones[0].recirculation.neighbour_fraction_of_a_rack = 0.03",)
    write_report(report_data.model_copy(update={"moves": moves, "notes": notes}), path)
    return path


@pytest.fixture
def visit(browser, report_file):
    """Open the report in a window of a width and a colour scheme; check its silence at the end."""
    contexts, visits = [], []

    def open_page(width: int = WIDE, scheme: str = "light", path: Path = report_file) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 1000}, color_scheme=scheme
        )
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.said.append(message.text))
        seen.page.on("pageerror", lambda error: seen.said.append(str(error)))
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.goto(path.as_uri())
        seen.page.wait_for_function(DRAWN, timeout=20_000)
        contexts.append(context)
        visits.append(seen)
        return seen

    yield open_page
    for context in contexts:
        context.close()
    for seen in visits:
        assert seen.said == []
        assert [url for url in seen.asked if not url.startswith(("file:", "data:", "blob:"))] == []


def _colour(page, selector: str, name: str) -> str:
    return page.eval_on_selector(selector, f"e => getComputedStyle(e).{name}")


def _shown_moves(page, column: str) -> list[str]:
    return page.locator(f"#move-table tbody .is-{column}").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_draws_everything_inside_the_window(visit, width, scheme):
    """Charts have marks, tiles have colours, and nothing sticks out sideways."""
    page = visit(width, scheme).page
    assert page.locator("[data-chart]").count() == 6
    assert all(
        page.locator("[data-chart]").nth(i).locator("svg .mark-line path").count() > 0
        for i in range(6)
    )
    assert page.locator("[data-chart=power-after] svg .mark-area path").count() == 3
    assert page.locator(".tile").count() == 30
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0


def test_theme_follows_the_system_and_the_switch(visit):
    """Page and charts change colour together, without being drawn again."""
    page = visit(scheme="dark").page
    area = "[data-chart=power-after] svg .mark-area path"
    dark = _colour(page, "body", "backgroundColor"), _colour(page, area, "fill")
    page.get_by_role("button", name="Switch to the light theme").click()
    light = _colour(page, "body", "backgroundColor"), _colour(page, area, "fill")
    assert all(a != b and b.startswith("rgb") for a, b in zip(dark, light, strict=True))
    assert page.get_by_role("button", name="Switch to the dark theme").is_visible()


def test_rack_map_switches_metric_and_side(visit, report_data):
    """Tiles show the chosen number of the chosen placement, legend and colours follow."""
    page = visit().page
    rack = report_data.racks[0]
    tile = page.locator(".tile").first
    assert tile.locator("b").inner_text() == f"{rack.after.peak_power_kw:.1f}"
    before = _colour(page, ".tile", "backgroundColor")
    page.get_by_role("radio", name="Temperature").check(force=True)
    page.get_by_role("radio", name="Before").check(force=True)
    assert tile.locator("b").inner_text() == f"{rack.before.peak_inlet_c:.1f}"
    assert "°C" in page.locator("#rack-legend").inner_text()
    assert _colour(page, ".tile", "backgroundColor") != before
    page.get_by_role("radio", name="Difference").check(force=True)
    change = rack.after.peak_inlet_c - rack.before.peak_inlet_c
    told = tile.locator("b").inner_text().replace("\u2212", "-")
    assert float(told) == pytest.approx(change, abs=0.06)


def test_rack_map_answers_to_the_keyboard(visit):
    """Arrow keys go from rack to rack, a tip tells the limits, escape hides it."""
    page = visit().page
    page.locator(".tile").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("R02:")
    tip = page.locator("#tip")
    assert "R02" in tip.inner_text() and "9.0" in tip.inner_text() and "of 20" in tip.inner_text()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("R12:")
    page.keyboard.press("Escape")
    assert tip.is_hidden()


def test_moves_sort_filter_and_page(visit, report_data):
    """The list sorts both ways, filters by words and wave, and turns pages."""
    page = visit().page
    status = page.locator("#move-status")
    assert status.inner_text() == "1–25 of 900 moves"
    page.get_by_role("button", name="Next").click()
    assert _shown_moves(page, "order")[0] == "26"
    head = page.get_by_role("button", name="Memory, GiB")
    head.click()
    assert set(_shown_moves(page, "memory_gib")) == {"2"}
    head.click()
    assert set(_shown_moves(page, "memory_gib")) == {"64"}
    assert page.locator("th.is-memory_gib").first.get_attribute("aria-sort") == "descending"
    page.locator("#move-filter").fill("SVC-003 ")
    wanted = [m for m in report_data.moves if "svc-003" in f"{m.workload} {m.service}"]
    assert status.inner_text().endswith(f"of {len(wanted)} moves, filtered from 900")
    page.locator("#move-wave").select_option("Wave 1")
    assert set(_shown_moves(page, "wave")) <= {"1"}
    page.locator("#move-filter").fill("no such workload")
    assert status.inner_text() == "No moves, filtered from 900"


def test_missing_values_sort_last(visit):
    """Moves that never pay back come last in both directions."""
    page = visit().page
    for _ in range(2):
        page.get_by_role("button", name="Pays back, days").click()
        assert "–" not in _shown_moves(page, "payback_days")


def test_download_is_whole_and_harmless_in_a_spreadsheet(visit, report_data):
    """The CSV has every move, raw numbers, and no cell that would run as a formula."""
    page = visit().page
    page.locator("#move-filter").fill("svc-003")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download as CSV").click()
    assert waiting.value.suggested_filename == "demo-helsinki-1-weekday-consolidation-moves.csv"
    text = Path(waiting.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 900
    assert rows[0]["service"] == "'=1+1"
    assert rows[0]["source"] == "'@host"
    assert rows[0]["reason"] == 'says "hi", then\nends'
    costly = next(i for i, m in enumerate(report_data.moves) if m.saved_kwh_per_year < 0)
    saved = report_data.moves[costly].saved_kwh_per_year
    assert float(rows[costly]["saved_kwh_per_year"]) == pytest.approx(saved, rel=1e-3)


def test_tables_sort(visit, report_data):
    """A head of the services table sorts it by number, not by text."""
    page = visit().page
    page.locator("#services").get_by_role("button", name="Workloads").click()
    cells = page.locator("#services tbody tr td:nth-child(3)").all_inner_texts()
    assert [int(cell) for cell in cells] == sorted(s.workloads for s in report_data.services)


def test_charts_answer_to_the_pointer(visit):
    """Pointing at an hour shows its values with their unit."""
    page = visit().page
    chart = page.locator("[data-chart=power-after]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 120)
    page.mouse.move(box["x"] + 230, box["y"] + 120, steps=3)
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert re.search(r"Cooling, kW\s*\d", tip.inner_text())


def test_prints_light_and_without_controls(visit):
    """On paper the page is light even in a dark theme, and shows no buttons."""
    page = visit(scheme="dark").page
    page.emulate_media(media="print")
    assert _colour(page, "body", "backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".bar").is_hidden()
    assert page.locator("#move-csv").is_hidden()


def test_bare_page_is_quiet(visit, bare_data, tmp_path):
    """A site with hardly any data gives a page without an error."""
    path = tmp_path / "bare.html"
    write_report(bare_data, path)
    page = visit(NARROW, "dark", path).page
    assert page.get_by_role("heading", level=1).inner_text().startswith("No workload needs to move")


def test_who_waits_has_a_table_of_its_own(visit, report_data, bare_data, tmp_path):
    """Services with workloads that have no host are listed, dearest first; else nothing is."""
    cheap = Unserved(service="calm", may_wait=9, before=0, after=2, cost=1.0, names=("c-1", "c-2"))
    dear = Unserved(service="<shop>", may_wait=12, before=3, after=9, cost=90.0, names=("w-1",))
    served = Unserved(service="served", may_wait=4, before=0, after=0, cost=0.0)
    path = tmp_path / "waiting.html"
    write_report(report_data.model_copy(update={"unserved": (cheap, dear, served)}), path)
    for width in (WIDE, NARROW):
        page = visit(width, path=path).page
        told = page.locator("#waiting").inner_text()
        assert "11 of 25 workloads that may wait have no host" in told.replace("\u00a0", " ")
        names = page.locator("#waiting tbody th").all_inner_texts()
        assert names == ["<shop>", "calm"]
        assert "and 8 more" in told
        assert page.locator("#card-unserved .value").inner_text() == "11"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    bare = tmp_path / "bare.html"
    write_report(bare_data, bare)
    assert visit(path=bare).page.locator("#waiting").count() == 0
