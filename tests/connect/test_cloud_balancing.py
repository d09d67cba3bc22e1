"""Cloud balancing becomes a site whose objective is the cost of the computers in use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimiser.connect.cloud_balancing import import_cloud_balancing
from optimiser.errors import InputError
from optimiser.schema.study import SolverSettings
from optimiser.solve.engine import solve_study
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem, lower
from optimiser.workflow.loading import load

SETTINGS = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=2, threads=1)


def _computer(number: int, size: int, cost: int) -> dict[str, Any]:
    amounts = {"cpuPower": size, "memory": size, "networkBandwidth": size}
    return {"id": number, **amounts, "cost": cost}


def _process(number: int, size: int, computer: object = None) -> dict[str, Any]:
    amounts = {"requiredCpuPower": size, "requiredMemory": 1, "requiredNetworkBandwidth": 2}
    return {"id": number, **amounts, "computer": computer}


def _document() -> dict[str, Any]:
    return {
        "id": 0,
        "computerList": [_computer(0, 10, 500), _computer(1, 6, 200), _computer(5, 6, 250)],
        "processList": [_process(0, 5), _process(1, 5), _process(2, 1)],
        "score": None,
    }


def _write(folder: Path, document: object) -> Path:
    path = folder / "tiny.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def _problem(source: Path, target: Path) -> Problem:
    import_cloud_balancing(source, target)
    loaded = load(target)
    return lower(loaded.twin, loaded.rules, loaded.study.weights)


def test_engine_finds_the_cheapest_computers(tmp_path: Path) -> None:
    """5 + 5 + 1 fit on the two small computers: 200 + 250 is less than 500 + 200."""
    import_cloud_balancing(_write(tmp_path, _document()), tmp_path / "site")
    loaded = load(tmp_path / "site")
    study = loaded.study.model_copy(update={"solver": SETTINGS})
    result = solve_study(loaded.twin, loaded.rules, study)
    assert result.candidate.objective == pytest.approx(450.0)
    assert result.bound == pytest.approx(450.0)
    assert result.candidate.on.tolist() == [False, True, True]


def test_computers_named_in_the_file_are_today_s(tmp_path: Path) -> None:
    """A solved file gives today's placement, by id or as an object; leaving is free."""
    document = _document()
    document["processList"] = [_process(0, 5, 5), _process(1, 5, {"id": 0}), _process(2, 1)]
    report = import_cloud_balancing(_write(tmp_path, document), tmp_path / "site")
    loaded = load(tmp_path / "site")
    assert report.placed == 2
    assert loaded.twin["workload_host"].values.tolist() == [2, 0, -1]
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    assert problem.move_cost.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        (lambda d: d.pop("processList"), "processList", "no list of objects"),
        (lambda d: d.update(computerList=[]), "computerList", "no list of objects"),
        (lambda d: d["computerList"][1].pop("cost"), "computerList[1].cost", "whole number"),
        (lambda d: d["processList"][0].update(requiredMemory=1.5),
         "processList[0].requiredMemory", "whole number"),
        (lambda d: d["processList"][2].update(id=0), "processList[2].id", "given twice"),
        (lambda d: d["processList"][2].update(computer=9), "processList[2].computer",
         "no such computer"),
    ],
)  # fmt: skip
def test_mistakes_are_located(tmp_path: Path, change: Any, field: str, told: str) -> None:
    """Each mistake names its field, and nothing is written."""
    document = _document()
    change(document)
    with pytest.raises(InputError, match=told) as caught:
        import_cloud_balancing(_write(tmp_path, document), tmp_path / "site")
    assert caught.value.problems[0].field == field
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("text", ["{", "[1, 2]"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    """What is no JSON object is refused as such."""
    with pytest.raises(InputError, match="JSON"):
        import_cloud_balancing(_write(tmp_path, text), tmp_path / "site")


@pytest.mark.shared
def test_cost_of_random_plans_is_the_official_one(shared_data: Path, tmp_path: Path) -> None:
    """On the real problem the objective is the sum of the costs in the file, recomputed apart."""
    source = shared_data / "cloud-balancing" / "100computers-300processes.json"
    problem = _problem(source, tmp_path / "site")
    document = json.loads(source.read_text())
    cost = {c["id"]: c["cost"] for c in document["computerList"]}
    names = [int(name.split("-")[1]) for name in problem.twin["host"].values]
    rng = np.random.default_rng(3)
    for _ in range(10):
        host = rng.integers(0, len(names), problem.num_workloads).astype(np.int32)
        on = np.zeros(len(names), dtype=bool)
        on[host] = True
        official = sum(cost[names[h]] for h in set(host.tolist()))
        assert sum(evaluate(problem, host, on).values()) == official


@pytest.mark.shared
def test_real_problem_is_taken_whole(shared_data: Path, tmp_path: Path) -> None:
    """All computers and processes of the largest problem, amount by amount."""
    source = shared_data / "cloud-balancing" / "400computers-1200processes.json"
    report = import_cloud_balancing(source, tmp_path / "site")
    document = json.loads(source.read_text())
    assert (report.hosts, report.workloads) == (400, 1200)
    hosts = pd.read_csv(tmp_path / "site" / "hosts.csv")
    workloads = pd.read_csv(tmp_path / "site" / "workloads.csv")
    assert hosts["memory"].tolist() == [c["memory"] for c in document["computerList"]]
    assert workloads["network"].tolist() == [
        p["requiredNetworkBandwidth"] for p in document["processList"]
    ]
