"""Electrical and thermal checks against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from instances.catalogue_sites import KINDS as CATALOGUE_KINDS
from instances.moving_sites import KINDS as MOVING_KINDS
from instances.random_sites import KINDS, random_site
from instances.tiny import tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.electrical import stage_loads_uw
from optimiser.analysis.loads import measure_loads
from optimiser.analysis.thermal import zone_heat_uw
from optimiser.analysis.verdict import Placement, placement_today
from optimiser.analysis.verify import MEASURES, verify
from optimiser.twin.limits import rack_rows, zone_heat

FLAT = {
    "kind": "server", "name": "flat", "curve_w": [100.0] * 11, "standby_w": 5.0,
    "capacity": {"cpu": 100, "memory": 1000},
}  # fmt: skip
LOSSES = [
    {"kind": "ups", "name": "ups", "rating_kw": 10, "no_load_fraction": 0.02,
     "proportional_fraction": 0.05, "square_fraction": 0.0},
    {"kind": "pdu", "name": "pdu", "rating_kw": 5, "no_load_fraction": 0.01,
     "proportional_fraction": 0.02, "square_fraction": 0.03},
]  # fmt: skip


def two_feeds(feed_kw: float, policy: dict, hosts: int = 2):
    """Return a rack of hosts that draw 100 W each, fed by A and B."""
    power = {
        "feeds": [{"name": s, "rating_kw": feed_kw} for s in "AB"],
        "ups": [{"name": f"U{s}", "card": "ups", "feed": s} for s in "AB"],
        "pdus": [{"name": f"P{s}", "card": "pdu", "ups": f"U{s}"} for s in "AB"],
    }
    rack = {"name": "r", "pdu_a": "PA", "pdu_b": "PB"}
    rows = [{"rack": "r", "card": "flat"} for _ in range(hosts)]
    return tiny(rows, hosts, [policy], cards=[FLAT, *LOSSES], power=power, racks=[rack])


@pytest.mark.parametrize(("feed_kw", "legal"), [(0.473, True), (0.472, False)])
def test_one_feed_carries_all_when_the_other_is_lost(feed_kw, legal):
    """Redundant feed by hand.

    200 W of servers; PDU: 200 · 1.05 + 0.01 · 5,000 = 260 W; UPS: 260 · 1.05 + 0.02 · 10,000 =
    473 W, which is what the surviving feed delivers.
    """
    _, twin, rules = two_feeds(feed_kw, {"kind": "redundant_feed"})
    verdict = verify(twin, rules, placement_today(twin))
    assert verdict.is_legal is legal
    if not legal:
        assert verdict.violations[0].value == pytest.approx(0.473)
        assert "feed B with feed A lost" in verdict.sentences()[0]


def test_both_feeds_share_and_both_pay_no_load_losses():
    """With both alive each PDU delivers 100 W and each feed 105 + 50 → 155 · 1.05 + 200 W."""
    _, twin, _ = two_feeds(1.0, {"kind": "redundant_feed"})
    loads = stage_loads_uw(twin, measure_loads(twin, placement_today(twin)).rack_uw)
    assert loads["pdu"][:, 0].tolist() == [100_000_000, 100_000_000]
    assert loads["ups"][:, 0].tolist() == [155_000_000, 155_000_000]
    assert loads["feed"][:, 0].tolist() == [362_750_000, 362_750_000]


def test_lost_ups_loses_its_pdus_too():
    """With UPS A lost its PDU delivers nothing and is not charged its no-load loss."""
    _, twin, _ = two_feeds(1.0, {"kind": "redundant_feed"})
    rack_uw = measure_loads(twin, placement_today(twin)).rack_uw
    loads = stage_loads_uw(twin, rack_uw, "ups", 0)
    assert loads["pdu"][:, 0].tolist() == [0, 200_000_000]
    assert loads["feed"][:, 0].tolist() == [0, 473_000_000]


@pytest.mark.parametrize(("limit_kw", "legal"), [(0.200, True), (0.199, False)])
def test_rack_limit_in_whole_watts(limit_kw, legal):
    """Two hosts of 100 W fit 200 W and not 199 W."""
    policy = {"kind": "domain_capacity", "domain": "rack", "limit": limit_kw}
    _, twin, rules = two_feeds(1.0, policy)
    assert verify(twin, rules, placement_today(twin)).is_legal is legal


def test_sleeping_hosts_draw_standby():
    """One host asleep: 100 + 5 W."""
    policy = {"kind": "domain_capacity", "domain": "rack", "limit": 0.105}
    _, twin, rules = two_feeds(1.0, policy)
    packed = Placement(np.array([0, 0]), np.array([True, False]))
    assert verify(twin, rules, packed).is_legal


def test_power_limit_counts_only_selected_hosts():
    """A limit on some hosts of a rack leaves the others out."""
    policy = {
        "kind": "domain_capacity", "domain": "rack", "limit": 0.1, "hosts": {"names": ["h1"]},
    }  # fmt: skip
    _, twin, rules = two_feeds(1.0, policy)
    assert verify(twin, rules, placement_today(twin)).is_legal


def test_planning_power_lies_above_a_bent_curve():
    """Where the curve bulges above its envelope the gap is added to every load."""
    curve = [100, 150, 190, 195, 200, 205, 210, 215, 220, 225, 230]
    card = {**FLAT, "name": "bent", "curve_w": [float(p) for p in curve]}
    _, twin, _ = tiny([{"card": "bent"}], [{"cpu": 20, "host": "h1"}], cards=[card])
    planned = measure_loads(twin, placement_today(twin)).host_uw[0, 0] / 1e6
    assert planned >= 190.0 - 1e-5


@pytest.mark.parametrize(("limit_c", "legal"), [(22.62, True), (22.61, False)])
def test_inlet_temperature_to_a_hundredth(limit_c, legal):
    """Inlet by hand.

    One rack, a fifth of its exhaust returns: D = 0.2/0.8 / (1.19 · 1005 · 0.1) K/W; 300 W raise
    22 °C by 0.25 / 119.595 · 300 = 0.6271 K to 22.62 °C, rounded down.
    """
    crah = {"kind": "crah", "name": "crah", "rated_cooling_kw": 10, "rated_flow_m3_s": 1,
            "rated_fan_kw": 1}  # fmt: skip
    recirculation = {"own_fraction": 0.2, "neighbour_fraction": 0.0, "facing_fraction": 0.0}
    zone = {"name": "Z", "crah": "crah", "crah_count": 1, "recirculation": recirculation}
    rack = {"name": "r", "zone": "Z", "airflow_m3_s": 0.1}
    hosts = [{"rack": "r", "card": "flat"}] * 3
    policy = {"kind": "inlet_temperature", "limit_c": limit_c}
    options = {"cards": [FLAT, crah], "cooling": {"zones": [zone]}, "racks": [rack]}
    _, twin, rules = tiny(hosts, 3, [policy], **options)
    verdict = verify(twin, rules, placement_today(twin))
    assert verdict.is_legal is legal


@pytest.mark.parametrize(("redundant", "legal"), [(False, True), (True, False)])
def test_zone_heat_against_what_is_left_with_a_unit_failed(redundant, legal):
    """200 W of servers and two fans of 50 W at full speed are 300 W: two units of 160, not one."""
    crah = {"kind": "crah", "name": "crah", "rated_cooling_kw": 0.16, "rated_flow_m3_s": 1,
            "rated_fan_kw": 0.05}  # fmt: skip
    zone = {"name": "Z", "crah": "crah", "crah_count": 2, "crah_redundant": 1}
    hosts = [{"rack": "r", "card": "flat"}] * 2
    policy = {"kind": "cooling_capacity", "redundant": redundant}
    options = {"cards": [FLAT, crah], "cooling": {"zones": [zone]}}
    _, twin, rules = tiny(hosts, 2, [policy], racks=[{"name": "r", "zone": "Z"}], **options)
    verdict = verify(twin, rules, placement_today(twin))
    assert verdict.is_legal is legal
    if not legal:
        assert verdict.violations[0].value == pytest.approx(0.3)


def test_own_roll_up_agrees_with_the_rows_of_the_model():
    """Verifier and model compute power rows apart from each other and agree to 10 µW or 0.01 K."""
    compared = 0
    for seed in range(30):
        powered = ("domain_capacity", "redundant_feed", "cooling_capacity", "inlet_temperature")
        _, twin, rules = random_site(seed, kinds=powered)
        loads = measure_loads(twin, placement_today(twin))
        for rule in rules:
            compared += _compare(twin, rule, loads)
    assert compared > 50


def _compare(twin, rule, loads) -> int:
    rows = rack_rows(twin, rule)
    if rows is None or not rule.hosts.all():
        return 0
    model = rows.coefficient @ (loads.rack_uw / 1e6) + rows.offset[:, None]
    measured = {}
    for own in MEASURES[rule.kind](twin, rule, placement_today(twin), loads):
        for row in range(len(own.value)):
            measured[own.label(row).removeprefix("site ")] = own.value[row]
    unit = 0.01 if rows.unit == "degC" else 1.0
    for name, value in zip(rows.names, model, strict=True):
        own = measured[name] * unit
        assert np.all(own <= value + 1e-5)
        assert np.all(own > value - unit - 1e-5)
    return len(rows.names)


def test_zone_heat_agrees_with_the_model_on_a_whole_facility():
    """Heat with PDU and UPS losses, spares and fans matches the model's rows to 10 µW."""
    _, twin, _ = tiny(4, 6, [], **facility_options())
    rack_uw = measure_loads(twin, placement_today(twin)).rack_uw
    coefficient, offset = zone_heat(twin)
    expected = coefficient @ (rack_uw / 1e6) + offset[:, None]
    assert zone_heat_uw(twin, rack_uw) / 1e6 == pytest.approx(expected, abs=1e-5)


def test_every_kind_has_a_measure():
    """No policy kind passes the checker unseen."""
    translated = {"safety_capacity"}  # a priced domain_capacity once the rules are resolved
    assert {*KINDS, *MOVING_KINDS, *CATALOGUE_KINDS} - translated == set(MEASURES)
