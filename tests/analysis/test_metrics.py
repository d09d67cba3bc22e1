"""Metrics, bottlenecks and the comparison of belief with simulation."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.bottlenecks import Bottleneck, bottlenecks
from optimiser.analysis.compare import compare_terms, simulated_terms, total_error_fraction
from optimiser.analysis.metrics import changes, measure_metrics, measure_racks
from optimiser.analysis.verdict import Placement, placement_today
from optimiser.schema.study import Weights
from optimiser.twin.simulate import simulate


@pytest.fixture(scope="module")
def facility():
    """Four hosts with power chain and cooling plant, six workloads, packed and as today."""
    workloads = [{"cpu": 30, "host": f"h{i % 4 + 1}"} for i in range(6)]
    _, twin, rules = tiny(4, workloads, [], **facility_options())
    packed = Placement(
        np.array([0, 0, 0, 1, 1, 1], dtype=np.int32), np.array([True, True, False, False])
    )
    return twin, rules, packed


def replay(twin, placement):
    """Return the simulation of a placement."""
    return simulate(twin, placement.host, placement.host_on)


def test_metrics_come_from_the_meters(facility):
    """Energy is the sum over the simulated meters, utilisation that of hosts that are on."""
    twin, _, packed = facility
    simulation = replay(twin, packed)
    metrics = measure_metrics(twin, simulation)
    assert metrics.facility_kwh == pytest.approx(float(simulation["energy_kwh"].sum()))
    assert metrics.hosts_on == 2
    assert metrics.mean_utilisation == pytest.approx(0.9)
    assert metrics.peak_utilisation == pytest.approx(0.9)
    assert metrics.pue == pytest.approx(metrics.facility_kwh / metrics.it_kwh)


def test_changes_hold_both_sides(facility):
    """Packing saves energy and hosts, and each change knows its fraction."""
    twin, _, packed = facility
    sides = [measure_metrics(twin, replay(twin, p)) for p in (placement_today(twin), packed)]
    found = {change.name: change for change in changes(*sides)}
    assert found["hosts_on"].fraction == pytest.approx(-0.5)
    assert found["facility_kwh"].after < found["facility_kwh"].before
    assert found["cost"].fraction < 0


def test_changes_leave_out_what_the_site_does_not_model():
    """Without a plant there is no PUE and no water to compare."""
    _, twin, _ = tiny(2, 2)
    metrics = measure_metrics(twin, replay(twin, placement_today(twin)))
    names = {change.name for change in changes(metrics, metrics)}
    assert metrics.pue is None
    assert not names & {"pue", "water_l", "wue_l_per_kwh", "max_inlet_c"}


def test_rack_figures_add_up(facility):
    """Mean power over racks is the IT energy over the hours."""
    twin, _, packed = facility
    simulation = replay(twin, packed)
    racks, metrics = measure_racks(twin, simulation), measure_metrics(twin, simulation)
    hours = float(twin["period_h"].values.sum())
    assert racks.mean_kw.sum() * hours == pytest.approx(metrics.it_kwh)
    assert racks.hosts_on.tolist() == [1, 1, 0, 0]
    assert racks.load_fraction.tolist() == pytest.approx([0.9, 0.9, 0.0, 0.0])


def test_terms_are_judged_by_the_simulation(facility):
    """Two hosts over three hours and three moves cost what the weights say."""
    twin, _, packed = facility
    weights = Weights(host_on_cost_per_h=0.5, hold_days=10.0)
    terms = simulated_terms(twin, weights, packed, replay(twin, packed))
    moved = packed.host != twin["workload_host"].values
    one_off = float(twin["workload_move_cost"].values[moved].sum())
    assert terms["host_on"] == pytest.approx(2 * 3 * 0.5)
    assert terms["migration"] == pytest.approx(one_off * 3 / 24 / 10)
    assert terms["water"] > 0


def test_belief_is_compared_term_by_term(facility):
    """A belief of 1.02 times the truth shows as an error of 2 %."""
    twin, _, packed = facility
    simulation = replay(twin, packed)
    terms = simulated_terms(twin, Weights(), packed, simulation)
    believed = {name: 1.02 * value for name, value in terms.items() if value}
    assert len(believed) > 3
    found = compare_terms(twin, Weights(), packed, believed, simulation)
    assert [term.name for term in found] == list(believed)
    assert all(term.error_fraction == pytest.approx(0.02) for term in found)
    assert total_error_fraction(found) == pytest.approx(0.02)


def test_term_that_nobody_simulates_is_refused(facility):
    """A term without a judge raises instead of passing unseen."""
    twin, _, packed = facility
    with pytest.raises(KeyError, match="wear"):
        compare_terms(twin, Weights(), packed, {"wear": 1.0}, replay(twin, packed))


def test_fullest_of_each_kind(facility):
    """Every level shows up once, fullest first, and survivors carry more than both feeds do."""
    twin, rules, packed = facility
    found = bottlenecks(twin, rules, packed)
    by_kind = {item.kind: item for item in found}
    assert len(by_kind) == len(found)
    assert [item.fraction for item in found] == sorted((i.fraction for i in found), reverse=True)
    assert by_kind["cpu of one host"].where in ("host h1", "host h2")
    assert by_kind["cpu of one host"].fraction == pytest.approx(0.9)
    assert by_kind["feed with one feed lost"].used > by_kind["feed"].used
    assert {"zone cooling", "cooling plant", "inlet rise", "rack power"} <= set(by_kind)


def test_bottleneck_of_a_limit_of_zero():
    """Something used of nothing is infinitely full, nothing of nothing is empty."""
    assert Bottleneck("k", "w", 1.0, 0.0, "kW").fraction == float("inf")
    assert Bottleneck("k", "w", 0.0, 0.0, "kW").fraction == 0.0
