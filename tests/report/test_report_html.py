"""The page as a file: whole, escaped, offline, small."""

from __future__ import annotations

import json
import re

import pytest

from optimiser.report import html, text, view

EVIL = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'
BUDGET_BYTES = 3_000_000


@pytest.fixture(scope="module")
def page(report_data) -> str:
    """The rendered page of the demo-like site."""
    return html.render(report_data)


def _payload(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="report-data">(.*?)</script>', page)
    return json.loads(found.group(1))


def test_headline_and_cards_stand_in_the_page(page, report_data):
    """What a manager reads needs no script."""
    assert html.tie(text.headline(report_data)) in page
    for key in ("energy", "cost", "co2e", "water", "asleep", "sla", "peak", "proof"):
        assert f'id="card-{key}"' in page


def test_page_is_small(page):
    """The whole page with 900 moves stays inside the budget."""
    assert len(page.encode()) < BUDGET_BYTES / 2


def test_page_loads_nothing(page):
    """No tag points outside the file, and the policy in its head forbids it anyway."""
    own = page.replace(html._chart_runtime(), "")
    assert not re.search(r'(?:src|href)="(?!#|data:)', own)
    assert "default-src 'none'" in own
    assert "unsafe-eval" not in own


def test_data_never_become_markup(report_data):
    """Names with tags are shown as text, in the page and in what the scripts read."""
    move = report_data.moves[0].model_copy(update={"workload": EVIL, "reason": EVIL})
    service = report_data.services[0].model_copy(update={"service": EVIL})
    data = report_data.model_copy(
        update={
            "site": EVIL,
            "moves": (move,),
            "waves": (),
            "services": (service,),
            "notes": (EVIL,),
        }
    )
    page = html.render(data)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert _payload(page)["moves"]["rows"][0][2] == EVIL


def test_sections_of_missing_parts_are_left_out(bare_data):
    """A bare site gets a page without empty sections."""
    page = html.render(bare_data)
    assert 'id="proof"' in page
    for section in ("racks", "power", "moves", "limits", "services"):
        assert f'<section id="{section}"' not in page
        assert f'href="#{section}"' not in page


def test_prefixes_are_claimed_only_when_checked(report_data, page):
    """The sentence that work may stop at any point needs the check that says so."""
    assert "may stop at any point" in page
    unchecked = report_data.model_copy(update={"prefixes_checked": False})
    assert "may stop at any point" not in html.render(unchecked)


def test_file_is_replaced_whole(report_data, tmp_path, monkeypatch):
    """A failure while writing leaves the old report and no fragments."""
    target = tmp_path / "report.html"
    html.write_report(report_data, target)
    before = target.read_bytes()
    assert before.endswith(b"</html>") or before.rstrip().endswith(b"</html>")

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(html.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        html.write_report(report_data, target)
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_many_moves_are_cut_and_the_page_says_so(report_data, monkeypatch):
    """The page tells how many moves it leaves to the table in the run folder."""
    monkeypatch.setattr(view, "MOST_MOVES", 100)
    page = html.render(report_data)
    assert len(_payload(page)["moves"]["rows"]) == 100
    assert "The page carries the first 100 of 900 moves" in page


def test_packed_moves_keep_every_word(report_data):
    """Indices lead back to the texts they stand for."""
    packed = view.pack_moves(report_data.moves)
    row, move = packed["rows"][417], report_data.moves[417]
    told = [packed["words"][row[column]] for column in (3, 4, 5, 10)]
    assert told == [move.service, move.source, move.target, move.reason]


def test_fullest_and_warmest_rack_are_named(report_data):
    """The sentence above the map names the racks with the largest share and inlet."""
    fullest = max(report_data.racks, key=lambda r: r.after.peak_power_kw / r.power_limit_kw)
    warmest = max(report_data.racks, key=lambda r: r.after.peak_inlet_c)
    told = view.rack_sentence(report_data.racks)
    assert f"rack {fullest.name} is fullest" in told
    assert f"enters {warmest.name}: {warmest.after.peak_inlet_c:.1f} °C of 27.0 °C" in told
    assert view.rack_sentence(()) == ""


def test_shortest_worthy_plan_is_told(report_data):
    """The first point with four fifths of the saving is the one worth telling."""
    told = view.frontier_sentence(report_data.frontier)
    assert told.startswith("The best plan with 400 moves already brings 85 %")
    assert view.frontier_sentence(report_data.frontier[-1:]).startswith("Every move counts")


def test_pue_that_rises_is_explained(report_data):
    """A higher PUE with less energy gets a note; otherwise there is none."""
    assert view.page(report_data)["pue_note"] == ""
    after = report_data.after.model_copy(update={"pue": 1.6})
    data = report_data.model_copy(update={"after": after})
    assert view.page(data)["pue_note"].startswith("PUE rises although")


def test_numbers_are_tied_to_their_units():
    """No line breaks between a number and what it counts."""
    assert html.tie("saves 41 % in 9 waves") == "saves 41\u00a0% in 9\u00a0waves"


@pytest.mark.parametrize(("cards", "columns"), [(3, 3), (5, 5), (6, 3), (7, 4), (8, 4)])
def test_cards_fill_their_rows(cards, columns):
    """Cards stand in rows with few holes."""
    assert view._columns(cards) == columns
