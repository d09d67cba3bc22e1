"""What the model believes of a placement equals an evaluation in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from instances.solve_tiny import frame_of, instance_of, solve_model
from instances.tiny import GPU_RESOURCES
from instances.tiny_facility import facility_options

from optimiser.analysis.placement_cost import placement_terms
from optimiser.formulation.extract import believed_terms
from optimiser.formulation.grouping import group_exact
from optimiser.formulation.instance import Background, Instance
from optimiser.formulation.model import build
from optimiser.formulation.values import set_placement, set_today
from optimiser.twin.surrogate import surrogate_power

NUM_HOSTS = 8


def _options(hours: int = 3) -> dict:
    rng = np.random.default_rng(5)
    demand = {f"p{i}": rng.uniform(0.2, 1.0, hours).round(3).tolist() for i in range(3)}
    return {**facility_options(4, hours), "demand": demand}


def _hosts() -> list[dict]:
    cards = ["curved", "plain"]
    return [{"rack": f"r{i % 4 + 1}", "card": cards[i % 2]} for i in range(NUM_HOSTS)]


def _workloads() -> list[dict]:
    return [
        {"cpu": 10 + i, "profile": f"p{i % 3}", "host": f"h{i % NUM_HOSTS + 1}"} for i in range(14)
    ]


def _evaluate(frame, host: np.ndarray, on: np.ndarray) -> dict[str, float]:
    """Cost the placement with numpy only: interpolated envelope, surrogate, prices."""
    twin, envelope = frame.twin, frame.envelope
    usage = np.zeros((twin.sizes["host"], twin.sizes["step"]))
    flavour = twin["workload_flavour"].values
    np.add.at(usage, host, twin["flavour_usage"].values[flavour, 0, :])
    kind = twin["host_kind"].values
    load = usage / twin["host_capacity"].values[:, [0]]
    power = np.array(
        [np.interp(load[h], envelope.load, envelope.value_w[kind[h]]) for h in range(len(load))]
    )
    power = np.where(on[:, None], power, twin["kind_standby_w"].values[kind][:, None])
    rack = np.zeros((twin.sizes["rack"], power.shape[1]))
    np.add.at(rack, twin["host_rack"].values, power)
    watts, litres = surrogate_power(frame.surrogate, rack[:, twin["step_of_time"].values])
    hours = twin["period_h"].values
    kwh = watts / 1e3 * hours
    days = hours.sum() / 24.0
    moved = (twin["workload_host"].values >= 0) & (host != twin["workload_host"].values)
    weights = frame.weights
    return {
        "energy_cost": float(kwh @ twin["price_per_kwh"].values),
        "carbon": float(kwh @ twin["carbon_g_per_kwh"].values) / 1e6 * weights.carbon_price_per_t,
        "water": float(litres @ hours) / 1e3 * twin.attrs["water_price_per_m3"],
        "migration": float(twin["workload_move_cost"].values[moved].sum())
        * days
        / weights.hold_days,
        "host_on": float(on.sum()) * weights.host_on_cost_per_h * days * 24.0,
        "embodied": float(on.sum()) * days * (1215.0 / 4 / 365) * 0.08 * weights.embodied,
        "soft_rules": 0.0,
        **placement_terms(twin, weights, host),
    }


def _random_placement(rng: np.random.Generator, frame) -> tuple[np.ndarray, np.ndarray]:
    host = rng.integers(0, NUM_HOSTS, frame.twin.sizes["workload"]).astype(np.int32)
    on = rng.random(NUM_HOSTS) < 0.3
    on[host] = True
    return host, on


@pytest.fixture(scope="module")
def frame():
    return frame_of(_hosts(), _workloads(), **_options())


def test_belief_equals_numpy_on_random_placements(frame):
    """Every term of the model equals the numpy evaluation to the last digits."""
    model, rng = build(Instance(frame, group_exact(frame))), np.random.default_rng(1)
    for _ in range(10):
        host, on = _random_placement(rng, frame)
        assert not set_placement(model, host, on).any()
        expected = _evaluate(frame, host, on)
        assert believed_terms(model) == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_belief_equals_the_objective_of_the_search(frame):
    """The search's own cost function and the model price a placement alike."""
    from optimiser.solve.objective import evaluate
    from optimiser.solve.problem import lower

    problem = lower(frame.twin, frame.rules, frame.weights)
    model, rng = build(Instance(frame, group_exact(frame))), np.random.default_rng(2)
    host, on = _random_placement(rng, frame)
    set_placement(model, host, on)
    believed = believed_terms(model)
    believed.pop("soft_rules")
    assert believed == pytest.approx(evaluate(problem, host, on), rel=1e-10)


def test_solver_agrees_with_belief(frame):
    """With the placement fixed, HiGHS finds the very objective that the start values give."""
    model, rng = build(Instance(frame, group_exact(frame))), np.random.default_rng(3)
    host, on = _random_placement(rng, frame)
    set_placement(model, host, on)
    believed = sum(believed_terms(model).values())
    for variable in (*model.place.values(), *model.awake.values()):
        variable.fix()
    assert solve_model(model) == pytest.approx(believed, rel=1e-7)


def test_start_values_satisfy_every_row(frame):
    """The values that a placement implies keep every constraint of the model."""
    import pyomo.environ as pyo

    model, rng = build(Instance(frame, group_exact(frame))), np.random.default_rng(4)
    host, on = _random_placement(rng, frame)
    set_placement(model, host, on)
    for row in model.component_data_objects(pyo.Constraint):
        if row.parent_component().name == "capacity":
            continue  # a random placement may overfill a host
        body = pyo.value(row.body)
        assert row.upper is None or body <= pyo.value(row.upper) + 1e-7, row.name
        assert row.lower is None or body >= pyo.value(row.lower) - 1e-7, row.name


def test_neighbourhood_believes_the_same(frame):
    """A sub-model over some hosts and workloads prices the whole site like the whole model."""
    rng = np.random.default_rng(6)
    host, on = _random_placement(rng, frame)
    expected = _evaluate(frame, host, on)
    for _ in range(5):
        hosts = rng.random(NUM_HOSTS) < 0.4
        workloads = hosts[host] & (rng.random(len(host)) < 0.7)
        hosts[0] = True
        grouping = group_exact(frame, workloads, hosts)
        model = build(Instance(frame, grouping, Background(host, on)))
        assert not set_placement(model, host, on).any()
        assert believed_terms(model) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_gpu_power_is_linear_in_devices():
    """A host with 2 of 4 GPUs in use draws half of their span: 100 W + 0.5 · 400 W."""
    card = {
        "kind": "server", "name": "gpu", "curve_w": [100.0] * 11, "standby_w": 5.0,
        "capacity": {"cpu": 100, "memory": 1000, "gpu": 400},
        "gpus": {"model": "X", "count": 4, "idle_w": 0.0, "max_w": 100.0},
    }  # fmt: skip
    instance = instance_of(
        [{"card": "gpu"}],
        [{"gpu": 200, "host": "h1"}],
        resources=GPU_RESOURCES,
        cards=[card],
    )
    model = build(instance)
    set_today(model)
    assert model.host_power_kw["h1", 0].value == pytest.approx(0.300)


def test_hours_with_negative_price_count_the_ceiling():
    """Import in an hour that pays for waste counts as if every host were full."""
    instance = instance_of(
        1, 1, environment={"price_per_kwh": -0.5, "carbon_g_per_kwh": 0.0}, hours=1
    )
    model = build(instance)
    set_today(model)
    # one host at full load: 0.2 kW for one hour
    assert believed_terms(model)["energy_cost"] == pytest.approx(-0.5 * 0.2)
    assert len(model.import_kw) == 0


def test_swapping_identical_workloads_is_no_move():
    """Two equal workloads on each other's hosts are the same placement: nothing moves."""
    instance = instance_of(2, 2)
    model = build(instance)
    set_placement(model, np.array([1, 0]), np.array([True, True]))
    assert believed_terms(model)["migration"] == 0.0
