"""What would break, and what it would cost, when one workload goes to one host."""

from __future__ import annotations

from typing import Any

import pytest
from instances.tiny import GPU_RESOURCES, tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.verdict import placement_today
from optimiser.analysis.why import why_not
from optimiser.errors import UsageError
from optimiser.studies.transient import blocked_on_the_way


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
    # 10 W per 10 % in place and 100 − 5 W saved by sleep: 95 W · 8760 h = 832.2 kWh
    asleep = "host h1 would be empty and could sleep; then the move would save 83.22 EUR a year"
    assert any(sentence.startswith(asleep) for sentence in told)


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


WEB = {"name": "web", "service": "s", "replicas": 3, "host": ["h1", "h2", "h3"]}
RACKS = [{"rack": "a"}, {"rack": "b"}, {"rack": "b"}]
TWO = [{"cpu": 60, "host": "h1"}, {"cpu": 30, "host": "h2"}]
NAMED = {"names": ["w1"]}


def answers(*args: Any, workload: str = "w1", host: str = "h2", **options: Any) -> list[str]:
    """Ask why a workload is not on a host today."""
    _, twin, rules = tiny(*args, **options)
    return why_not(twin, rules, placement_today(twin), workload, host)


def test_capacity_tells_the_hour_at_which_it_is_short() -> None:
    """Two of 60 that peak at 14:00 are 120 of 100 then, and 12 at all other hours."""
    demand = {"peak": [0.1] * 14 + [1.0] * 2 + [0.1] * 8}
    rows = [{"cpu": 60, "host": f"h{i}", "profile": "peak"} for i in (1, 2)]
    told = answers(2, rows, demand=demand)
    assert "cpu: use 120 units at 2026-01-15 14:00; most allowed 100 units" in told[1]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            (RACKS, [WEB], [{"kind": "spread", "max_per_domain": 2}]),
            "rack b: members 3; most allowed 2",
        ),
        ((RACKS, [WEB], [{"kind": "spread", "min_domains": 2}]), "racks used 1; least allowed 2"),
        ((3, [WEB], [{"kind": "anti_affinity", "workloads": {}}]), "s in host h2: members 2"),
        (
            (
                3,
                [{**WEB, "host": ["h1"] * 3}],
                [{"kind": "affinity", "domain": "host", "workloads": {}}],
            ),
            "hosts used 2; most allowed 1",
        ),
    ],
    ids=["spread", "few domains", "anti-affinity", "affinity"],
)
def test_each_rule_about_groups_tells_its_count(args: tuple, words: str) -> None:
    """The group, the domain and both numbers are told."""
    told = answers(*args, workload="web-1")
    assert told[0] == "web-1 may not run on h2: 1 limit would break"
    assert words in told[1]


def test_rack_power_tells_the_rack_and_kilowatts() -> None:
    """h2 would draw 100 W and 1 W for each of 90 units, in a rack that may draw 180 W."""
    policy = {"kind": "domain_capacity", "limit": 0.18}
    told = answers([{"rack": "a"}, {"rack": "b"}], TWO, [policy])
    assert told[1] == "rule-0: rack b: power 0.19 kW; most allowed 0.18 kW"


def test_inlet_temperature_tells_the_rack_that_gets_warmer() -> None:
    """Below any supply temperature every rack that the move warms is told; at 45 °C none is."""
    hosts = [{"rack": f"r{i + 1}", "card": "plain"} for i in range(4)]
    rows = [*TWO, {"cpu": 40, "host": "h3"}, {"cpu": 20, "host": "h4"}]
    options = facility_options(4, 3)
    cool = {"kind": "inlet_temperature", "limit_c": 10}
    told = answers(hosts, rows, [cool], **options)
    assert "may not run" in told[0]
    assert any("rule-0: rack r2" in sentence and "10" in sentence for sentence in told)
    warm = {"kind": "inlet_temperature", "limit_c": 45}
    assert "may run" in answers(hosts, rows, [warm], **options)[0]


def test_devices_that_do_not_take_a_share_are_told() -> None:
    """60 and 50 of one device of 100 do not fit."""
    rows = [{"gpu": 60, "cpu": 1, "host": "h1"}, {"gpu": 50, "cpu": 1, "host": "h2"}]
    told = answers([{"gpu": 100}, {"gpu": 100}], rows, resources=GPU_RESOURCES)
    assert any("the requests do not fit its devices" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            {"kind": "require_label", "label": "disk", "values": ["ssd"], "workloads": NAMED},
            "'rule-0' asks for a host with disk = ssd",
        ),
        ({"kind": "pin", "host": "h1", "workloads": NAMED}, "'rule-0' keeps it on h1"),
        ({"kind": "drain", "hosts": {"names": ["h2"]}}, "'rule-0' empties this host"),
        (
            {"kind": "fence", "hosts": {"names": ["h1"]}, "workloads": NAMED, "why": "licences"},
            "'rule-0' keeps it on other hosts: licences",
        ),
        ({"kind": "preserve", "workloads": NAMED}, "'rule-0' keeps it where it runs"),
        (
            {"kind": "ban", "hosts": {"names": ["h2"]}, "workloads": NAMED},
            "'rule-0' keeps it off this host",
        ),
    ],
    ids=["label", "pin", "drain", "fence", "preserve", "ban"],
)
def test_rules_about_single_hosts_say_what_they_ask_for(policy: dict, words: str) -> None:
    """The kind alone would not tell which label or which host is meant."""
    hosts = [{"labels": "disk=ssd"}, {"labels": "disk=hdd"}]
    told = answers(hosts, TWO, [policy])
    assert told[0] == "w1 may not run on h2: 1 limit would break"
    assert words in told


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"kind": "max_moves", "limit": 0}, "rule-0"),
        ({"kind": "headroom", "fraction": 0.6, "domain": "host"}, "rule-0"),
    ],
    ids=["moves", "reserve"],
)
def test_budgets_and_reserves_are_told(policy: dict, words: str) -> None:
    """A move too many, and a host that must keep 60 % free and would have 10 %."""
    told = answers(2, TWO, [policy])
    assert any(sentence.startswith(words) for sentence in told[1:])


def test_what_fits_at_the_end_may_not_fit_on_the_way() -> None:
    """Inside a rack of 260 W: 100 + 100 + 50 at both ends, 100 more units while both copies run."""
    rows = [{"cpu": 50, "host": "h1"}]
    rack = [{"rack": "a"}, {"rack": "a", "state": "on"}]
    policy = {"kind": "domain_capacity", "limit": 0.26, "name": "breaker"}
    _, twin, rules = tiny(rack, rows, [policy])
    now = placement_today(twin)
    assert "may run" in why_not(twin, rules, now, "w1", "h2")[0]
    assert "power or cooling would not hold" in blocked_on_the_way(twin, rules, now, "w1", "h2")
    _, twin, rules = tiny(rack, rows, [{**policy, "limit": 0.31}])
    assert blocked_on_the_way(twin, rules, placement_today(twin), "w1", "h2") == ""


def test_how_far_a_service_would_be_is_told() -> None:
    """The sentence of the rule names the limit, the next one the way that there would be."""
    ways = [{"a": "p1", "b": "p2", "ms": 9}]
    policy = {"kind": "latency", "workloads": {"services": ["web"]}, "services": ["db"],
              "limit_ms": 5, "distances": ways}  # fmt: skip
    rows = [{"service": "web", "host": "h2"}, {"service": "db", "host": "h2"}]
    hosts = [{"labels": "pod=p1"}, {"labels": "pod=p2"}, {}]
    _, twin, rules = tiny(hosts, rows, [policy])
    told = why_not(twin, rules, placement_today(twin), "w1", "h1")
    assert "rule-0: web in pod p1 without db within 5 ms: workloads 1; most allowed 0" in told
    assert "'rule-0' asks for at most 5 ms: from pod p1 9 ms from the nearest db" in told
    told = why_not(twin, rules, placement_today(twin), "w1", "h3")
    assert any("from pod elsewhere no known way to the nearest db" in one for one in told)


def test_the_longest_way_of_a_route_is_told() -> None:
    """A sender that leaves its receivers makes all of its traffic take the way between them."""
    ways = [{"a": "p1", "b": "p2", "ms": 9}]
    policy = {"kind": "routing_latency", "routes": [{"sender": "web", "receiver": "db"}],
              "limit_ms": 5, "distances": ways}  # fmt: skip
    rows = [{"service": "web", "host": "h2"}, {"service": "db", "host": "h2"}]
    _, twin, rules = tiny([{"labels": "pod=p1"}, {"labels": "pod=p2"}], rows, [policy])
    told = why_not(twin, rules, placement_today(twin), "w1", "h1")
    assert (
        "rule-0: web to db: with 100 % from p1 to p2 in 9 ms, the average round trip is 9 ms; "
        "most allowed 5 ms"
    ) in told
