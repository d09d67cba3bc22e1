"""Indicators that need more than meters, in the summary of the reference data centre."""

from dataclasses import replace

import pytest
from workflow.reference_material import REPORTING, YEAR, make_material

from optimiser.analysis.kpi.quantity import Quantity
from optimiser.workflow.disclosure.compose import compose
from optimiser.workflow.disclosure.further import further_indicators
from optimiser.workflow.disclosure.material import ChosenFactor, Settings

SERVERS = [
    {"count": 100, "performance": 12_000, "power_w": 400, "benchmark": "b 1"},
    {"count": 50, "performance": 8_000, "power_w": 350, "benchmark": "b 1"},
]


def _rows(made, name):
    table = next(one for one in made.tables if one.name == name)
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def _found(**reporting):
    amounts = {**YEAR, "useful_work": 46_252_800.0}
    material = make_material(amounts, reporting=reporting, settings=Settings("2026"))
    water = ChosenFactor(Quantity("ewif", 0.001, "m3/kWh"), "water-id")
    return replace(material, factors={**material.factors, "water": water})


def test_servers_work_and_water_of_the_grid():
    """ITEEsv 27.826, one task per kWh, and a litre for each kWh of the grid."""
    material = _found(servers=SERVERS, num_servers=200, work_values="board 2026-01")
    ratios = {one.name: one for one in further_indicators(material, material.best)}
    assert ratios["ITEEsv"].value == pytest.approx(27.826087, abs=5e-7)
    assert ratios["DCeP"].value == pytest.approx(1.0)
    assert ratios["WUE"].label == "WUE3(2026)"
    assert ratios["WUE"].value == pytest.approx(1.2 + 44_992_800 / 35_040_000)
    assert set(ratios) == {"ITEEsv", "DCeP", "WUE"}
    rows = _rows(compose(material), "kpi_summary_measured")
    assert "ITEEsv" in {row["metric"] for row in rows}


def test_nothing_is_told_that_is_not_known():
    """Without benchmarks, values and a factor none of them appears."""
    bare = make_material()
    assert further_indicators(bare, bare.best) == []


def test_the_model_has_a_design_value():
    """A simulated source states its dPUE with load profile and climate."""
    material = make_material(section="modelled", code=5)
    (found,) = further_indicators(material, material.best)
    assert (found.name, found.value) == ("dPUE", pytest.approx(1.32))
    assert found.flags[-1].code == "DESIGN"


def test_the_score_s_ratio_is_indicative():
    """Chosen by name: 1.32 over 1.810 predicted."""
    material = make_material(settings=Settings("2026", rulesets=("ENERGY-STAR",)))
    (found,) = further_indicators(material, material.best)
    assert found.value == pytest.approx(0.729, abs=5e-4)


def test_what_the_site_tells_is_judged():
    """Facts and refrigerants: a gas of no warming potential, one of the library, told shares."""
    gases = [{"name": "R-717", "charge_kg": 10, "leaked_kg": 1, "gwp": 0},
             {"name": "R-134a", "charge_kg": 10, "leaked_kg": 2}]  # fmt: skip
    facility = {**REPORTING["facility"], "refrigerants": gases}
    facts = {"assessed_servers_share": 1.0, "sert_2_socket": 9.4}
    material = make_material(
        reporting={"facility": facility, "facts": facts},
        settings=Settings("2026", rulesets=("EU-CoC", "CNDCP", "EU-2019-424")),
    )
    gwp = ChosenFactor(Quantity("gwp R-134a", 1530.0, "kgCO2e/kg"), "R-134a")
    made = compose(replace(material, factors={**material.factors, "gwp R-134a": gwp}))
    verdicts = {row["rule"]: row["verdict"] for row in _rows(made, "rule_verdicts_in_force")}
    assert verdicts["refrigerant-gwp"] == "FAIL"
    assert verdicts["server-reuse"] == "PASS"
    assert verdicts["active-2-socket"] == "FAIL"
    assert verdicts["active-blade"] == "INSUFFICIENT_DATA"
    leaks = {row["activity"]: row["value"] for row in _rows(made, "ghg_scope1")}
    assert leaks["leak R-717"] == 0.0
    assert leaks["leak R-134a"] == pytest.approx(3060.0)


def test_design_limits_are_judged():
    """MLC 0.22 and ELC 0.0593 against limits that the user supplies."""
    reporting = {
        "electrical_segments": {"ups": 0.955, "distribution": 0.985},
        "limits": {"mlc": 0.25, "elc": 0.05, "mlc_plus_elc": 0.30},
        "limits_source": "edition and zone of the test",
    }
    settings = Settings("2026", rulesets=("ASHRAE-90.4",))
    made = compose(make_material(reporting=reporting, settings=settings))
    rows = _rows(made, "rule_verdicts_in_force")
    verdicts = {row["rule"]: row["verdict"] for row in rows}
    assert verdicts == {"mlc": "PASS", "elc": "FAIL", "trade-off": "PASS"}


def test_sert_scores_of_servers_are_judged():
    """Scores (20, 15, 10) and worse ones: the lowest of each form counts, told facts win."""
    scores = [{"cpu": 20, "memory": 15, "storage": 10}, {"cpu": 9, "memory": 8, "storage": 7}]
    servers = [{**SERVERS[0], "form": "2_socket", "sert": one} for one in scores]
    material = make_material(
        reporting={"servers": servers}, settings=Settings("2026", rulesets=("EU-2019-424",))
    )
    verdicts = {row["rule"]: row for row in _rows(compose(material), "rule_verdicts_in_force")}
    row = next(row for row in verdicts.values() if row["metric"] == "sert_2_socket")
    assert row["value"] == pytest.approx(8.579057, abs=5e-4)
    assert row["verdict"] == "FAIL"
    told = make_material(
        reporting={"servers": servers[:1], "facts": {"sert_2_socket": 9.6}},
        settings=Settings("2026", rulesets=("EU-2019-424",)),
    )
    row = next(row for row in _rows(compose(told), "rule_verdicts_in_force")
               if row["metric"] == "sert_2_socket")  # fmt: skip
    assert (row["value"], row["verdict"]) == (9.6, "PASS")


def test_practices_are_counted_by_section():
    """Numbers of practices by state for each section that has one."""
    practices = [
        {"number": "5.1.2", "status": "implemented"},
        {"number": "5.1.3", "status": "planned", "planned": "2027-01-01"},
        {"number": "3.1.1", "status": "endorsed"},
    ]
    material = make_material(
        reporting={"practices": practices}, settings=Settings("2026", rulesets=("EU-CoC",))
    )
    rows = {row["number"]: row for row in _rows(compose(material), "practices_by_section")}
    assert (rows["5"]["told"], rows["5"]["implemented"], rows["5"]["planned"]) == (2, 1, 1)
    assert rows["3"]["endorsed"] == 1
    assert "9" not in rows


def test_use_of_servers_is_the_mean_of_their_levels():
    """Hosts at 10, 30 and 50 % are used at 30 % (ITEUsv)."""
    from optimiser.workflow.disclosure.indicators import energy_indicators

    material = make_material({**YEAR, "it_cpu": 0.3})
    data = material.best.components.data
    row = int(data.rows("it_cpu")[0])
    steps = data.value.shape[1]
    data.value[row] = [0.1, 0.3, 0.5] * (steps // 3)
    found = {one.name: one for one in energy_indicators(material, material.best)}
    assert found["ITEUsv"].value == pytest.approx(0.30)


def test_what_is_taken_for_granted_is_an_assumption():
    """The facts that no one told stand among the assumptions, until they are told."""
    rows = _rows(compose(make_material()), "assumptions")
    assert "facts.is_defence = false" in {row["assumption"] for row in rows}
    told = compose(make_material(reporting={"facts": {"is_defence": False}}))
    assert "facts.is_defence = false" not in {r["assumption"] for r in _rows(told, "assumptions")}
