"""Elements of a site with capacity after redundancy, use and what is stranded."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.bottlenecks import bottlenecks
from optimiser.analysis.inventory import inventory
from optimiser.analysis.verdict import Placement

HEADROOM = {"kind": "headroom", "name": "spare", "resource": "cpu", "fraction": 0.25}
SURVIVE = {"kind": "survive_domain", "name": "rack-loss", "domain": "rack"}


def elements(policies=(), num_workloads=6):
    """Return the elements of four hosts with power and cooling by name."""
    workloads = [{"cpu": 30, "host": f"h{i % 4 + 1}"} for i in range(num_workloads)]
    _, twin, rules = tiny(4, workloads, list(policies), **facility_options())
    packed = Placement(
        np.array([0, 0, 0, 1, 1, 1][:num_workloads], dtype=np.int32), np.array([1, 1, 0, 0], bool)
    )
    return twin, rules, packed, {e.id: e for e in inventory(twin, rules, packed)}


def test_every_limited_part_is_there():
    """Resources, racks with their height, power chain, zones and plant; units beside them."""
    twin, _, _, found = elements()
    for kind in ("rack", "pdu", "ups", "feed", "zone"):
        assert {f"{kind} {name}" for name in twin[kind].values} <= set(found)
    assert {f"rack space {name}" for name in twin["rack"].values} <= set(found)
    assert {"cpu", "cooling plant"} <= set(found)
    assert found["cpu"].unit != "kW" and found["cooling plant"].unit == "kW"


def test_use_is_that_of_the_placement():
    """Six workloads of 30 on hosts of 100: mean, P95 and peak of a flat demand agree."""
    cpu = elements()[3]["cpu"]
    assert (cpu.rated, cpu.usable) == (400.0, 400.0)
    assert cpu.mean == cpu.p95 == cpu.peak == 180.0
    assert cpu.free == 220.0


def test_the_fullest_agrees_with_the_bottlenecks():
    """Peak and limit of zones and racks are those that the checker's bottlenecks tell."""
    twin, rules, packed, found = elements()
    for one in bottlenecks(twin, rules, packed):
        if one.kind in ("zone cooling", "rack power", "cooling plant"):
            name = "rack" if one.kind == "rack power" else "zone"
            known = found.get(one.where) or found[f"{name} {one.where.split()[-1]}"]
            assert known.usable == pytest.approx(one.limit)
            assert known.peak == pytest.approx(one.used)


def test_one_feed_must_carry_what_two_carry():
    """With two feeds about half of the rating is usable; its failure load is the rating there."""
    twin, *_, found = elements()
    feeds = [found[f"feed {name}"] for name in twin["feed"].values]
    for one in feeds:
        assert 0.4 * one.rated < one.usable < 0.6 * one.rated
        assert one.reserve == "any one feed lost"


def test_reserves_come_from_the_rules():
    """A quarter of free cpu, or the largest rack: the larger of the two is kept."""
    assert elements([HEADROOM])[3]["cpu"].usable == 300.0
    assert elements([HEADROOM])[3]["cpu"].reserve == "rule spare"
    twin, *_, found = elements([HEADROOM, SURVIVE])
    capacity, rack = twin["host_capacity"].values[:, 0], twin["host_rack"].values
    largest = max(float(capacity[rack == r].sum()) for r in np.unique(rack))
    assert found["cpu"].usable == 400.0 - max(100.0, largest)


def test_stranded_is_free_beyond_the_scarcest_resource():
    """Two hosts with a tenth of cpu and seven tenths of memory free strand six tenths each."""
    found = elements()[3]
    assert found["memory"].stranded == pytest.approx(2 * 600.0)
    assert found["cpu"].stranded == 0.0
    assert elements(num_workloads=1)[3]["memory"].stranded == pytest.approx(200.0)


def test_height_without_power_is_stranded():
    """Where hosts at full load leave no power, the free height is of no use."""
    *_, found = elements()
    for name, one in found.items():
        assert 0.0 <= one.stranded <= one.rated, name
        if name.startswith("rack space "):
            rack = found["rack " + name.removeprefix("rack space ")]
            if one.stranded > 0:
                assert rack.stranded == 0.0
