"""The disclosure of the reference data centre: golden numbers in their tables, kept apart."""

from __future__ import annotations

import pytest
from workflow.reference_material import YEAR, make_material

from optimiser.errors import InputError, UsageError
from optimiser.report.disclosure.html_form import to_html
from optimiser.report.disclosure.json_form import to_json
from optimiser.report.disclosure.table import Level
from optimiser.workflow.disclosure.compose import compose
from optimiser.workflow.disclosure.explain import explain_indicator
from optimiser.workflow.disclosure.material import Settings


def rows_of(disclosure, output: str, section: str | None = None) -> list[dict]:
    """The rows of an output as dictionaries."""
    return [
        dict(zip([c.name for c in table.columns], row, strict=True))
        for table in disclosure.output(output).tables
        if section in (None, table.section)
        for row in table.rows
    ]


def figure(disclosure, metric: str, **more) -> dict:
    """The one key figure of that name."""
    found = [
        row
        for row in rows_of(disclosure, "kpi_summary")
        if row["metric"] == metric and all(row[k] == v for k, v in more.items())
    ]
    assert len(found) == 1, (metric, found)
    return found[0]


@pytest.fixture(scope="module")
def reference():
    """The disclosure of DC-REF-1."""
    return compose(make_material())


GOLDEN = {
    "PUE": 1.32, "pPUE[cooling]": 1.22, "pPUE[electrical]": 1.08, "ERF": 0.1, "ERE": 1.188,
    "CER": 4.909091, "WUE": 1.2, "WUE potable": 0.6, "WUE fresh": 1.0, "PUE check": 1.32,
}  # fmt: skip


@pytest.mark.parametrize("metric", GOLDEN)
def test_golden_numbers_stand_in_the_summary(reference, metric):
    """Each worked number of the specification is the value of its row."""
    row = figure(reference, metric)
    assert row["value"] == pytest.approx(GOLDEN[metric], rel=1e-6)
    assert (row["class"], row["completeness"], row["reason"]) == ("MEASURED", 1.0, None)
    assert row["lower"] < row["value"] < row["upper"]
    assert row["mc_lower"] < row["value"] < row["mc_upper"]
    assert row["lower"] < row["mc_lower"] and row["mc_upper"] < row["upper"]


def test_the_energy_balance_closes(reference):
    """Sources 46,252,800 kWh equal uses; the closure error stands in the table."""
    rows = {row["role"]: row for row in rows_of(reference, "energy_balance") if "role" in row}
    assert rows["closure_error"]["value"] == pytest.approx(0.0, abs=1e-9)
    assert reference.output("energy_balance").findings == ()


def test_an_open_balance_is_flagged():
    """Three percent that no use explains are told."""
    made = compose(make_material({**YEAR, "e_grid": YEAR["e_grid"] * 1.03}))
    finding = made.output("energy_balance").findings[0]
    assert finding.level is Level.FLAG and "differ by 2.8" in finding.text


def test_a_missing_month_gives_no_annual_figure():
    """One of twelve months missing: no PUE but a failure; an interim one when allowed (G3)."""
    made = compose(make_material(gap_h=730))
    row = next(r for r in rows_of(made, "kpi_summary") if r["metric"] == "iPUE")
    assert (row["value"], row["reason"]) == (None, "PARTIAL")
    assert any(f.level is Level.FAILURE and "PUE" in f.gate for f in made.findings)
    allowed = compose(make_material(gap_h=730, settings=Settings("2026", allow_partial=True)))
    row = figure(allowed, "iPUE")
    assert row["value"] == pytest.approx(1.32)
    assert row["completeness"] == pytest.approx(1 - 730 / 8760)
    assert "interim" in row["remarks"]


def test_numerator_and_denominator_share_their_hours():
    """60 hours without IT energy are taken from both: PUE stays, completeness falls (G6)."""
    row = figure(compose(make_material(gap_h=60)), "PUE")
    assert row["value"] == pytest.approx(1.32)
    assert row["completeness"] == pytest.approx(8700 / 8760)


def test_modelled_figures_stand_in_a_table_of_their_own():
    """Nothing modelled is in a table of measured values, here or in any other output."""
    measured, modelled = make_material(), make_material(code=5, section="modelled")
    both = compose(
        type(measured)(
            **{
                **{f: getattr(measured, f) for f in measured.__dataclass_fields__},
                "sources": (*measured.sources, *modelled.sources),
            }
        )
    )
    names = [table.name for table in both.output("kpi_summary").tables]
    assert names == ["kpi_summary_measured", "kpi_summary_modelled"]
    for table in both.tables:
        classes = {row.get("class") for row in rows_of_table(table)} - {None, "MISSING"}
        if table.section == "measured":
            assert "MODELLED" not in classes
        if table.section == "modelled":
            assert classes <= {"MODELLED"}


def rows_of_table(table) -> list[dict]:
    """The rows of a table as dictionaries."""
    return [dict(zip([c.name for c in table.columns], row, strict=True)) for row in table.rows]


def test_two_runs_and_any_order_of_series_give_the_same_bytes(reference):
    """The register in reverse order gives the same JSON."""
    assert to_json(compose(make_material())) == to_json(reference)
    assert to_json(compose(make_material(reverse=True))) == to_json(reference)


def test_every_number_has_class_and_completeness(reference):
    """A table with values has both beside them, and a missing value has its reason."""
    for table in reference.tables:
        columns = {column.name for column in table.columns}
        if {"value", "unit", "class"} <= columns:
            for row in rows_of_table(table):
                assert row["class"] and row["completeness"] is not None
                assert row["value"] is not None or row.get("text") or row["reason"]


def test_claims_in_the_boundary_are_refused():
    """The report does not repeat that a site is carbon neutral."""
    with pytest.raises(InputError, match="boundary"):
        compose(make_material(reporting={"boundary": "Our carbon-neutral hall."}))


def test_explain_prints_the_arithmetic_down_to_the_meter():
    """PUE is told term by term with units, each series with its line and file."""
    found = explain_indicator(make_material(), "pue")
    told = next(one for one in found if one.name == "PUE")
    text = "\n".join(told.lines)
    assert "e_grid 44992800 kWh" in text and "46252800 / 35040000 = 1.32\n" in f"{text}\n"
    places = {one.component: one.place for one in told.series}
    assert places["e_grid"] == "register:2, values in meters/2026.parquet"
    assert told.headline.startswith("PUE1(2026) = 1.32, 1.30 to 1.34 at worst (MEASURED")


def test_explain_knows_near_names():
    """An unknown indicator is answered with the nearest one."""
    with pytest.raises(UsageError, match="did you mean 'PUE'"):
        explain_indicator(make_material(), "PUEE")


def test_months_add_up_to_the_year(reference):
    """Twelve rows whose sums are those of the year; a month with a gap has no PUE and says why."""
    rows = [
        row for row in rows_of(reference, "energy_balance") if str(row.get("month", "")) > "2026"
    ]
    assert len(rows) == 12
    assert sum(row["e_dc"] for row in rows) == pytest.approx(46_252_800)
    assert all(row["value"] == pytest.approx(1.32) for row in rows)
    gap = compose(make_material(gap_h=60))
    months = {r["month"]: r for r in rows_of(gap, "energy_balance") if r.get("month")}
    assert (months["2026-01"]["value"], months["2026-01"]["reason"]) == (None, "PARTIAL")
    assert months["2026-02"]["value"] == pytest.approx(1.32)


def test_the_page_draws_the_months_without_a_script(reference):
    """Twelve bars of IT and of overhead, drawn in the page itself."""
    page = to_html(reference).decode()
    assert page.count('fill="var(--it)"') == 12 and page.count('fill="var(--losses)"') == 12
    assert "2026-01: 3,9" in page and "<script" not in page
