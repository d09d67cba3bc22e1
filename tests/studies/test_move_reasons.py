"""Why each workload moves, and what its move saves."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.studies.reasons import MoveReasons, explain_moves
from optimiser.twin.simulate import simulate


def _explain(target: list[int], *args: object, **options: object) -> tuple[MoveReasons, float]:
    """Return the reasons of moves from today to ``target``, and the saving a year [kWh]."""
    _, twin, rules = tiny(*args, **options)  # type: ignore[arg-type]
    before = placement_today(twin)
    host = np.array(target)
    after = Placement(host, np.isin(np.arange(twin.sizes["host"]), host))
    sides = [simulate(twin, side.host, side.host_on) for side in (before, after)]
    kwh = [float(s["facility_w"].values @ twin["period_h"].values) / 1e3 for s in sides]
    per_year = 8760.0 / float(twin["period_h"].values.sum())
    return explain_moves(twin, rules, before, after, *sides), (kwh[0] - kwh[1]) * per_year


def test_a_move_that_empties_a_host_says_what_it_saves_a_day() -> None:
    """110 W fall to 5 W standby: 105 W · 24 h = 2.5 kWh a day."""
    found, _ = _explain([1, 1], 2, 2)
    assert found.words == ["empties host h1, which sleeps from then on: 2.5 kWh a day", ""]


def test_savings_of_moves_sum_to_the_whole() -> None:
    """Evacuations save, arrivals cost, and the sum is what the simulation says."""
    found, whole = _explain([1, 1, 1], 3, 3)
    assert found.saved_kwh_per_year.sum() + found.other_kwh_per_year == pytest.approx(whole)
    assert whole == pytest.approx(2 * 95 * 8.760)


def test_an_empty_host_that_falls_asleep_is_no_moves_merit() -> None:
    """Its 95 W are booked apart."""
    rows = [{"host": "h1"}, {"host": "h2"}]
    found, whole = _explain([0, 0], 3, rows)
    assert found.other_kwh_per_year == pytest.approx(95 * 8.760)
    assert found.saved_kwh_per_year.sum() + found.other_kwh_per_year == pytest.approx(whole)


def test_what_is_broken_today_is_the_first_reason() -> None:
    """A banned host, a full host and a host that sleeps: the violations are told first."""
    ban = {"kind": "ban", "workloads": {"names": ["w1"]}, "hosts": {"names": ["h1"]}}
    found, _ = _explain([1, 1], 2, 2, [ban])
    assert found.words[0] == "may not run on host h1 ('rule-0')"
    rows = [{"cpu": 60, "host": "h1"}, {"cpu": 70, "host": "h1"}]
    found, _ = _explain([0, 1], 2, rows)
    assert found.words[1] == "host h1 was short of cpu"


def test_replicas_that_must_part_say_so() -> None:
    """A replica that makes way for another one of its service names the rule."""
    apart = {"kind": "anti_affinity", "workloads": {"services": ["web"]}}
    rows = [{"service": "web", "host": "h1"}, {"service": "web", "host": "h2"}, {"host": "h1"}]
    found, _ = _explain([1, 0, 0], 3, rows, [apart])
    assert found.words[0] == "keeps replicas of web as 'rule-0' asks"


def test_a_new_workload_starts_and_one_that_stays_has_no_reason() -> None:
    """What ran nowhere before cannot move."""
    found, _ = _explain([0, 0], 2, [{"host": None}, {"host": "h1"}])
    assert found.words == ["starts here; it ran nowhere before", ""]


def test_payback_is_the_cost_of_the_move_over_its_saving_a_day() -> None:
    """A move of 1 EUR that saves 95 W at 0.1 EUR/kWh pays in 1 / (0.095 · 24 · 0.1) = 4.4 days."""
    environment = {"price_per_kwh": 0.1, "carbon_g_per_kwh": 0.0}
    rows = [{"host": "h1", "move_cost": 1.0}, {"host": "h2", "move_cost": 1.0}]
    found, whole = _explain([1, 1], 2, rows, environment=environment)
    assert whole == pytest.approx(95 * 8.760)
    saved = float(found.saved_kwh_per_year[0])
    assert found.payback_days[0] == pytest.approx(1.0 / (saved / 365.0 * 0.1))
    assert np.isnan(found.payback_days[1])
