"""Dated rules at their edges, classes, and relations of disclosed values."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from analysis.kpi.reference_site import PARTS, WATER, YEAR, quantity, simple

from optimiser.analysis.kpi.classes import (
    check_values,
    class_index,
    grade,
    indicator_values,
)
from optimiser.analysis.kpi.design import (
    electrical_loss,
    energy_star,
    mechanical_load,
    predicted_pue,
    size_band,
)
from optimiser.analysis.kpi.emissions import water_effectiveness
from optimiser.analysis.kpi.energy import pue
from optimiser.analysis.kpi.quantity import Quality
from optimiser.analysis.kpi.reuse import reuse_factor
from optimiser.analysis.kpi.verdicts import Claim, Outcome, add_months, judge, status_of
from optimiser.errors import InputError, UsageError
from optimiser.library.rulesets import choose_rulesets, load_rulesets, read_ruleset, read_rulesets

GERMAN = load_rulesets()["DE-EnEfG-2023"]
DRAFT = load_rulesets()["DE-EnEfG-draft-2026-04"]
LABEL = load_rulesets()["EU-C-2026-3472"]
FORM = load_rulesets()["EU-2024-1364"]
OLD = {"start": date(2019, 5, 1), "rated_connection_kw": 300.0, "is_network_node": False}
NEW = {**OLD, "start": date(2026, 7, 1)}


def verdict(rule, as_of, metrics=None, facts=None, ruleset=GERMAN, **more):
    """Return the verdict of one rule."""
    metrics = {"pue": pue(simple(1.52e6, 1e6), YEAR)} if metrics is None else metrics
    found = judge([ruleset], metrics, OLD if facts is None else facts, as_of, **more)
    return next(one for one in found if one.rule == rule)


def test_rule_binds_from_its_day_on():
    """Start 2019, 300 kW, PUE 1.52: NOT_APPLICABLE on 2027-06-30, FAIL on 2027-07-01."""
    before = verdict("pue-existing-2027", date(2027, 6, 30))
    assert before.outcome is Outcome.NOT_APPLICABLE
    assert before.why == "binds from 2027-07-01"
    found = verdict("pue-existing-2027", date(2027, 7, 1))
    assert found.outcome is Outcome.FAIL
    assert (found.threshold, found.value) == (1.5, 1.52)
    assert found.margin == pytest.approx(-0.02)
    assert found.status == "in_force"
    assert found.citation.endswith("Section 11(1) number 1")
    later = verdict("pue-existing-2027", date(2030, 7, 1))
    assert later.outcome is Outcome.NOT_APPLICABLE
    assert verdict("pue-existing-2030", date(2030, 7, 1)).outcome is Outcome.FAIL


@pytest.mark.parametrize(("e_dc", "outcome"), [(1.5e6, "PASS"), (1.5000001e6, "FAIL")])
def test_threshold_itself_is_kept(e_dc, outcome):
    """1.5 passes, 1.5000001 does not, although both print as 1.50 (G9)."""
    found = verdict("pue-existing-2027", date(2027, 7, 1), {"pue": pue(simple(e_dc, 1e6), YEAR)})
    assert found.outcome == outcome


def test_who_is_concerned():
    """Below 300 kW and for network nodes nothing applies; what is not known is told."""
    day = date(2028, 1, 1)
    small = verdict("pue-existing-2027", day, facts={**OLD, "rated_connection_kw": 299.9})
    node = verdict("pue-existing-2027", day, facts={**OLD, "is_network_node": True})
    assert {small.outcome, node.outcome} == {Outcome.NOT_APPLICABLE}
    unknown = verdict("pue-existing-2027", day, facts={**OLD, "rated_connection_kw": None})
    assert unknown.outcome is Outcome.INSUFFICIENT_DATA
    assert unknown.why == "not known: rated_connection_kw"
    new = verdict("pue-existing-2027", day, facts=NEW)
    assert new.outcome is Outcome.NOT_APPLICABLE


def test_new_sites_have_two_years():
    """Start 1 July 2026: the limit of 1.2 binds from 1 July 2028 on."""
    assert verdict("pue-new", date(2028, 6, 30), facts=NEW).outcome is Outcome.NOT_APPLICABLE
    found = verdict("pue-new", date(2028, 7, 1), facts=NEW)
    assert (found.outcome, found.standing) == (Outcome.FAIL, "needs_licensed_text_check")
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2024, 10, 31), 1) == date(2024, 11, 30)


@pytest.mark.parametrize(
    ("start", "share"),
    [(date(2026, 7, 1), 0.10), (date(2027, 6, 30), 0.10), (date(2027, 7, 1), 0.15),
     (date(2028, 6, 30), 0.15), (date(2028, 7, 1), 0.20)],
)  # fmt: skip
def test_reuse_grows_with_the_year_of_the_start(start, share):
    """Exactly one of the three shares concerns a site, and its own threshold passes."""
    found = [
        one
        for one in judge([GERMAN], {"erf": share}, {**OLD, "start": start}, date(2032, 1, 1))
        if one.metric == "erf" and one.outcome is not Outcome.NOT_APPLICABLE
    ]
    assert [(one.threshold, one.outcome) for one in found] == [(share, Outcome.PASS)]


def test_exemptions():
    """A claim stands where the rule has grounds; elsewhere the rule still fails and says so."""
    day, erf = date(2032, 1, 1), reuse_factor(quantity("e", 1.0), simple(100.0, 80.0), YEAR)
    claims = [Claim("erf-new-2026", "agreement with the network of 2025-04-01"),
              Claim("pue-new", "too dear")]  # fmt: skip
    metrics = {"erf": erf, "pue": pue(simple(1.52e6, 1e6), YEAR)}
    claimed = verdict("erf-new-2026", day, metrics, NEW, claims=claims)
    assert claimed.outcome is Outcome.EXEMPTION_CLAIMED
    assert claimed.why == "agreement with the network of 2025-04-01"
    refused = verdict("pue-new", day, metrics, NEW, claims=claims)
    assert refused.outcome is Outcome.FAIL
    assert "does not have" in refused.why
    good = {"erf": reuse_factor(quantity("e", 50.0), simple(100.0, 80.0), YEAR)}
    assert verdict("erf-new-2026", day, good, NEW, claims=claims).outcome is Outcome.PASS


def test_what_is_missing_or_interim_is_not_judged():
    """No figure, a refused one, part of a year: INSUFFICIENT_DATA with the reason."""
    day = date(2028, 1, 1)
    nothing = verdict("pue-existing-2027", day, {})
    assert (nothing.outcome, nothing.why) == (Outcome.INSUFFICIENT_DATA, "pue: NO_DATA")
    wrong = verdict("pue-existing-2027", day, {"pue": pue(simple(9.0, 10.0), YEAR)})
    assert wrong.why == "pue: OUT_OF_BAND"
    interim = replace(YEAR, is_year=False)
    part = verdict("pue-existing-2027", day, {"pue": pue(simple(12.0, 10.0), interim)})
    assert part.outcome is Outcome.INSUFFICIENT_DATA
    assert "interim" in part.why


def test_verdict_tells_class_and_certainty():
    """1.49 ± 1 % passes, not certainly; modelled figures stay modelled."""
    parts = {
        "e_grid": quantity("e_grid", 1.49e6, relative=0.01, quality=Quality.MODELLED),
        "e_it_ups": quantity("e_it_ups", 1e6),
    }
    found = verdict("pue-existing-2027", date(2028, 1, 1), {"pue": pue(parts, YEAR)})
    assert (found.outcome, found.is_certain) == (Outcome.PASS, False)
    assert found.quality is Quality.MODELLED
    sure = verdict("pue-existing-2027", date(2028, 1, 1), {"pue": pue(simple(1.4e6, 1e6), YEAR)})
    assert sure.is_certain is True


def test_draft_and_law_stay_apart():
    """1.52 fails the law and passes the draft; the draft is chosen by name only."""
    draft = verdict("pue-existing-2027", date(2027, 7, 1), ruleset=DRAFT)
    assert (draft.outcome, draft.status) == (Outcome.PASS, "draft")
    chosen = [one.id for one in choose_rulesets([], ["EU", "DE"])]
    assert "DE-EnEfG-2023" in chosen and "EU-2024-1364" in chosen and "GHGP-S2-2015" in chosen
    assert all(one.status == "in_force" for one in choose_rulesets([], ["EU", "DE", "US"]))
    assert [one.id for one in choose_rulesets([DRAFT.id], ["DE"])] == [DRAFT.id]
    with pytest.raises(UsageError, match="did you mean 'CNDCP'"):
        choose_rulesets(["CNDPC"], [])


def test_status_follows_the_day():
    """Before its first day a ruleset binds nobody; drafts stay drafts."""
    assert status_of(GERMAN, date(2023, 11, 17)) == "not_yet_in_force"
    assert status_of(GERMAN, date(2023, 11, 18)) == "in_force"
    assert status_of(DRAFT, date(2040, 1, 1)) == "draft"
    early = verdict("renewable-2024", date(2023, 11, 17), {"renewable_share": 0.4})
    assert (early.outcome, early.why) == (Outcome.NOT_APPLICABLE, "in force from 2023-11-18")
    assert status_of(GERMAN.model_copy(update={"valid_to": date(2030, 1, 1)}),
                     date(2030, 1, 2)) == "repealed"  # fmt: skip


def test_renewable_electricity():
    """Half of it from 2024 on, all of it from 2027 on."""
    half = {"renewable_share": 0.5}
    assert verdict("renewable-2024", date(2026, 12, 31), half).outcome is Outcome.PASS
    assert verdict("renewable-2027", date(2026, 12, 31), half).outcome is Outcome.NOT_APPLICABLE
    assert verdict("renewable-2027", date(2027, 1, 1), half).outcome is Outcome.FAIL


def test_duties_are_yes_or_no():
    """A management system that is missing fails, whatever 1 and 0 may mean elsewhere."""
    day = date(2026, 1, 1)
    assert verdict("management-system", day, {"has_ems": True}).outcome is Outcome.PASS
    found = verdict("management-system", day, {"has_ems": False})
    assert (found.outcome, found.margin) == (Outcome.FAIL, None)


@pytest.mark.parametrize(
    ("e_dc", "label"),
    [(1.15, "A"), (1.1500001, "B"), (1.1549, "B"), (1.25, "B"), (1.35, "C"), (1.5, "D"),
     (1.7, "E"), (1.9, "F"), (1.90001, "G")],
)  # fmt: skip
def test_classes_of_pue(e_dc, label):
    """Upper bounds belong to their class: 1.15 is A, 1.1500001 is B."""
    assert grade(LABEL.scales[0], pue(simple(e_dc * 1e6, 1e6), YEAR)).label == label


def test_classes_of_the_reference_site():
    """PUE 1.32 is C, 2 452 800 kWh from B; fresh water 1.00 L/kWh is F, 7 008 m3 from E."""
    energy = grade(LABEL.scales[0], pue(PARTS, YEAR))
    assert (energy.label, energy.next_label, energy.next_bound) == ("C", "B", 1.25)
    assert energy.distance == pytest.approx(0.07)
    assert (energy.amount, energy.amount_unit) == (pytest.approx(2_452_800), "kWh")
    water = grade(LABEL.scales[1], water_effectiveness(WATER["win_fre"], PARTS, YEAR))
    assert (water.label, water.next_label) == ("F", "E")
    assert (water.amount, water.amount_unit) == (pytest.approx(7_008), "m3")
    assert grade(LABEL.scales[0], pue(simple(1.0, 0.0), YEAR)).reason == "DIV0"
    assert grade(LABEL.scales[0], pue(simple(1.1, 1.0), YEAR)).distance is None
    assert class_index(LABEL.scales[1], 0.1) == 0


def test_four_indicators_of_the_form():
    """The public example: 1.25, 1.5, 0.15, 0.60."""
    values = {"edc": 10e6, "eit": 8e6, "win": 12_000.0, "ereuse": 1.5e6, "eres_tot": 6e6}
    found = {code: value for code, (value, _) in indicator_values(FORM, values).items()}
    assert found == pytest.approx({"PUE": 1.25, "WUE": 1.5, "ERF": 0.15, "REF": 0.60})
    assert indicator_values(FORM, {**values, "eit": 0.0})["PUE"] == (None, "DIV0")
    assert indicator_values(FORM, {**values, "eit": None})["PUE"] == (None, "NO_DATA")
    fresh = indicator_values(LABEL, {**values, "win_fre": 8_000.0})
    assert fresh["WUE"][0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "severity"),
    [({"eit": 11e6}, "error"), ({"scr": 1001.0}, "error"), ({"edc_bg": 11e6}, "error"),
     ({"ereuse": 11e6}, "error"), ({"win_pot": 12_001.0}, "error"),
     ({"eres_goo": 4e6}, "error"),
     ({"eres_tot": 11e6, "eres_os": 6e6}, "warning")],
)  # fmt: skip
def test_relations_of_disclosed_values(change, severity):
    """Each relation is told when it is broken, and only then (ΣERES among them)."""
    values = {"edc": 10e6, "eit": 8e6, "win": 12_000.0, "win_pot": 5_000.0, "ereuse": 1.5e6,
              "eres_tot": 6e6, "eres_goo": 3e6, "eres_ppa": 2e6, "eres_os": 1e6, "edc_bg": 1e4,
              "scr": 900.0, "sdc": 1000.0}  # fmt: skip
    assert check_values(FORM, values) == []
    flags = check_values(FORM, {**values, **change})
    assert [flag.severity for flag in flags] == [severity]
    assert check_values(FORM, {**values, "eres_goo": None}) == []


def test_limits_of_licensed_text():
    """MLC 0.22; ELC of 0.955 × 0.985 is 0.0593; without limits nothing is judged."""
    mlc = mechanical_load([PARTS["e_cooling"]], PARTS["e_it_ups"], YEAR)
    assert mlc.value == pytest.approx(0.22)
    elc = electrical_loss([0.955, 0.985])
    assert elc == pytest.approx(0.0593, abs=5e-5)
    standard = load_rulesets()["ASHRAE-90.4"]
    metrics = {"mlc": mlc, "elc": elc, "mlc_plus_elc": mlc.value + elc}
    without = judge([standard], metrics, {}, date(2026, 1, 1))
    assert {one.outcome for one in without} == {Outcome.INSUFFICIENT_DATA}
    assert "licensed" in without[0].why
    limits = {"mlc": 0.25, "elc": 0.05, "mlc_plus_elc": 0.30}
    found = judge([standard], metrics, {}, date(2026, 1, 1), limits=limits)
    assert [one.outcome for one in found] == [Outcome.PASS, Outcome.FAIL, Outcome.PASS]
    with pytest.raises(ValueError, match="efficiencies"):
        electrical_loss([1.2])


def test_ratio_to_the_predicted_pue():
    """0.11956 TBtu of IT energy predict 1.810; 1.32 is 0.729 of it."""
    numbers = load_rulesets()["ENERGY-STAR"].parameters
    line = (float(numbers["intercept"]), float(numbers["slope_per_tbtu"]))
    assert predicted_pue(35_040_000.0, *line) == pytest.approx(1.810, abs=5e-4)
    found = energy_star(pue(PARTS, YEAR), YEAR, *line)
    assert found.value == pytest.approx(0.729, abs=5e-4)
    assert found.flags[0].code == "INDICATIVE"
    assert energy_star(pue(simple(1.0, 0.0), YEAR), YEAR, *line).reason == "DIV0"
    quarter = replace(YEAR, is_year=False)
    assert energy_star(pue(PARTS, quarter), quarter, *line).reason == "PARTIAL"
    at_pdu = {**PARTS, "e_it_pdu": quantity("e_it_pdu", 34_000_000.0)}
    with pytest.raises(ValueError, match="UPS outputs"):
        energy_star(pue(at_pdu, YEAR), YEAR, *line)


@pytest.mark.parametrize(
    ("kw", "name"),
    [(99, "below the form"), (100, "very small"), (499.9, "very small"), (500, "small"),
     (1000, "medium"), (2000, "large"), (10_000, "large"), (10_001, "very large")],
)  # fmt: skip
def test_size_bands(kw, name):
    """Bands by installed IT power."""
    assert size_band(kw) == name


def test_pact_targets():
    """A new site in a warm climate may have 1.4, in a cool one 1.3; no water stress, no limit."""
    pact = load_rulesets()["CNDCP"]
    facts = {"rated_it_kw": 4000.0, "start": date(2025, 3, 1), "has_cool_climate": False,
             "uses_potable_water": True, "has_water_stress": False}  # fmt: skip
    metrics = {"pue": pue(simple(1.35e6, 1e6), YEAR), "clean_share": 0.75, "wue_pot": 0.6}
    found = {one.rule: one.outcome for one in judge([pact], metrics, facts, date(2026, 1, 1))}
    assert found["pue-new-warm"] is Outcome.PASS
    assert found["pue-new-cool"] is Outcome.NOT_APPLICABLE
    assert found["pue-existing-warm"] is Outcome.NOT_APPLICABLE
    assert found["clean-energy-2025"] is Outcome.PASS
    assert found["wue-new"] is Outcome.NOT_APPLICABLE
    facts = {**facts, "has_water_stress": True, "has_cool_climate": True}
    found = {one.rule: one.outcome for one in judge([pact], metrics, facts, date(2026, 1, 1))}
    assert (found["wue-new"], found["pue-new-cool"]) == (Outcome.FAIL, Outcome.FAIL)


def test_both_methods_of_scope_2_are_asked_for():
    """Market-based alone is not enough; SB 253 asks for scope 3 a year later."""
    method = load_rulesets()["GHGP-S2-2015"]
    found = judge([method], {"ghg_scope1": 1.0, "ghg_scope2_market": 2.0}, {}, date(2026, 1, 1))
    assert [one.outcome for one in found] == [
        Outcome.PASS, Outcome.INSUFFICIENT_DATA, Outcome.PASS,
    ]  # fmt: skip
    law = load_rulesets()["US-CA-SB253"]
    facts = {"is_us_entity": True, "does_business_in_california": True, "revenue_usd": 2e9}
    metrics = dict.fromkeys(("ghg_scope1", "ghg_scope2_location", "ghg_scope3"), 1.0)
    early = judge([law], metrics, facts, date(2026, 8, 9))
    assert {one.outcome for one in early} == {Outcome.NOT_APPLICABLE}
    found = judge([law], metrics, facts, date(2026, 8, 10))
    assert [one.outcome for one in found] == [Outcome.PASS, Outcome.PASS, Outcome.NOT_APPLICABLE]


def test_every_ruleset_is_sourced():
    """Each names its reference and the day it was read, and says nothing that it may not say."""
    for one in load_rulesets().values():
        assert one.citation and one.retrieved_at <= date(2026, 11, 28)
        text = one.model_dump_json().lower()
        for word in ("certified", "compliant", "carbon neutral", "eu label"):
            assert word not in text, (one.id, word)
    assert {alias.ids["set1-2023"][:4] for alias in load_rulesets()["ESRS-E1"].aliases} >= {
        "E1-5", "E1-6",
    }  # fmt: skip


BROKEN = """\
id: mine
title: Mine
jurisdiction: XX
force: law
status: draft
citation: c
retrieved_at: 2026-01-01
rules:
  - {id: a, sentence: s, metric: pue, op: '<=', citation: c}
  - {id: b, sentence: s, metric: pue, op: '=<', threshold: 1, citation: c}
scales:
  - {metric: pue, classes: [{label: A, upper: 2}, {label: B, upper: 1}, {label: C}]}
"""


def test_mistakes_in_a_ruleset_are_told_together(tmp_path: Path):
    """No limit, an unknown comparison, falling bounds: each with its line."""
    path = tmp_path / "mine.yaml"
    path.write_text(BROKEN)
    with pytest.raises(InputError) as caught:
        read_ruleset(path)
    lines = {problem.line for problem in caught.value.problems}
    assert lines == {9, 10, 12}
    assert "give either threshold or limit" in str(caught.value)
    with pytest.raises(InputError):
        read_rulesets(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("status: in_force", "status: draft"), "only a ruleset in force is a default one"),
        (("id: GHGP-S2-2015", "id: other"), "not the file's name"),
        (("id: scope-2-market", "id: scope-1"), "given twice: scope-1"),
    ],
)
def test_contradictions_in_a_ruleset(tmp_path: Path, change, message):
    """A default draft, another name than the file's, two rules of one name."""
    from optimiser.library.locate import library_path

    text = library_path("models", "rulesets", "disclosure", "GHGP-S2-2015.yaml").read_text()
    path = tmp_path / "GHGP-S2-2015.yaml"
    path.write_text(text.replace(*change))
    with pytest.raises(InputError, match=message):
        read_ruleset(path)


def test_names_that_nobody_provides(tmp_path: Path):
    """A misspelt figure or fact would never be decided; it is refused with the nearest name."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        BROKEN.split("rules:", maxsplit=1)[0]
        + "is_default: false\n"
        + "when: [{fact: rated_it_kv, op: '>', value: 1}, {fact: own_a, op: '==', value: true}]\n"
        + "rules:\n"
        + "  - {id: a, sentence: s, metric: peu, op: '<=', threshold: 1.5, citation: c}\n"
        + "  - {id: b, sentence: s, metric: own_b, op: present, citation: c}\n"
    )
    with pytest.raises(InputError) as caught:
        read_ruleset(path)
    assert [problem.remedy for problem in caught.value.problems] == [
        "did you mean 'rated_it_kw'?", "did you mean 'pue'?",
    ]  # fmt: skip


def test_a_folder_of_own_rulesets_comes_first(tmp_path: Path):
    """A user's ruleset is found beside the library's."""
    text = BROKEN.split("rules:", maxsplit=1)[0] + "is_default: false\n"
    (tmp_path / "mine.yaml").write_text(text)
    assert choose_rulesets(["mine"], [], tmp_path)[0].title == "Mine"
