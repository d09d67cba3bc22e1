"""A plan whose moves get stuck becomes one that can be reached, with devices too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from instances.tiny import GPU_RESOURCES, tiny

from benchmarks.generators.consolidation_site import make_consolidation
from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import Study
from optimiser.solve.candidate import Candidate
from optimiser.solve.engine import solve_study
from optimiser.solve.executor import open_executor
from optimiser.solve.progress import EngineResult
from optimiser.studies.move_replay import replay
from optimiser.studies.moves import order_moves
from optimiser.workflow.loading import Loaded, load
from optimiser.workflow.plan_document import placement_of
from optimiser.workflow.reachable import order_result
from optimiser.workflow.restarts import solve_restarts

GPUS = {"resources": GPU_RESOURCES}


def reached(twin: Any, rules: Any, target: list[int], masks: list[int] | None = None):
    """Return the result and order for a plan by host numbers and device masks."""
    host = np.array(target, dtype=np.int32)
    on = np.isin(np.arange(twin.sizes["host"]), host)
    devices = np.array(masks or [0] * len(host), dtype=np.uint64)
    plan = Candidate(host, on, devices, {"energy": 1.0})
    result = EngineResult(plan, None, "", "interrupted", {}, ())  # the nearest end, no search
    nothing: Any = None
    loaded = Loaded(Study(), nothing, twin, rules)
    found, order = order_result(loaded, result)
    assert replay(twin, rules, order, Study().moving) == []
    assert order.is_complete
    end = placement_of(twin, found.candidate)
    assert verify(twin, rules, end).is_legal
    assert np.array_equal(order.end.host, end.host)
    return found.candidate, end, order


def test_stuck_swap_of_whole_devices_leaves_both_where_they_are() -> None:
    """Two that cannot swap stay with devices of their own, the third still moves."""
    rows = [{"gpu": 100}, {"gpu": 100}, {"gpu": 100}, {"gpu": 100}]
    workloads = [
        {"gpu": 100, "cpu": 1, "host": "h1"}, {"gpu": 100, "cpu": 1, "host": "h2"},
        {"gpu": 50, "cpu": 60, "host": "h3"}, {"gpu": 50, "cpu": 50, "host": "h4"},
    ]  # fmt: skip
    _, twin, rules = tiny(rows, workloads, [{"kind": "pin", "workloads": {"names": ["w4"]},
                                             "host": "h4"}], **GPUS)  # fmt: skip
    found, end, order = reached(twin, rules, [1, 0, 2, 3], [1, 1, 1, 1])
    assert end.devices == [(0,), (0,), (0,), (0,)]
    assert end.host.tolist() == [0, 1, 2, 3]
    assert len(order.workload) == 0
    assert found.terms.keys() != {"energy"}  # valued anew


def test_hosts_that_keep_their_workloads_keep_their_devices() -> None:
    """Only hosts whose workloads differ from the plan get a new packing."""
    rows = [{"gpu": 100}, {"gpu": 100}, {"gpu": 200}]
    workloads = [
        {"gpu": 100, "cpu": 1, "host": "h1"}, {"gpu": 100, "cpu": 1, "host": "h2"},
        {"gpu": 100, "cpu": 1, "host": "h3"}, {"gpu": 100, "cpu": 1, "host": "h3"},
    ]  # fmt: skip
    _, twin, rules = tiny(rows, workloads, **GPUS)
    _, end, _ = reached(twin, rules, [1, 0, 2, 2], [1, 1, 2, 1])
    assert end.devices == [(0,), (0,), (1,), (0,)]


def test_moves_that_end_in_a_broken_rule_are_cut_back_to_a_legal_plan() -> None:
    """Of two that must stay together only one can move, so neither does.

    w1 (40) fits on h2 beside w3 (50), w2 (60) does not; w3 waits for w2, and h3 has room for 40.
    """
    workloads = [
        {"cpu": 40, "host": "h1", "service": "p"}, {"cpu": 60, "host": "h1", "service": "p"},
        {"cpu": 50, "host": "h2"}, {"cpu": 60, "host": "h3"},
    ]  # fmt: skip
    together = {"kind": "affinity", "domain": "host", "workloads": {"services": ["p"]}}
    _, twin, rules = tiny(3, workloads, [together])
    goal = Placement(np.array([1, 1, 0, 2], dtype=np.int32), np.ones(3, dtype=bool))
    assert order_moves(twin, rules, goal).workload.tolist() == [0]
    _, end, order = reached(twin, rules, [1, 1, 0, 2])
    assert end.host.tolist() == [0, 0, 1, 2]
    assert len(order.workload) == 0


def test_a_stuck_plan_is_searched_again(tmp_path: Path) -> None:
    """Replicas that fill every rack cannot change places; keeping them home beats cutting back."""
    make_consolidation(tmp_path / "site", 400, 40)
    loaded = load(tmp_path / "site")
    solver = loaded.study.solver.model_copy(update={"time_limit_s": 8.0, "gap": 0.0})
    study = loaded.study.model_copy(update={"solver": solver})
    result = solve_study(loaded.twin, loaded.rules, study)
    planned = Loaded(study, loaded.site_input, loaded.twin, loaded.rules)
    cut, cut_order = order_result(planned, replace(result, status="interrupted"))
    found, order = order_result(planned, result)
    assert order.is_complete and replay(loaded.twin, loaded.rules, order, study.moving) == []
    assert verify(loaded.twin, loaded.rules, placement_of(loaded.twin, found.candidate)).is_legal
    assert found.candidate.objective <= cut.candidate.objective + 1e-9
    assert len(cut_order.workload) > 0


def test_replicas_that_pass_each_other_trade_places(tmp_path: Path) -> None:
    """The search knows who cannot leave its rack and names replicas as they stand: nobody waits."""
    make_consolidation(tmp_path / "site", 400, 40)
    loaded = load(tmp_path / "site")
    solver = loaded.study.solver.model_copy(update={"time_limit_s": 8.0, "gap": 0.0})
    loaded = replace(loaded, study=loaded.study.model_copy(update={"solver": solver}))
    with open_executor() as executor:
        result = solve_restarts(loaded, executor, lambda _: None)
    found, order = order_result(loaded, result)
    assert order.is_complete and not order.left_out
    assert len(order.workload) > 100
    assert found.candidate.objective <= result.candidate.objective + 1e-6
    away = (found.candidate.host != loaded.problem.today).sum()
    assert away <= (result.candidate.host != loaded.problem.today).sum()
    assert result.bound is not None
    assert found.candidate.objective <= result.bound * 1.02
    assert "plans that legal moves reach" in result.bound_sentence
