"""Regimes, inventory, ledger, services, assets, hours and savings of the reference data centre."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from workflow.reference_material import YEAR, make_material, series_data

from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.ratio import Window
from optimiser.errors import InputError
from optimiser.report.disclosure.table import Level
from optimiser.report.disclosure.words import INDICATIVE, claims_in
from optimiser.schema.disclosed import ASSETS, INSTRUMENTS, SERVICES_SCI
from optimiser.schema.period import parse_period
from optimiser.workflow.disclosure import plan_tables
from optimiser.workflow.disclosure.compose import compose
from optimiser.workflow.disclosure.material import Settings, Source
from optimiser.workflow.disclosure.report import failed_rules
from optimiser.workflow.heuristic import Heuristic


def frame(spec, *rows: dict) -> pd.DataFrame:
    """A table as the reader gives it: empty text, NaN for numbers that are not given."""
    full = []
    for row in rows:
        cells = {}
        for column in spec.columns:
            empty = "" if column.default is None else column.default
            if column.kind in ("number", "integer") and column.default is None:
                empty = np.nan
            cells[column.name] = row.get(column.name, empty)
        full.append(cells)
    return pd.DataFrame(full)


def lot(name: str, kind: str, mwh: float, **more: object) -> dict:
    """A lot of 2026 in the German market."""
    given = {"instrument": name, "kind": kind, "mwh": mwh, "zone": "DE", "technology": "wind"}
    dates = {"vintage_from": "2026-01-01", "vintage_to": "2026-12-31", "cancelled": "2026-12-20"}
    return {**given, **dates, **more}


LEDGER = frame(
    INSTRUMENTS,
    lot("go-1", "go", 20_000),
    lot("ppa-1", "ppa", 12_000, cancelled=""),
    lot("go-open", "go", 500, cancelled=""),
)


@pytest.fixture(scope="module")
def reference():
    """DC-REF-1 with its certificates and contract."""
    return compose(make_material(tables={"instruments": LEDGER}))


def rows_of(disclosure, name: str) -> list[dict]:
    """The rows of a table as dictionaries."""
    table = next(table for table in disclosure.tables if table.name == name)
    return [dict(zip([c.name for c in table.columns], row, strict=True)) for row in table.rows]


def value(disclosure, table: str, column: str, key: str, of: str = "value"):
    """One cell of the row whose ``column`` is ``key``."""
    found = [row for row in rows_of(disclosure, table) if row[column] == key]
    assert len(found) == 1, found
    return found[0][of]


def test_the_inventory_has_the_golden_amounts(reference):
    """Scope 1 43.092 t, scope 2 15,747.48 t by location and 6,236.544 t by market."""
    assert value(reference, "ghg_scope1", "category", "fuel") == pytest.approx(43_092)
    assert value(reference, "ghg_scope2_location", "category", "electricity") == pytest.approx(
        15_747_480
    )
    rows = rows_of(reference, "ghg_scope2_market")
    assert sum(row["value"] for row in rows) == pytest.approx(6_236_544)
    uncovered = next(row for row in rows if row["how"] == "residual mix")
    assert uncovered["amount"] == pytest.approx(12_992_800)
    assert uncovered["factor_id"] == "residual_mix-id"


def test_both_bases_stand_apart_and_are_both_there(reference):
    """No table of the inventory mixes the two bases."""
    tables = [t for t in reference.output("ghg_inventory").tables if "scope2" in t.name]
    assert [t.section.split(",")[0] for t in tables] == ["location-based", "market-based"]
    for table in tables:
        assert len(set(table.column("basis"))) == 1


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("REF", 0.717794), ("CUE", 0.450644), ("CUE-MB", (6_236_544 + 43_092) / 35_040_000)],
)
def test_golden_ratios_of_carbon_and_renewables(reference, metric, expected):
    """REF and CUE are those of the specification; the market-based figure has its own name."""
    found = value(reference, "kpi_summary_measured", "metric", metric)
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_ledger_uses_each_lot_once_and_says_why_not(reference):
    """Cancelled certificates and contracts are used in full; one that is not cancelled is not."""
    rows = {row["instrument"]: row for row in rows_of(reference, "instrument_ledger")}
    assert (rows["go-1"]["used"], rows["go-1"]["left"]) == (20_000, 0)
    assert rows["ppa-1"]["used"] == 12_000
    assert rows["go-open"]["used"] == 0 and rows["go-open"]["status"].startswith("NOT_CANCELLED")
    assert all(row["used"] <= row["issued"] for row in rows.values())


def test_the_annex_has_point_values_with_reasons(reference):
    """Codes of the regulation with one value each; what is not known has its reason."""
    rows = {row["code"]: row for row in rows_of(reference, "eed_annex_eu_2024_1364")}
    assert rows["EDC"]["value"] == pytest.approx(46_252_800)
    assert rows["EIT"]["value"] == 35_040_000 and rows["EIT"]["point"] == "UPS output"
    assert rows["ERES-TOT"]["value"] == pytest.approx(33_200_000)
    assert rows["PUE"]["value"] == pytest.approx(1.32)
    assert rows["WUE"]["value"] == pytest.approx(1.2)
    assert rows["SDC"]["reason"] == "NOT_STATED" and rows["SDC"]["value"] is None
    assert "lower" not in rows["EDC"]
    for row in rows.values():
        assert row["value"] is not None or row["text"] or row["reason"]


def test_more_it_energy_than_energy_is_a_failure():
    """A check of the regulation that is not kept is a failure of the output."""
    made = compose(make_material({**YEAR, "e_grid": 30_000_000.0}))
    failures = [f for f in made.output("eed_annex").findings if f.level is Level.FAILURE]
    assert any("at least that of IT" in f.text for f in failures)


def test_classes_are_indicative_only(reference):
    """DC-REF-1 is in class C by PUE and F by fresh water, with the way to the next class."""
    name = "eed_label_preview_eu_c_2026_3472"
    rows = {row["indicator"]: row for row in rows_of(reference, name)}
    assert rows["PUE"]["indicative_class"] == f"C ({INDICATIVE})"
    assert rows["WUE_FRE"]["indicative_class"] == f"F ({INDICATIVE})"
    assert rows["PUE"]["next_bound"] == 1.25
    assert rows["PUE"]["amount"] == pytest.approx((1.32 - 1.25) * 35_040_000)
    table = next(t for t in reference.tables if t.name == name)
    assert table.watermark == INDICATIVE and "draft" in table.section
    assert all(claims_in(str(cell)) == [] for row in table.rows for cell in row)


def test_verdicts_in_force_and_drafts_stand_apart():
    """A rule that binds from a later day is not applicable before it; drafts have their table."""
    rules = ("DE-EnEfG-2023", "DE-EnEfG-draft-2026-04")
    facility = {"rated_connection_kw": 6000}
    reporting = {"facility": {**make_material().reporting.facility.model_dump(), **facility}}
    verdicts = {}
    for day in ("2027-06-30", "2027-07-01"):
        settings = Settings("2026", rulesets=rules, as_of=pd.Timestamp(day).date())
        made = compose(
            make_material({**YEAR, "e_grid": 53_000_000.0}, reporting=reporting, settings=settings)
        )
        verdicts[day] = value(
            made, "rule_verdicts_in_force", "rule", "pue-existing-2027", "verdict"
        )
        drafts = next(t for t in made.tables if t.name == "rule_verdicts_draft")
        assert drafts.watermark and set(drafts.column("ruleset")) == {rules[1]}
    assert verdicts == {"2027-06-30": "NOT_APPLICABLE", "2027-07-01": "FAIL"}


def test_esrs_datapoints_have_one_value_under_every_numbering(reference):
    """The alias map gives the same number to each version of the standard."""
    old = {r["identifier"]: r["value"] for r in rows_of(reference, "esrs_e1_set1_2023")}
    new = {r["identifier"]: r["value"] for r in rows_of(reference, "esrs_e1_amended")}
    assert old == new and old["ghg_scope2_market"] == pytest.approx(6236.544)
    assert old["energy_total"] == pytest.approx(46_252.8)


def test_services_have_their_intensity():
    """45 kWh of IT at PUE 1.32, 8 of 64 vCPU for 720 h: 11.955 g per 1000 requests."""
    row = {
        "service": "shop", "unit": "request", "units": 2e6, "unit_scale": 1000.0, "it_kwh": 45.0,
        "embodied_kgco2e": 1215.0, "lifetime_years": 4.0, "reserved_h": 720.0,
        "resources_reserved": 8.0, "resources_total": 64.0,
    }  # fmt: skip
    made = compose(make_material(tables={"services": frame(SERVICES_SCI, row)}))
    found = rows_of(made, "sci_services")[0]
    assert found["value"] == pytest.approx(11.95536, rel=1e-5)
    assert found["operational"] == pytest.approx(20.790)
    assert found["embodied"] == pytest.approx(3.1207, rel=1e-4)
    with pytest.raises(InputError, match="no request was counted"):
        compose(make_material(tables={"services": frame(SERVICES_SCI, {**row, "units": 0.0})}))


def test_embodied_carbon_is_booked_and_amortised_apart():
    """An asset of an earlier year counts nothing when booked and a year's share when amortised."""
    rows = [
        {"asset": "old", "kind": "server", "count": 10, "mid_kgco2e": 1000.0,
         "acquired": "2024-01-01", "lifetime_years": 5.0},
        {"asset": "new", "kind": "server", "count": 2, "mid_kgco2e": 1000.0,
         "acquired": "2026-01-01", "lifetime_years": 4.0},
    ]  # fmt: skip
    made = compose(make_material(tables={"assets": frame(ASSETS, *rows)}))
    booked = {r["asset"]: r["value"] for r in rows_of(made, "embodied_booked")}
    amortised = {r["asset"]: r["value"] for r in rows_of(made, "embodied_amortised")}
    assert booked == {"old": 0.0, "new": 2000.0}
    assert amortised == {"old": pytest.approx(2000.0), "new": pytest.approx(500.0)}
    assert value(made, "ghg_scope3_embodied", "category", "2") == 2000.0


def test_an_activity_without_a_factor_is_a_failure_and_never_guessed():
    """Without a factor of the fuel there is no scope 1, and the gate says so."""
    material = make_material()
    factors = {use: one for use, one in material.factors.items() if use != "fuel"}
    made = compose(replace(material, factors=factors))
    failures = [f.text for f in made.output("ghg_inventory").findings if f.level is Level.FAILURE]
    assert any("fuel_l" in text for text in failures)
    assert "ghg_scope1" not in [table.name for table in made.tables]


def test_every_hour_of_the_year_is_in_the_hourly_table():
    """8760 rows in 2026 and 8784 in 2024, with the score of each."""
    amounts = {**YEAR, "cfe_contracted": 22_496_400.0, "grid_cfe": 0.5}
    for year, hours in (("2026", 8760), ("2024", 8784)):
        made = compose(make_material(amounts, year=year, settings=Settings(year)))
        rows = rows_of(made, "cfe_hourly")
        assert len(rows) == hours
        assert made.output("cfe_hourly").findings == ()
        assert value(made, "cfe_summary", "metric", "CFE score") == pytest.approx(0.75)
        assert rows[0]["score"] == pytest.approx(0.75)


def test_verified_savings_follow_from_meters_only():
    """A year with the same conditions and 5 % less energy shows 5 % avoided, as verified."""
    change = {"on": "2025-11-02", "reason": "new meter of hall 2"}
    about = {"baseline": "2025", "variables": ["e_it"], "resolution": "day", "changes": [change]}
    material = make_material(reporting={"savings": about}, year="2026")
    rng = np.random.default_rng(5)
    sources = {}
    for year, factor in (("2025", 1.0), ("2026", 0.95)):
        period = parse_period(year, "Europe/Berlin")
        data = series_data(YEAR, list(YEAR), period, 0, "", 0)
        load = 1 + 0.2 * rng.standard_normal(365).clip(-2, 2).repeat(24)
        it, grid = (data.facts["role"] == role for role in ("e_it_ups", "e_grid"))
        data.value[it] *= load
        noise = 1 + 0.002 * rng.standard_normal(8760)
        data.value[grid] *= factor * (0.4 + 0.6 * load) * noise
        sources[year] = Source("measured", Components(data), period, Window.of(period))
    made = compose(replace(material, sources=(sources["2026"],), baseline=sources["2025"]))
    rows = {r["item"]: r for r in rows_of(made, "savings_verification")}
    assert rows["acceptance"]["text"] == "passed"
    assert rows["avoided share"]["value"] == pytest.approx(0.05, abs=0.005)
    assert rows["statement"]["text"] == "demonstrated"
    assert rows["relative uncertainty"]["value"] < 0.5
    assert rows["EnPI"]["value"] == pytest.approx(1 - rows["avoided share"]["value"])
    # the same conditions on average: both periods restated to those of the baseline
    assert rows["normalised saving"]["value"] == pytest.approx(
        0.05 * (0.4 + 0.6) * YEAR["e_grid"], rel=0.1
    )
    assert rows["baseline changed 2025-11-02"]["text"] == "new meter of hall 2"
    assert "verified" in made.output("savings_verification").tables[0].section


def _year(year: str, level: float, code: int = 0) -> Source:
    """A year of energy at a level of the reference data centre's, with a little noise."""
    period = parse_period(year, "Europe/Berlin")
    data = series_data(YEAR, list(YEAR), period, 0, "", code)
    grid = data.facts["role"] == "e_grid"
    wave = 1 + 0.1 * np.sin(np.arange(data.grid.num) * 2 * np.pi / 8760)
    noise = np.random.default_rng(int(year)).standard_normal(data.grid.num)
    data.value[grid] *= level * wave * (1 + (0.002 * noise if code == 0 else 0.0))
    section = "measured" if code == 0 else "modelled"
    return Source(section, Components(data), period, Window.of(period))


def _by_twin(level_of_twin: float, **savings: object) -> dict[str, dict]:
    """Verify 6 % less energy in 2026 by the twin of 2025, which is off by a factor."""
    about = {"option": "D", "baseline": "2025", "baseline_site": "before", **savings}
    material = make_material(reporting={"savings": about}, year="2026")
    twin = (_year("2025", level_of_twin, 5), _year("2026", level_of_twin, 5))
    known = {"baseline": _year("2025", 1.0), "twin_of_baseline": twin}
    made = compose(replace(material, sources=(_year("2026", 0.94),), **known))
    return {row["item"]: row for row in rows_of(made, "savings_verification")}


def test_savings_are_verified_by_the_calibrated_twin():
    """Option D: a twin that meets the meters of 2025 shows 6 % less grid energy in 2026."""
    rows = _by_twin(1.0)
    assert rows["acceptance"]["text"] == "passed"
    assert rows["statement"]["text"] == "demonstrated"
    grid = YEAR["e_grid"] / (YEAR["e_grid"] + YEAR["e_onsite"] + YEAR["e_generator"])
    assert rows["avoided share"]["value"] == pytest.approx(0.06 * grid, abs=0.002)
    assert rows["model"]["text"] == "calibrated twin of before"
    assert rows["plain difference"]["value"] == pytest.approx(0.06 * YEAR["e_grid"], rel=0.01)


def test_a_twin_that_misses_the_meters_verifies_nothing():
    """8 % of bias is above 5 %; a changed hall without an adjustment stands against the saving."""
    assert "NMBE" in _by_twin(1.08)["statement"]["text"]
    area = {"static_factors": {"hall": "1"}, "static_factors_now": {"hall": "2"}}
    assert "hall was 1 and is 2" in _by_twin(1.0, **area)["statement"]["text"]


def test_predicted_and_verified_savings_share_no_table_and_no_column(reference):
    """No table has both words in its columns, rows or section."""
    for table in reference.tables:
        words = " ".join([table.section, *(column.name for column in table.columns)])
        assert not ("predicted" in words and "verified" in words)


def test_independent_checks_hold_and_bite(reference):
    """Identities hold on the reference; a balance that is open by 3 % is flagged."""
    checks = {row["check"]: row for row in rows_of(reference, "independent_checks_measured")}
    assert len(checks) >= 3 and all(row["holds"] for row in checks.values())
    assert checks["ERE = (1 − ERF) · PUE"]["left"] == pytest.approx(1.188)
    opened = compose(make_material({**YEAR, "e_grid": YEAR["e_grid"] * 1.03}))
    found = [f for f in opened.findings if f.gate.startswith("independent_checks")]
    assert len(found) == 1 and "overhead" in found[0].text and found[0].level is Level.FLAG


def test_the_hourly_sum_is_the_total():
    """Location-based emissions by a carbon series equal the sum over the hours."""
    material = make_material({**YEAR, "grid_carbon": 0.4})
    factors = {use: one for use, one in material.factors.items() if use != "grid_location"}
    made = compose(replace(material, factors=factors))
    checks = {row["check"]: row for row in rows_of(made, "independent_checks_measured")}
    assert checks["location-based = Σ hourly"]["holds"]
    assert checks["location-based = Σ hourly"]["left"] == pytest.approx(0.4 * 44_992_800)


def test_failed_rules_in_force_are_named():
    """--fail-on rules looks at rules in force only: a draft that fails is no failure."""
    rules = ("DE-EnEfG-2023", "DE-EnEfG-draft-2026-04")
    facility = {**make_material().reporting.facility.model_dump(), "rated_connection_kw": 6000}
    settings = Settings("2026", rulesets=rules, as_of=pd.Timestamp("2027-07-01").date())
    amounts = {**YEAR, "e_grid": 60_000_000.0}
    made = compose(make_material(amounts, reporting={"facility": facility}, settings=settings))
    failed = failed_rules(made)
    assert "pue-existing-2027" in failed
    in_force = {row["rule"] for row in rows_of(made, "rule_verdicts_in_force")}
    assert set(failed) <= in_force
    assert any(row["verdict"] == "FAIL" for row in rows_of(made, "rule_verdicts_draft"))


def _run(after_kwh: float, gap: float) -> SimpleNamespace:
    """A stored plan as far as the prediction needs it."""
    side = {"cost": 10.0, "it_kwh": 50.0, "kgco2e": 20.0, "water_l": 500.0, "pue": 1.2,
            "peak_kw": 3.0, "host_overload_h": 0.0, "hours": 24.0}  # fmt: skip
    proof = SimpleNamespace(objective=10.0, bound=9.5, gap=gap, level="gap-proven")
    plan = SimpleNamespace(
        proof=proof, currency="EUR", binding=(), terms=(SimpleNamespace(before=12.0),)
    )
    manifest = SimpleNamespace(settings={"time_limit_s": 60}, stopped="gap", seed=1, run="run-1",
                               files={})  # fmt: skip
    metrics = {
        "before": {**side, "facility_kwh": 100.0},
        "after": {**side, "facility_kwh": after_kwh},
    }
    return SimpleNamespace(plan=plan, manifest=manifest, metrics=lambda: metrics, moves=lambda: [])


@pytest.mark.parametrize(("after", "told"), [(99.0, True), (80.0, False)])
def test_a_saving_smaller_than_the_gap_is_told_so(monkeypatch, after, told):
    """1 % saved at a gap of 5 % is within the gap, 20 % is not; all figures are predicted."""
    trivial = Heuristic(saved_kwh=3.0, saved_cost=1.0, hosts_asleep=2, num_broken=0)
    monkeypatch.setattr(plan_tables, "sleep_empty_hosts", lambda _: trivial)
    made = compose(replace(make_material(), run=_run(after, 0.05)))
    text = value(made, "plan_proof", "item", "honesty", "text")
    assert (text == "saving within optimality gap") == told
    assert value(made, "plan_proof", "item", "gap") == 0.05
    energy = value(made, "plan_predicted", "figure", "energy", "predicted_change")
    assert energy == pytest.approx(after - 100.0)
    market = value(made, "plan_predicted", "figure", "emissions, market-based", "predicted_change")
    assert market == pytest.approx((after - 100.0) * 0.48)
    assert {row["class"] for row in rows_of(made, "plan_predicted")} == {"MODELLED"}


def test_a_period_without_any_value_is_a_failure():
    """Nothing was seen: the report says so and does not pass."""
    made = compose(make_material({"win": 1.0}))
    assert any("no PUE is known" in f.text and f.level is Level.FAILURE for f in made.findings)
