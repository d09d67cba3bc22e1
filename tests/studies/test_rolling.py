"""The rolling controller moves little, sees no future and keeps the rules at every moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.errors import InputError, UsageError
from optimiser.studies.forecast import Forecast
from optimiser.studies.rolling import Rolling, RollingSettings, Shift

Case = dict[str, Any]
APART = [{"kind": "anti_affinity", "name": "apart", "workloads": {}, "domain": "host"}]


def on(host: str, cpu: int = 60, memory: int = 100, **fields: Any) -> Case:
    """Return a workload of service s that runs on a host."""
    return {"service": "s", "cpu": cpu, "memory": memory, "host": host, **fields}


def controller(hosts: int, workloads: list[Case], *policies: Case, **settings: Any) -> Rolling:
    """Return a controller over tiny hosts of 100 millicores and 1000 MiB."""
    _, twin, rules = tiny(hosts, workloads, policies)
    return Rolling(twin, rules, RollingSettings(**settings))


def keep(rolling: Rolling, reading: list[float], steps: int) -> list[Shift]:
    """Let the same reading come in several times; return all moves."""
    return [move for _ in range(steps) for move in rolling.step(np.array(reading))]


def test_an_idle_host_is_emptied() -> None:
    """Two workloads that use little end on one host with one move, and stay there."""
    rolling = controller(2, [on("h1"), on("h2")])
    moves = keep(rolling, [10.0, 10.0], 20)
    assert len(moves) == 1
    assert rolling.placement.host_on.sum() == 1


def test_requests_may_be_promised_more_than_once() -> None:
    """Requests of 60 and 60 share a host of 100 as long as they use little of it."""
    rolling = controller(2, [on("h1"), on("h2")])
    keep(rolling, [10.0, 10.0], 20)
    assert len(np.unique(rolling.placement.host)) == 1


def test_other_resources_are_not() -> None:
    """Memory of 600 and 600 keeps two workloads apart on hosts of 1000, whatever their load."""
    rolling = controller(2, [on("h1", memory=600), on("h2", memory=600)])
    assert keep(rolling, [10.0, 10.0], 20) == []


def test_rules_hold() -> None:
    """Workloads that must be on different hosts stay there; without the rule one host is left."""
    workloads = [on("h1"), on("h2")]
    assert keep(controller(2, workloads, *APART), [5.0, 5.0], 20) == []
    assert len(keep(controller(2, workloads), [5.0, 5.0], 20)) == 1


def test_an_overfull_host_is_relieved_at_once() -> None:
    """70 and 50 on a host of 100: one of them moves to the awake host that has room."""
    rolling = controller(2, [on("h1"), on("h1"), on("h2", cpu=40)])
    moves = rolling.step(np.array([70.0, 50.0, 20.0]))
    assert len(moves) == 1
    assert moves[0].source == "h1"
    assert moves[0].target == "h2"


def test_a_sleeping_host_wakes_when_others_are_full() -> None:
    """70 and 60 on the only awake host of 100 cost more than the idle power of another."""
    rolling = controller(2, [on("h1"), on("h1")])
    assert rolling.placement.host_on.sum() == 1
    moves = keep(rolling, [70.0, 60.0], 3)
    assert [move.target for move in moves] == ["h2"]


def test_a_dear_move_is_not_made() -> None:
    """A price of more steps of idle power than the change is of use for keeps everything."""
    workloads = [on("h1"), on("h2")]
    assert keep(controller(2, workloads, move_price=30.0, horizon_steps=24.0), [5, 5], 10) == []


def test_demand_that_the_twin_knows_is_not_looked_at() -> None:
    """Sites that differ in their demand to come get the same moves for the same readings."""
    found = []
    for fractions in ([0.1, 0.1], [1.0, 0.9]):
        workloads = [on("h1", profile="day"), on("h2", profile="day")]
        _, twin, rules = tiny(2, workloads, demand={"day": fractions})
        found.append(keep(Rolling(twin, rules), [12.0, 9.0], 10))
    assert found[0] == found[1] != []


def test_moves_of_a_step_are_legal_in_any_order() -> None:
    """Memory of every host holds at all steps with leavers and comers counted together."""
    rng = np.random.default_rng(3)
    count, hosts = 60, 12
    workloads = [on(f"h{1 + i % hosts}", cpu=30, memory=150) for i in range(count)]
    rolling, moved = controller(hosts, workloads, move_price=0.05), 0
    usual = rng.uniform(0.0, 25.0, count)
    for _ in range(40):
        before = rolling.placement.host
        moved += len(rolling.step(np.clip(usual + rng.normal(0.0, 8.0, count), 0.0, 30.0)))
        after = rolling.placement.host
        there = np.bincount(before, minlength=hosts)
        comers = np.bincount(after[after != before], minlength=hosts)
        assert ((there + comers) * 150 <= 1000).all()
    assert moved > 0


def test_without_the_present_the_past_decides() -> None:
    """A controller that sees over steps only moves for what it expects, not for one spike."""
    _, twin, rules = tiny(2, [on("h1"), on("h1"), on("h2", cpu=40)])
    quiet = [np.array([20.0, 20.0, 30.0])] * 30
    moves = {}
    for knows in (True, False):
        rolling = Rolling(twin, rules, RollingSettings(move_price=3.0), knows_step=knows)
        for reading in quiet:
            rolling.step(reading)
        before = rolling.placement.host.copy()
        spike = np.where(before == before[0], 90.0, 20.0)
        moves[knows] = len(rolling.step(spike))
    assert moves[True] > 0
    assert moves[False] == 0


def test_every_wrong_reading_is_told() -> None:
    """Readings that are no amount are refused together, by name; a wrong number of them too."""
    rolling = controller(1, [on("h1"), on("h1"), on("h1", cpu=1)])
    with pytest.raises(InputError) as caught:
        rolling.step(np.array([-1.0, 1.0, np.nan]))
    assert len(caught.value.problems) == 2
    with pytest.raises(UsageError):
        rolling.step(np.array([1.0]))


@pytest.mark.parametrize("name", ["unmet_price", "horizon_steps", "memory_steps"])
def test_settings_have_intervals(name: str) -> None:
    """Values outside of the documented intervals are refused."""
    fields: dict[str, Any] = {name: 0}
    with pytest.raises(UsageError, match=name):
        RollingSettings(**fields)


def test_a_steady_workload_is_certain() -> None:
    """After many equal readings the mean is the reading and the variance next to nothing."""
    forecast = Forecast(np.array([100.0, 50.0]))
    for _ in range(200):
        forecast.see(np.array([30.0, 10.0]))
    assert forecast.mean == pytest.approx([30.0, 10.0], rel=1e-3)
    assert (np.sqrt(forecast.variance) < 0.02 * forecast.request).all()


def test_noise_is_not_followed() -> None:
    """Independent readings are forecast by their mean, with their own variance."""
    rng, forecast = np.random.default_rng(5), Forecast(np.full(200, 100.0), memory=10_000)
    for _ in range(400):
        forecast.see(50.0 + rng.normal(0.0, 5.0, 200))
    assert abs(forecast.weights[1]) < 0.1
    assert forecast.mean == pytest.approx(np.full(200, 50.0), abs=1.0)
    assert float(np.sqrt(forecast.variance).mean()) == pytest.approx(5.0, rel=0.1)


def test_persistence_is_followed() -> None:
    """Random walks are forecast by their last reading."""
    rng, forecast = np.random.default_rng(5), Forecast(np.full(100, 100.0))
    walk = np.full(100, 50.0)
    for _ in range(300):
        walk = np.clip(walk + rng.normal(0.0, 1.0, 100), 0.0, 100.0)
        forecast.see(walk)
    assert forecast.weights[1] > 0.8


def test_before_any_reading_a_workload_uses_its_request() -> None:
    """Nothing is promised twice before anything is known."""
    forecast = Forecast(np.array([7.0]))
    assert forecast.mean.tolist() == [7.0]
    assert forecast.variance.tolist() == [0.0]
