"""Small models whose optimum is worked out by hand."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from instances.constraint_cases import facility
from instances.solve_tiny import instance_of, solve_tiny

from optimiser.formulation.model import build
from optimiser.solve.compile import compile_model


def test_two_hosts_become_one():
    """Consolidating two workloads of 10 % saves one idle host; the arithmetic is in the test."""
    answer = solve_tiny(
        2,
        [{"cpu": 10, "memory": 0, "host": "h1"}, {"cpu": 20, "memory": 0, "host": "h2"}],
        environment={"price_per_kwh": 0.2, "carbon_g_per_kwh": 500.0},
        weights={"carbon_price_per_t": 100.0, "move_cost": 0.72, "hold_days": 30.0,
                 "host_on_cost_per_h": 0.01},
    )  # fmt: skip
    # one host at 30 %: 100 W + 30 W; the other asleep: 5 W; one hour, 0.135 kWh
    assert answer.terms["energy_cost"] == pytest.approx(0.135 * 0.2)
    # 0.135 kWh · 500 g = 67.5 g, at 100 per tonne
    assert answer.terms["carbon"] == pytest.approx(67.5e-6 * 100.0)
    # one move at 0.72, held 30 days, of which the plan sees 1/24 day
    assert answer.terms["migration"] == pytest.approx(0.72 / 30.0 / 24.0)
    assert answer.terms["host_on"] == pytest.approx(0.01)
    assert answer.terms["water"] == 0.0
    assert answer.objective == pytest.approx(0.027 + 0.00675 + 0.001 + 0.01)
    assert len(answer.awake) == 1


def test_opposite_profiles_share_a_host():
    """Two workloads of 80 % that peak at different hours fit one host; flat ones do not."""
    workloads = [{"cpu": 80, "profile": "day"}, {"cpu": 80, "profile": "night"}]
    shared = solve_tiny(2, workloads, demand={"day": [1.0, 0.25], "night": [0.25, 1.0]})
    # each hour 80 + 20 of 100
    assert len(shared.awake) == 1
    assert len(solve_tiny(2, workloads, demand={"day": [1.0, 1.0], "night": [1.0, 1.0]}).awake) == 2


def test_dear_moves_keep_everything_in_place():
    """When a move costs more than the idle host it would save, nothing moves."""
    # an hour asleep saves 95 W · 0.15 + 95 W · 350 g/kWh · 80/t + 0.004 = 0.0209
    # a move costs 30/30/24 = 0.0417
    answer = solve_tiny(2, 2, weights={"move_cost": 30.0})
    assert answer.where == {"w1": "h1", "w2": "h2"}
    # 10/30/24 = 0.0139 is less than the saving
    assert len(solve_tiny(2, 2, weights={"move_cost": 10.0}).awake) == 1


def test_workload_that_does_not_run_yet_starts_for_free():
    """A workload without a host today is placed; that is no move."""
    answer = solve_tiny(1, [{"host": None}])
    assert answer.where == {"w1": "h1"}
    assert answer.terms["migration"] == 0.0


def test_host_in_maintenance_is_left():
    """A host in maintenance takes nothing and counts as asleep."""
    answer = solve_tiny([{"state": "maintenance"}, {}], [{"host": "h1"}])
    assert answer.where == {"w1": "h2"}
    # h2 at 10 %: 110 W, h1 standby 5 W, 0.15 per kWh
    assert answer.terms["energy_cost"] == pytest.approx(0.115 * 0.15)


def test_counts_of_variables_and_rows():
    """The model over the whole facility has the size it had when it was reviewed."""
    model = build(instance_of(**facility([{"kind": "redundant_feed", "limit_fraction": 0.16}])))
    variables = {v.name: len(v) for v in model.component_objects(pyo.Var) if len(v)}
    rows = {c.name: len(c) for c in model.component_objects(pyo.Constraint) if len(c)}
    # 1 group (all four workloads are alike), 4 hosts in 4 racks, 4 PDUs, 2 of each above, 1 step
    assert variables == {
        "place": 4, "awake": 4, "host_load_percent": 4, "host_power_kw": 4, "rack_power_kw": 4,
        "rack_reserve_kw": 4, "pdu_input_kw": 4, "ups_input_kw": 2, "feed_input_kw": 2,
        "room_heat_kw": 2, "zone_fan_kw": 2, "plant_power_kw": 2, "water_l_per_h": 2,
        "import_kw": 2, "staying": 2,
    }  # fmt: skip
    # 2 resources per host; 2 pieces per stage of the chain, 6 per zone's fans and per hour's plant;
    # of the failure rows 4 PDUs and 2 UPS units can be reached, the transformers cannot
    assert rows == {
        "assign": 1, "host_load": 4, "host_power": 4, "capacity": 8, "rack_reserve": 4,
        "rack_power": 4, "pdu_input": 8, "ups_input": 4, "feed_input": 4, "room_heat": 2,
        "zone_fan": 12, "plant_power": 12, "water_use": 12, "grid_import": 2,
        "redundant_feed": 6, "stay": 2,
    }  # fmt: skip
    compiled = compile_model(model)
    assert (compiled.num_col, compiled.num_row) == (44, 89)
