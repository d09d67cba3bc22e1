"""JSON, CSV and workbook say the same, in the same bytes each time, and nothing in them acts."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile

import pytest
from disclosure_example import EVIL, make_disclosure

from optimiser.errors import InputError
from optimiser.report.disclosure.csv_form import long_csv, table_csv
from optimiser.report.disclosure.html_form import to_html
from optimiser.report.disclosure.json_form import to_json
from optimiser.report.disclosure.pack import to_zip
from optimiser.report.disclosure.plain import guard, plain_cell, plain_text, unguard
from optimiser.report.disclosure.shown import completeness, shown
from optimiser.report.disclosure.table import Column, Kind, make_table
from optimiser.report.disclosure.words import INDICATIVE, claims_in, refuse_claims
from optimiser.report.disclosure.xlsx_form import HEAD_ROW, sheet_names, to_xlsx

openpyxl = pytest.importorskip("openpyxl")


@pytest.fixture(scope="module")
def disclosure():
    """The example with its awkward cells."""
    return make_disclosure()


def _json_tables(disclosure) -> dict[str, list[list]]:
    document = json.loads(to_json(disclosure))
    tables = [t for name in document["order"] for t in document["outputs"][name]["tables"]]
    return {t["name"]: t["rows"] for t in tables}


def _csv_rows(table) -> list[list]:
    """Read a table's CSV with the standard reader and turn text back into values."""
    rows = list(csv.reader(io.StringIO(table_csv(table).decode(), newline="")))
    return [
        [_value(column.kind, text) for column, text in zip(table.columns, row, strict=True)]
        for row in rows[1:]
    ]


def _value(kind: Kind, text: str):
    if text == "":
        return None
    if kind is Kind.FLAG:
        return {"true": True, "false": False}[text]
    return unguard(text) if kind is Kind.TEXT else float(text)


def test_json_csv_and_workbook_agree_value_by_value(disclosure):
    """Each cell read back by an independent reader is the cell that the JSON has."""
    told = _json_tables(disclosure)
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(disclosure)))
    names = sheet_names(disclosure.tables)
    compared = 0
    for table in disclosure.tables:
        sheet = book[names[table.name]]
        cells = [
            [cell.value for cell in row[: len(table.columns)]]
            for row in sheet.iter_rows(min_row=HEAD_ROW + 2)
        ]
        assert cells == told[table.name]
        assert _csv_rows(table) == told[table.name]
        compared += sum(map(len, cells))
    assert compared > 900


def test_long_csv_has_every_value_once(disclosure):
    """The tidy file holds exactly the cells of the JSON that are neither empty nor a key."""
    rows = list(csv.DictReader(io.StringIO(long_csv(disclosure).decode(), newline="")))
    expected = {}
    for table in disclosure.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                if cell is not None and not column.is_key:
                    expected[table.name, table.key_of(row), column.name] = (column.kind, cell)
    found = {
        (r["table"], unguard(r["row"]), r["column"]): _value(Kind(r["kind"]), r["value"])
        for r in rows
    }
    assert len(found) == len(rows)
    assert found == {key: cell for key, (_, cell) in expected.items()}
    pue = next(r for r in rows if r["row"] == "PUE / 2" and r["column"] == "value")
    assert (pue["value"], pue["unit"]) == ("1.32", "1")


def test_two_runs_give_identical_bytes(disclosure):
    """Nothing in any format depends on the clock or on the order of a dictionary."""
    again = make_disclosure()
    for write in (to_json, long_csv, to_xlsx, to_html):
        assert write(disclosure) == write(again)
    files = {"b": b"2", "a": b"1"}
    assert to_zip(files) == to_zip(dict(reversed(files.items())))


def test_row_order_of_inputs_changes_nothing():
    """Rows are sorted by their names, whatever order they come in."""
    columns = (Column("name", "Name", is_key=True), Column("x", "X", Kind.NUMBER))
    rows = [{"name": f"n{i:02d}", "x": i / 3} for i in range(50)]
    mixed = random.Random(3).sample(rows, len(rows))
    made = [make_table("t", "T", "", columns, part) for part in (rows, mixed)]
    assert made[0] == made[1]


def test_order_of_a_sum_can_not_be_seen():
    """A sum taken in another order is the same cell."""
    assert 0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1
    assert plain_cell(0.1 + 0.2 + 0.3) == plain_cell(0.3 + 0.2 + 0.1)


@pytest.mark.parametrize("text", EVIL[:8])
def test_formulas_are_text_in_csv(text):
    """No cell of text starts with a character that a spreadsheet runs, and readers get it back."""
    shown_text = plain_text(text)
    guarded = guard(shown_text)
    assert guarded[0] not in "=+-@\t\r"
    assert not guarded.lstrip(" ").startswith(("=", "+", "-", "@"))
    assert unguard(guarded) == shown_text


@pytest.mark.parametrize("text", EVIL)
def test_guarded_text_comes_back(text):
    """Whatever a text holds, readers get it back as it was; guarding twice can be undone twice."""
    plain = plain_text(text)
    assert unguard(guard(plain)) == plain
    assert unguard(unguard(guard(guard(plain)))) == plain


def test_no_cell_begins_a_formula_where_semicolons_separate():
    """Split at semicolons, as some spreadsheets do, no part begins with what would run."""
    for text in EVIL:
        parts = guard(plain_text(text)).split(";")
        assert not any(part.lstrip(' "')[:1] in ("=", "+", "-", "@") for part in parts if part)


def test_apostrophes_of_names_stay():
    """A name that begins with an apostrophe is no formula."""
    assert guard("'s-Hertogenbosch") == "'s-Hertogenbosch" == unguard("'s-Hertogenbosch")


def test_negative_numbers_stay_numbers(disclosure):
    """The guard is for text: a negative number has neither quotes nor an apostrophe."""
    text = table_csv(disclosure.output("kpi_summary").tables[0]).decode()
    assert ",-187100.123457," in text
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(disclosure)))
    values = [c.value for row in book["kpi_summary_measured"].iter_rows() for c in row]
    assert -187100.123457 in values


def test_workbook_has_no_formula_and_no_outward_link(disclosure):
    """Hostile text is stored as shared text and marked as quoted; nothing points outside."""
    archive = zipfile.ZipFile(io.BytesIO(to_xlsx(disclosure)))
    sheets = [archive.read(n).decode() for n in archive.namelist() if "worksheets/sheet" in n]
    assert not any("<f>" in sheet or "<f " in sheet for sheet in sheets)
    assert not any(
        "External" in archive.read(n).decode() for n in archive.namelist() if ".rels" in n
    )
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(disclosure)))
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    risky = [c for c in cells if isinstance(c.value, str) and c.value[0] in "=+-@"]
    assert len(risky) >= 4
    assert all(c.data_type == "s" and c.quotePrefix for c in risky)


def test_provenance_columns_are_hidden_in_the_workbook(disclosure):
    """Where a number comes from is there, out of sight."""
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(disclosure)))
    sheet = book["kpi_summary_measured"]
    assert sheet.column_dimensions["J"].hidden
    assert sheet.cell(HEAD_ROW + 1, 10).value == "sources"


def test_page_runs_nothing_and_loads_nothing(disclosure):
    """No script, no address, no tag of the data; the policy in the head forbids scripts anyway."""
    page = to_html(disclosure).decode()
    assert "<script" not in page and "<img" not in page and 'onerror="' not in page
    assert "default-src 'none'" in page and "script-src" not in page
    assert "http://" not in page.replace("=HYPERLINK(&#34;http://x.invalid&#34;", "")
    assert "https://" not in page and 'src="' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_long_tables_are_cut_on_the_page_only(disclosure):
    """The page names the file that has all rows."""
    page = to_html(disclosure).decode()
    assert "The first 24 of 400 rows" in page and "csv/cfe_hourly.csv" in page
    assert len(_json_tables(disclosure)["cfe_hourly"]) == 400


def test_a_missing_number_is_empty_and_never_zero():
    """NaN and infinity are refused; nothing is shown as a dash."""
    for bad in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(ValueError, match="is no value"):
            plain_cell(bad)
    assert shown(None) == "–"
    assert plain_cell(-0.0) == 0.0 and str(plain_cell(-0.0)) == "0.0"


def test_a_gap_never_looks_whole():
    """Completeness is cut, not rounded up, to 100 %."""
    assert completeness(0.9999999) == "99.999 %"
    assert completeness(1.0) == "100 %"
    assert completeness(8700 / 8760) == "99.315 %"


def test_rows_of_one_name_and_cells_of_another_kind_are_refused():
    """A table that could be misread is a bug and says so."""
    columns = (Column("name", "Name", is_key=True), Column("x", "X", Kind.NUMBER))
    with pytest.raises(ValueError, match="two rows"):
        make_table("t", "T", "", columns, [{"name": "a"}, {"name": "a"}])
    with pytest.raises(ValueError, match="is no number"):
        make_table("t", "T", "", columns, [{"name": "a", "x": "1"}])
    with pytest.raises(KeyError):
        make_table("t", "T", "", columns, [{"name": "a", "y": 1.0}])


@pytest.mark.parametrize(
    "text",
    [
        "Certified site",
        "carbon neutral",
        "Carbon-Neutral",
        "non-compliant",
        "EU label A",
        "climate neutral",
    ],
)
def test_claims_are_found(text):
    """Words that claim more than numbers show are found in any spelling."""
    assert claims_in(text)


@pytest.mark.parametrize(
    "text",
    [INDICATIVE, "Climate Neutral Data Centre Pact", "certificates cancelled", "meets rule X"],
)
def test_plain_words_pass(text):
    """The denial that the law demands, names of pacts and certificates are no claims."""
    assert claims_in(text) == []


def test_a_claim_in_the_data_is_refused_with_its_place():
    """A site that calls itself carbon neutral is told where."""
    with pytest.raises(InputError, match=r"data_quality.*carbon neutral"):
        refuse_claims(make_disclosure(3, ("we are carbon neutral",)))
    refuse_claims(make_disclosure(3))
