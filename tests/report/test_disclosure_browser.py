"""The sustainability report opened in headless Chromium: quiet, offline, inside the window."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from disclosure_example import make_disclosure

from optimiser.report.disclosure.html_form import to_html
from optimiser.report.disclosure.json_form import digest_of
from optimiser.report.disclosure.pages import boundary_page, sign_off_page
from optimiser.report.disclosure.pdf_form import to_pdf

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDE, NARROW = 1500, 390
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def disclosure():
    """The example with its hostile texts."""
    return make_disclosure()


@pytest.fixture(scope="module")
def pages(disclosure, tmp_path_factory) -> dict[str, Path]:
    """The written pages by name."""
    folder, digest = tmp_path_factory.mktemp("disclosure"), digest_of(disclosure)
    made = {
        "report": to_html(disclosure),
        "boundary": boundary_page(disclosure, digest),
        "sign-off": sign_off_page(disclosure, digest, "<b>A</b>", ""),
    }
    for name, data in made.items():
        (folder / f"{name}.html").write_bytes(data)
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests of this file."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"no Chromium at {CHROMIUM}; install Debian's chromium or set CHROMIUM")
    with api.sync_playwright() as driver:
        arguments = ["--headless", "--no-sandbox", "--disable-gpu"]
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", ["report", "boundary", "sign-off"])
def test_pages_are_quiet_and_stay_inside(browser, pages, name, width, scheme):
    """No word on the console, no request beyond the file, nothing sticks out sideways."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    assert page.evaluate(OVERFLOW) == 0
    assert page.locator("script").count() == 0
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 20, 27)"
    assert dark == (scheme == "dark")
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_every_number_of_the_cards_has_class_and_completeness(browser, pages):
    """What a manager reads first says how sure it is."""
    page = browser.new_page()
    page.goto(pages["report"].as_uri())
    cards = page.locator(".card").all_inner_texts()
    assert len(cards) == 5
    assert all("seen" in card for card in cards)
    pue = next(card for card in cards if card.startswith("PUE"))
    assert "1.32" in pue and "1.30 to 1.34" in pue and "MEASURED" in pue
    assert any("NO_DATA" in card for card in cards)


def test_narrow_rows_name_their_columns(browser, pages):
    """On a telephone each value stands beside its column's name."""
    page = browser.new_page(viewport={"width": NARROW, "height": 900})
    page.goto(pages["report"].as_uri())
    cell = page.locator("#kpi_summary td", has_text="1.30").first
    assert cell.evaluate("e => getComputedStyle(e, '::before').content") == '"Lower"'


def test_paper_is_light_and_carries_the_digest(browser, pages, disclosure):
    """On paper even a dark screen prints light; the PDF repeats byte for byte."""
    page = browser.new_page(color_scheme="dark")
    page.goto(pages["report"].as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    assert page.locator(".bar").is_hidden()
    data = pages["report"].read_bytes()
    first, second = to_pdf(data), to_pdf(data)
    assert first == second and first.startswith(b"%PDF-")
    assert digest_of(disclosure).encode() in data
