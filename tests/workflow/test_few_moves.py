"""Studies that allow few moves begin from hosts emptied one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.generators.consolidation_site import make_consolidation
from optimiser.solve.executor import open_executor
from optimiser.studies.frontier import climb, num_moves
from optimiser.workflow.loading import load
from optimiser.workflow.restarts import solve_restarts

MOST = 60


def test_few_moves_are_never_worse_than_hosts_emptied_one_by_one(tmp_path: Path) -> None:
    """The search starts from such a plan and keeps within the limit."""
    loaded = load(make_consolidation(tmp_path / "site", 400, 40, max_moves=MOST))
    solver = loaded.study.solver.model_copy(
        update={"time_limit_s": 60.0, "work_limit": 1, "threads": 1}
    )
    loaded = replace(loaded, study=loaded.study.model_copy(update={"solver": solver}))
    with open_executor() as executor:
        found = solve_restarts(loaded, executor, lambda _: None).candidate
    [emptied] = climb(loaded.problem, [MOST], 60.0)
    assert emptied is not None
    assert 0 < num_moves(loaded.problem, found.host) <= MOST
    assert found.objective <= emptied.objective + 1e-9
    assert found.on.sum() < loaded.problem.today_on.sum()
