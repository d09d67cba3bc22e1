"""From a challenge file to an assignment: import, plan, verify, export."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from connect.roadef_official import judge, write_instance

from optimiser.cli.app import run as dcopt
from optimiser.connect.roadef import import_roadef
from optimiser.connect.roadef_files import read_instance, read_numbers
from optimiser.errors import RefusedError, UsageError
from optimiser.workflow.export import export_roadef
from optimiser.workflow.plan import PlanOptions, PlanOutcome, plan_site
from optimiser.workflow.verify import verify_run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the model and the first assignment of a small instance."""
    return write_instance(tmp_path_factory.mktemp("instance"), 2)


@pytest.fixture(scope="module")
def planned(files: tuple[Path, Path]) -> PlanOutcome:
    """Return a plan of it."""
    site = files[0].parent / "site"
    import_roadef(*files, site)
    return plan_site(site, PlanOptions(work_limit=20, threads=1))


def test_exported_plan_costs_what_the_challenge_says(
    files: tuple[Path, Path], planned: PlanOutcome, tmp_path: Path
) -> None:
    """The assignment is feasible, better than the first, and its cost is the plan's objective."""
    report = export_roadef(planned.run, tmp_path / "new.txt")
    instance = read_instance(*files)
    official = judge(instance, read_numbers(report.target))
    first = judge(instance, instance.assignment)
    assert official.is_feasible
    assert official.total == planned.plan.proof.objective == report.objective
    assert official.total < first.total
    assert first.total == sum(term.before for term in planned.plan.terms)
    assert planned.plan.proof.bound is not None
    assert planned.plan.proof.bound <= official.total


def test_moves_go_together_and_lead_to_the_plan(planned: PlanOutcome) -> None:
    """One wave, as the challenge has it, and the stored run passes verification."""
    assert planned.plan.waves == 1
    assert {move.wave for move in planned.plan.moves} == {1}
    result = verify_run(planned.run)
    assert result.is_verified
    assert {"transient_capacity", "dependency", "spread", "anti_affinity"} <= set(result.checked)


def test_summary_tells_the_cost_of_loads_and_moves(planned: PlanOutcome) -> None:
    """The report shows the objective where energy costs nothing."""
    from optimiser.report.text import headline, summary_rows

    rows = {label: (before, after) for label, before, after, _ in summary_rows(planned.report)}
    objective = f"{planned.plan.proof.objective:,.0f} XXX"
    assert rows["Cost of loads and moves"][1] == objective
    assert "of the cost of loads and moves" in headline(planned.report)


def test_damaged_plan_is_not_exported(planned: PlanOutcome, tmp_path: Path) -> None:
    """A run whose placement was edited is refused and no file appears."""
    copy = tmp_path / "run"
    shutil.copytree(planned.run, copy)
    lines = (copy / "placements.csv").read_text(encoding="utf-8").splitlines()
    one = lines[1].split(",")[3]
    crowded = [",".join([*line.split(",")[:3], one, *line.split(",")[4:]])
               for line in lines[1:]]  # fmt: skip
    (copy / "placements.csv").write_text("\n".join([lines[0], *crowded]) + "\n", encoding="utf-8")
    with pytest.raises(RefusedError):
        export_roadef(copy, tmp_path / "new.txt")
    assert not (tmp_path / "new.txt").exists()


def test_export_by_command(
    planned: PlanOutcome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``dcopt export roadef`` writes the file and tells the objective as JSON."""
    target = tmp_path / "new.txt"
    assert dcopt(["export", "roadef", str(planned.run), "-o", str(target), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["objective"] == planned.plan.proof.objective
    assert len(read_numbers(target)) == told["workloads"]


def test_file_in_the_way_is_kept(planned: PlanOutcome, tmp_path: Path) -> None:
    """An existing file is replaced only with ``force``."""
    target = tmp_path / "new.txt"
    target.write_text("mine", encoding="ascii")
    with pytest.raises(UsageError, match="--force"):
        export_roadef(planned.run, target)
    assert target.read_text(encoding="ascii") == "mine"
    export_roadef(planned.run, target, force=True)
    assert target.read_text(encoding="ascii") != "mine"


def _checker(shared_data: Path) -> ModuleType:
    path = shared_data.parent / "tools" / "roadef_check.py"
    if not path.is_file():
        pytest.skip("no checker of the challenge beside the public data")
    spec = importlib.util.spec_from_file_location("challenge_checker", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
@pytest.mark.parametrize("name", ["a1_1", "a1_5", "a2_5"])
def test_independent_checker_accepts_the_export(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    """A plan of a public instance, exported, has the same value for a checker written elsewhere."""
    checker = _checker(shared_data)
    model = shared_data / "roadef2012" / "A" / f"model_{name}.txt"
    if not model.is_file():
        pytest.skip(f"{model.name} is not beside this checkout")
    start = model.with_name(f"assignment_{name}.txt")
    import_roadef(model, start, tmp_path / "site")
    outcome = plan_site(tmp_path / "site", PlanOptions(time_limit_s=6.0))
    report = export_roadef(outcome.run, tmp_path / "new.txt")
    instance = checker.load(model, start)
    found = checker.evaluate(instance, read_numbers(report.target))
    assert found["feasible"]
    assert found["total"] == report.objective
    # on a busy machine the search may find nothing better than today in so short a time
    assert found["total"] <= checker.evaluate(instance, np.asarray(instance.init))["total"]
