"""What would break, and what it would cost, when one workload goes to one host."""

from __future__ import annotations

import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import placement_today
from optimiser.analysis.why import why_not
from optimiser.errors import UsageError


def test_each_rule_that_would_break_is_told_with_its_amount() -> None:
    """A ban and the capacity of the host are told; rules that hold are not."""
    ban = {"kind": "ban", "workloads": {"names": ["w1"]}, "hosts": {"names": ["h2"]}}
    fine = {"kind": "max_hosts_on", "limit": 2}
    rows = [{"cpu": 60, "host": "h1"}, {"cpu": 70, "host": "h2"}]
    _, twin, rules = tiny(2, rows, [ban, fine])
    told = why_not(twin, rules, placement_today(twin), "w1", "h2")
    assert told[0] == "w1 may not run on h2: 2 limits would break"
    assert any("rule-0" in sentence and "w1 on host h2" in sentence for sentence in told)
    assert any("h2, cpu" in sentence and "130" in sentence for sentence in told)
    assert not any("rule-1" in sentence for sentence in told)


def test_what_is_broken_today_is_not_held_against_the_move() -> None:
    """An overfull host elsewhere stays out of the answer."""
    rows = [{"cpu": 10, "host": "h1"}, {"cpu": 90, "host": "h2"}, {"cpu": 90, "host": "h2"}]
    _, twin, rules = tiny(3, rows)
    told = why_not(twin, rules, placement_today(twin), "w1", "h3")
    assert told[0] == "w1 may run on h3: no rule would break"


def test_an_allowed_move_tells_its_saving_by_simulation() -> None:
    """10 W move with the load and nothing sleeps yet, so money and energy stay as they are."""
    environment = {"price_per_kwh": 0.1, "carbon_g_per_kwh": 0.0}
    _, twin, rules = tiny(2, 2, environment=environment)
    told = why_not(twin, rules, placement_today(twin), "w1", "h2")
    assert "alone, the move would cost 0.00 EUR a year (0 kWh more)" in told
    assert "host h1 would be empty and could sleep" in told


def test_waking_a_host_costs_its_idle_power() -> None:
    """Waking a host of 100 W idle and 5 W standby for a year takes 95 W · 8760 h = 832.2 kWh."""
    environment = {"price_per_kwh": 0.1, "carbon_g_per_kwh": 0.0}
    hosts = [{}, {"state": "off"}]
    rows = [{"host": "h1"}, {"host": "h1"}]
    _, twin, rules = tiny(hosts, rows, environment=environment)
    told = why_not(twin, rules, placement_today(twin), "w1", "h2")
    assert "alone, the move would cost 83.22 EUR a year (832 kWh more)" in told
    assert "host h2 would have to wake" in told


def test_where_it_runs_already_there_is_nothing_to_say() -> None:
    """The same host is no move."""
    _, twin, rules = tiny(2, 2)
    assert why_not(twin, rules, placement_today(twin), "w1", "h1") == ["w1 runs on h1 already"]


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    """A typing error is met with a suggestion."""
    _, twin, rules = tiny(12, 2)
    with pytest.raises(UsageError, match="did you mean 'h1"):
        why_not(twin, rules, placement_today(twin), "w1", "h1x")
