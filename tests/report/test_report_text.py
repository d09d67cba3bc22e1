"""Numbers and sentences of the report."""

from __future__ import annotations

import pytest

from optimiser.report import text
from optimiser.report.payload import Proof, Setting, Unserved


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"),
        (0, "0"),
        (12345.6, "12,346"),
        (123.4, "123"),
        (99.96, "100"),
        (12.34, "12.3"),
        (9.996, "10.0"),
        (1.234, "1.23"),
        (0.4567, "0.457"),
        (0.03149, "0.031"),
        (-1234.0, "−1,234"),
    ],
)
def test_number_keeps_about_three_digits(value, told):
    """Large numbers lose their decimals, small ones keep what matters."""
    assert text.number(value) == told


@pytest.mark.parametrize(
    ("fraction", "told"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.4123, "41 %"),
        (0.0411, "4.1 %"),
        (0.0025, "0.25 %"),
        (0.00001, "<0.01 %"),
        (-0.00001, "<−0.01 %"),
        (-0.4, "−40 %"),
        (1.0, "100 %"),
        (0.9956, "99.5 %"),
        (0.99999, "99.9 %"),
        (1.034, "103 %"),
    ],
)
def test_percent_is_never_rounded_to_full(fraction, told):
    """Shares get the digits they need; 99.9 % is not told as 100 %."""
    assert text.percent(fraction) == told


def test_before_and_after_share_a_unit():
    """A pair is scaled by its larger value, so that it can be compared at a glance."""
    assert text.scaled("kWh", 3.1e6, 900.0) == ("3,100 MWh", "0.900 MWh")
    assert text.scaled("kWh", 9000.0, 20.0) == ("9,000 kWh", "20.0 kWh")
    assert text.scaled("kg CO₂e", 2500.0, None) == ("2.50 t CO₂e", "–")
    assert text.scaled("EUR", 1234.0) == ("1,234 EUR",)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"),
        (0.9, "0.9 s"),
        (45, "45.0 s"),
        (720, "12.0 min"),
        (12240, "3.40 h"),
        (259200, "3.00 days"),
    ],
)
def test_duration_picks_its_unit(seconds, told):
    """Seconds up to a minute and a half, then minutes, hours and days."""
    assert text.duration(seconds) == told


@pytest.mark.parametrize(("hours", "told"), [(24, "24 h"), (168, "7 days"), (0.5, "0.5 h")])
def test_horizon(hours, told):
    """Whole days are told as days."""
    assert text.horizon(hours) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (100.0, 59.0, "−41 %"),
        (100.0, 103.0, "+3.0 %"),
        (100.0, 100.01, "no change"),
        (0.0, 0.0, "no change"),
        (0.0, 5.0, "from zero"),
        (None, 5.0, "–"),
        (-100.0, -150.0, "−50 %"),
    ],
)
def test_change(before, after, told):
    """Changes carry a sign; a change from nothing has no percentage."""
    assert text.change(before, after) == told


def test_headline_says_what_to_do_and_what_it_is_worth(report_data):
    """Moves, waves, hosts, share and yearly worth stand in one sentence."""
    assert text.headline(report_data) == (
        "Moving 900 workloads in 9 waves puts 294 of 600 hosts to sleep and saves 45 % of the "
        "energy, worth 72,800 EUR and 165 t CO₂e a year."
    )


def _with_totals(data, side, **changes):
    return data.model_copy(update={side: getattr(data, side).model_copy(update=changes)})


def test_headline_without_anything_to_do(bare_data):
    """Staying put is told as a result, not as a saving of nothing."""
    assert text.headline(bare_data).startswith("No workload needs to move")


def test_headline_of_settings_only(bare_data):
    """New set-points alone can save."""
    data = _with_totals(bare_data, "after", energy_kwh=108.0)
    data = data.model_copy(update={"settings": (Setting(setting="supply", before=18, after=21),)})
    told = "Changing 1 facility setting without moving anything saves 10 % of the energy."
    assert text.headline(data) == told


def test_headline_of_one_move_in_one_wave(report_data):
    """Singular is singular."""
    data = report_data.model_copy(update={"moves": report_data.moves[:1], "waves": ()})
    assert text.headline(data).startswith("Moving 1 workload in one wave puts")


def test_headline_admits_more_energy(report_data):
    """A plan that mends rules at the price of energy says so, and claims no worth."""
    worse = report_data.before.model_copy(
        update={"energy_kwh": 4000.0, "cost": 1e4, "co2e_kg": 1e5}
    )
    told = text.headline(report_data.model_copy(update={"after": worse}))
    assert "needs 18 % more energy" in told
    assert "worth" not in told and "to sleep" not in told


def test_headline_of_a_shift_in_time(report_data):
    """The same energy at cheaper hours saves money only."""
    after = report_data.before.model_copy(update={"cost": report_data.before.cost - 100.0})
    told = text.headline(report_data.model_copy(update={"after": after}))
    assert told.endswith("leaves energy use as it is, yet saves 36,500 EUR a year.")


def test_headline_when_hosts_wake(report_data):
    """Hosts that must wake are told as waking."""
    data = _with_totals(report_data, "after", hosts_on=report_data.before.hosts_on + 3)
    assert "wakes 3 hosts and saves" in text.headline(data)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0, 0, "Every service level is kept, before and after."),
        (12, 0, "It ends the 12 service-level violations of today."),
        (1, 0, "It ends the 1 service-level violation of today."),
        (12, 3, "Of today's 12 service-level violations, 3 remain."),
        (2, 2, "2 service-level violations of today can not be mended by moving."),
        (1, 4, "Service-level violations grow from 1 to 4."),
    ],
)
def test_service_levels_in_a_sentence(bare_data, before, after, told):
    """Each way the violations can go has its sentence."""
    data = _with_totals(bare_data, "before", sla_violation_count=before)
    data = _with_totals(data, "after", sla_violation_count=after)
    assert text.sla_sentence(data) == told


@pytest.mark.parametrize(
    ("level", "gap", "part"),
    [
        ("bound-checked", 0.013, "At most 1.3 % from the best possible, proven"),
        ("bound-checked", 0.0, "Optimal"),
        ("bound-checked", None, "gap to it is not known"),
        ("verified-feasible", 0.013, "by the solver's own bound"),
        ("verified-feasible", None, "not proven"),
        ("solver-claimed", 0.0, "not checked independently"),
        ("none", 0.0, "Nothing was proven"),
    ],
)
def test_only_a_checked_bound_is_called_proof(bare_data, level, gap, part):
    """The word optimal needs a checked bound, whatever the solver says."""
    proof = Proof(value=1.0, level=level, gap_fraction=gap)
    told = text.proof_sentence(bare_data.model_copy(update={"proof": proof}))
    assert part in told
    assert ("Optimal" in told) == (level == "bound-checked" and gap == 0.0)


def test_summary_rows_leave_out_what_is_not_known(report_data, bare_data):
    """A site without tariff or water has no rows of cost and water."""
    assert {row[0] for row in text.summary_rows(bare_data)} == {
        "Energy a year",
        "Hosts asleep",
        "Service-level violations",
        "IT energy a year",
        "Peak power",
        "Workloads to move",
    }
    rows = {row[0]: row[1:] for row in text.summary_rows(report_data)}
    assert rows["Energy a year"] == ("1,238 MWh", "675 MWh", "−45 %")
    assert rows["Hosts asleep"] == ("35", "329", "+294")
    assert rows["Workloads to move"] == ("–", "900", "in 9 waves")


def test_verdicts_know_which_way_is_good(report_data):
    """More hosts asleep is better, more energy is worse, PUE alone is no verdict."""
    verdicts = {row.key: row.verdict for row in text.comparisons(report_data)}
    assert verdicts["energy"] == verdicts["asleep"] == verdicts["sla"] == "better"
    assert verdicts["pue"] == "neutral"
    turned = report_data.model_copy(
        update={"before": report_data.after, "after": report_data.before}
    )
    verdicts = {row.key: row.verdict for row in text.comparisons(turned)}
    assert verdicts["energy"] == verdicts["asleep"] == verdicts["sla"] == "worse"


def test_who_waits_is_counted_and_priced(bare_data):
    """Nothing where nobody may wait; a sentence and a row where some may."""
    assert text.unserved_sentence(bare_data) == ""
    shop = Unserved(service="shop", may_wait=3, before=3, after=1, cost=2.5, names=("web-3",))
    calm = Unserved(service="calm", may_wait=2, before=1, after=0, cost=0.0)
    data = bare_data.model_copy(update={"unserved": (shop, calm)})
    told = "1 of 5 workloads that may wait has no host, which costs 2.50 EUR over 24 h."
    assert text.unserved_sentence(data) == told
    rows = {row[0]: row[1:] for row in text.summary_rows(data)}
    assert rows["Workloads without a host"] == ("4", "1", "−3")
    served = bare_data.model_copy(update={"unserved": (calm,)})
    assert text.unserved_sentence(served).startswith("Every workload has a host, also 2 workloads")
