"""CP-SAT as a peer: it places everything by the rules it knows, and better than first fit."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cases.against_peers import problem_of
from benchmarks.generators.sites import main
from benchmarks.peers.cp_sat import place
from benchmarks.peers.heuristics import first_fit
from benchmarks.peers.judge import judge
from optimiser.analysis.verdict import Placement


def test_the_small_site_is_placed_without_broken_groups(tmp_path: Path) -> None:
    """All run, groups are apart, and fewer hosts are on than first fit wakes."""
    main(["small", "-o", str(tmp_path / "site")])
    problem = problem_of(tmp_path / "site")
    placement, cost, ended = place(problem, tmp_path, 10.0)
    found = judge(problem, placement)
    assert ended in ("OPTIMAL", "FEASIBLE") and cost.cpu_s > 0
    assert (found.unplaced, found.broken) == (0, 0)
    room = first_fit(problem)
    assert found.objective < judge(problem, Placement(room.host, room.on)).objective
