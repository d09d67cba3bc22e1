"""The capacity plan: resources from three sources, forecast, orders, options and checklist."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from workflow.reference_material import YEAR, make_material

from optimiser.analysis.inventory import Element
from optimiser.errors import InputError
from optimiser.report.disclosure.table import Level
from optimiser.schema.capacity import DEMAND, RESOURCES
from optimiser.workflow.disclosure.capacity.checklist import lacking
from optimiser.workflow.disclosure.capacity.gather import check_elements
from optimiser.workflow.disclosure.capacity.months import month_label
from optimiser.workflow.disclosure.capacity.plan import capacity_plan
from optimiser.workflow.disclosure.material import Settings

ZONE = Element("zone", "north", "kW", 900.0, 800.0, 500.0, 580.0, 620.0, 12.0, "units failed")
FEED = Element("feed", "a", "kW", 900.0, 450.0, 300.0, 360.0, 380.0)
ROWS = [
    {"resource": "cooling", "resource_class": "technical", "known_from": "model",
     "series": "zone north", "growth_p10": 6, "growth_p50": 9, "growth_p90": 12,
     "lead_months": 9, "commissioning_months": 2},
    {"resource": "IT power", "resource_class": "technical", "known_from": "meter",
     "series": "e_it_ups", "unit": "kW", "usable": 4200, "lead_months": 6},
    {"resource": "hours", "resource_class": "human", "unit": "h/week", "nameplate": 200,
     "usable": 160, "use_peak": 168, "quality": "measured", "note": "leave"},
    {"resource": "licences", "resource_class": "information", "unit": "hosts", "usable": 120,
     "use_peak": 112, "quality": "measured", "lead_months": 3},
    {"resource": "budget", "resource_class": "financial", "unit": "EUR", "usable": 50_000},
]  # fmt: skip
LICENCES = [100 + month for month in range(13)]


def table(spec, rows):
    """Return rows as the reader gives them: every column, empty texts, NaN numbers."""
    frame = pd.DataFrame(rows)
    for column in spec.columns:
        if column.name not in frame:
            frame[column.name] = pd.NA
        if column.is_number:
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(float)
        else:
            default = column.default if column.default is not None else ""
            frame[column.name] = frame[column.name].fillna(default).astype(str)
    return frame


def demand():
    """Return thirteen months of licences that grow by one; the last plan foresaw one less."""
    months = pd.period_range("2025-12", periods=13, freq="M").astype(str)
    rows = [
        {"resource": "licences", "month": month, "demand": used, "planned": used - 1}
        for month, used in zip(months, LICENCES, strict=True)
    ]
    return table(DEMAND, rows)


def planned(rows=ROWS, capacity=None, elements=(ZONE, FEED), frameworks=("iso20000",), **known):
    """Return the plan of the reference data centre."""
    material = make_material(
        YEAR,
        reporting={"capacity": {"resources": "r.csv", "demand": "d.csv", **(capacity or {})}},
        settings=Settings("2026", frameworks=frameworks),
        tables={"capacity_resources": table(RESOURCES, rows), "capacity_demand": demand()},
        **known,
    )
    return capacity_plan(replace(material, capacity=elements))


def rows_of(plan, name):
    """Return the rows of one of its tables by column."""
    found = next(one for one in plan.tables if one.name == name)
    names = [column.name for column in found.columns]
    return {
        found.key_of(row): dict(zip(names, row, strict=True)) for row in found.rows
    }  # fmt: skip


def test_the_worked_example_is_ordered_in_month_four():
    """620 of 800 kW and 12 more a month at P90: out in 15 months, ordered in month 4."""
    order = rows_of(planned(), "capacity_orders")["cooling"]
    assert order["exhausted_p90"] == "2028-03"
    assert (order["order_in_months"], order["order_by"]) == (4.0, "2027-04")
    assert order["exhausted_p50"] == "2028-08"
    assert order["method"] == "growth@1" and order["folds"] is None


def test_quiet_elements_are_only_counted():
    """A feed below its warning without a forecast has no row; one above it has."""
    plan = planned(elements=(ZONE, FEED, replace(FEED, name="b", peak=300.0)))
    orders = rows_of(plan, "capacity_orders")
    assert "feed a" in orders and "feed b" not in orders
    table = next(one for one in plan.tables if one.name == "capacity_orders")
    assert table.notes[-1].startswith("1 more elements")


def test_use_comes_from_model_meters_and_table():
    """Each source in its section with class, headroom and state; nothing is mixed."""
    plan = planned()
    modelled = rows_of(plan, "capacity_use_modelled")
    assert set(modelled) == {"technical / cooling", "technical / feed a"}
    assert modelled["technical / cooling"]["stranded"] == 12.0
    assert modelled["technical / cooling"]["class"] == "MODELLED"
    measured = rows_of(plan, "capacity_use_measured")
    it = measured["technical / IT power"]
    assert it["mean"] == pytest.approx(4000.0) and it["p95"] == pytest.approx(4000.0)
    assert (it["class"], it["completeness"], it["state"]) == ("MEASURED", 1.0, "act")
    assert measured["human / hours"]["state"] == "over"
    budget = measured["financial / budget"]
    assert (budget["class"], budget["reason"], budget["headroom"]) == ("MISSING", "NO_DATA", None)


def test_past_demand_becomes_a_trend_with_back_test():
    """Licences grow by one a month: 112 + 8 reach 120, known lead time of three."""
    plan = planned()
    order = rows_of(plan, "capacity_orders")["licences"]
    assert (order["method"], order["history"], order["folds"]) == ("trend@1", 13, 7)
    assert order["exhausted_p90"] == "2027-08" and order["order_in_months"] == 5.0
    months = rows_of(plan, "capacity_forecast")
    assert months["licences / 2027-09"]["p50"] == pytest.approx(121.0)
    assert months["licences / 2027-09"]["shortfall_p90"] == pytest.approx(1.0)
    last = rows_of(plan, "capacity_last_plan")
    assert len(last) == 13 and {row["error"] for row in last.values()} == {-1.0}


def test_reserves_are_told_with_and_without():
    """What redundancy keeps back, for modelled and for told resources."""
    plan = planned()
    zone = rows_of(plan, "capacity_reserves_modelled")["cooling"]
    assert (zone["without"], zone["with"], zone["kept"]) == (900.0, 800.0, 100.0)
    assert (zone["headroom_without"], zone["headroom_with"]) == (280.0, 180.0)
    assert zone["reserve"] == "units failed"
    assert rows_of(plan, "capacity_reserves_measured")["hours"]["kept"] == 40.0


def test_the_chosen_option_is_in_the_forecast():
    """Usable grows from the month it is ready, and the option says when demand reaches that."""
    option = {"name": "unit", "kind": "buy", "resource": "cooling", "adds": 60.0,
              "ready": "2027-06-01", "capex": 10.0}  # fmt: skip
    plan = planned(capacity={"options": [option], "chosen": {"option": "unit"}})
    months = rows_of(plan, "capacity_forecast")
    assert [months[f"cooling / 2027-0{m}"]["planned"] for m in (5, 6)] == [800.0, 860.0]
    assert months["cooling / 2028-06"]["shortfall_p90"] == pytest.approx(36.0)
    assert months["cooling / 2028-06"]["shortfall_planned_p90"] == 0.0
    options = rows_of(plan, "capacity_options")
    assert options["unit"]["exhausted_p90"] == "2028-08" and options["unit"]["is_chosen"] is True
    assert options["do-nothing"]["kind"] == "do_nothing"
    assert rows_of(plan, "capacity_choice")["option"]["text"] == "unit"


def test_a_whole_plan_lacks_nothing():
    """Only the overfull resource is remarked."""
    plan = planned()
    assert lacking(plan) == []
    assert [f.text for f in plan.findings] == ["more is used than is usable: hours"]


@pytest.mark.parametrize("group", ["human", "information", "financial"])
def test_each_class_is_told_or_excused(group):
    """Without rows of a class the plan fails, unless a reason is given."""
    rows = [row for row in ROWS if row["resource_class"] != group]
    plan = planned(rows)
    assert any(group in text for text in lacking(plan))
    assert any(f.level is Level.FAILURE and group in f.text for f in plan.findings)
    excused = planned(rows, {"not_applicable": {group: "the landlord's"}})
    assert lacking(excused) == []
    row = rows_of(excused, "capacity_use_measured")[f"{group} / not applicable"]
    assert row["reason"] == "the landlord's"


def test_reserves_thresholds_and_forecast_are_asked_for():
    """Parts of the checklist are missed one by one."""
    bare = [{**row, "growth_p50": None, "lead_months": None} for row in ROWS[:1]]
    found = planned(
        [{key: value for key, value in row.items() if value is not None} for row in bare],
        {"not_applicable": dict.fromkeys(("human", "information", "financial"), "none")},
        elements=(replace(ZONE, usable=900.0, peak=800.0),),
    )
    text = "; ".join(lacking(found))
    assert "effect of service levels" in text and "no forecast" in text and "lead time" in text


def test_the_interval_is_asked_for():
    """A forecast without P90 is none."""
    plan = planned()
    place, months = next((i, t) for i, t in enumerate(plan.tables) if t.name == "capacity_forecast")
    at = [column.name for column in months.columns].index("p90")
    blank = tuple(tuple(None if i == at else c for i, c in enumerate(row)) for row in months.rows)
    tables = list(plan.tables)
    tables[place] = replace(months, rows=blank)
    assert lacking(replace(plan, tables=tuple(tables))) == ["the forecast lacks its interval"]


def test_late_orders_are_remarked():
    """A lead time longer than what is left."""
    rows = [{**ROWS[0], "lead_months": 30}, *ROWS[1:]]
    assert any("ordered already: cooling" in f.text for f in planned(rows).findings)


def test_a_site_without_a_model_tells_the_rest():
    """Technical resources of the model are missing with their reason, the plan stays."""
    plan = planned(elements="the site can not be modelled")
    row = rows_of(plan, "capacity_use_modelled")["technical / cooling"]
    assert (row["class"], row["reason"], row["completeness"]) == ("MISSING", "NO_DATA", 0.0)
    told = [row["assumption"] for row in rows_of(plan, "capacity_assumptions").values()]
    assert any("can not be modelled" in text for text in told)


def test_without_anything_it_does_not_apply():
    """No model, no table: the reason stands there."""
    material = replace(make_material(), capacity="nothing is known to run on the site")
    assert capacity_plan(material).not_applicable == "nothing is known to run on the site"


def test_a_wrong_name_of_the_model_is_told(tmp_path):
    """With the nearest one."""
    rows = table(RESOURCES, [{**ROWS[0], "series": "zone nort"}])
    with pytest.raises(InputError, match="did you mean 'zone north'"):
        check_elements(tmp_path / "r.csv", rows, (ZONE, FEED))


def test_parts_of_months_are_never_late():
    """Order in 3.5 months means in the third."""
    assert month_label(date(2026, 12, 31), 3.5) == "2027-03"
    assert month_label(date(2026, 12, 31), -1.5) == "2026-10"
