"""The main job on a small site: plan, store, report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimiser.errors import InfeasibleError, RefusedError
from optimiser.report.text import NONE, headline, summary_rows
from optimiser.solve.progress import EngineResult
from optimiser.store.latest import resolve_run
from optimiser.store.manifest import hash_tree, read_manifest
from optimiser.workflow import restarts
from optimiser.workflow.plan import PlanOptions, PlanOutcome, plan_site
from optimiser.workflow.verify import verify_run
from tests.workflow.disk_sites import write_site

FILES = {
    "plan.json", "placements.csv", "moves.csv", "reverse_moves.csv", "twin.nc", "metrics.json",
    "report.html", "solver.log", "manifest.json", "inputs",
}  # fmt: skip


def test_a_run_folder_holds_everything(outcome: PlanOutcome) -> None:
    """The run folder has every file that the architecture names, and ``latest`` points at it."""
    assert {path.name for path in outcome.run.iterdir()} == FILES
    assert resolve_run(outcome.run.parent).samefile(outcome.run)
    assert [p.name for p in outcome.run.parent.iterdir() if p.name.startswith(".")] == []


def test_the_manifest_tells_how_the_run_came_about(outcome: PlanOutcome) -> None:
    """Versions, hashes, seed, timings, proof level and defaults are recorded."""
    manifest = read_manifest(outcome.run)
    assert manifest.files.items() <= hash_tree(outcome.run).items()
    assert set(manifest.inputs) >= {"site.yaml", "hosts.csv", "workloads.csv", "study.yaml"}
    assert manifest.versions["highspy"][0].isdigit()
    assert manifest.seed == 1
    assert {"read", "twin", "order moves", "verify and simulate"} <= set(manifest.phase_seconds)
    assert manifest.proof_level == outcome.plan.proof.level
    assert any("crah" in text or "zones" in text for text in manifest.defaults)


def test_the_plan_saves_and_is_proven(outcome: PlanOutcome) -> None:
    """Hosts go to sleep, the cost falls, and the bound lies below the plan."""
    plan, report = outcome.plan, outcome.report
    assert plan.hosts_asleep
    assert report.after.cost is not None
    assert report.before.cost is not None
    assert report.after.cost < report.before.cost
    assert plan.proof.bound is not None
    assert plan.proof.bound <= plan.proof.objective * (1 + 1e-9)
    assert sum(term.believed for term in plan.terms) == pytest.approx(plan.proof.objective)


def test_belief_and_simulation_agree(outcome: PlanOutcome) -> None:
    """Each term as the optimiser believed it is within 2 % of the full simulation."""
    for term in outcome.plan.terms:
        assert term.simulated == pytest.approx(term.believed, rel=0.02, abs=1e-9), term.name


def test_the_stored_plan_verifies(outcome: PlanOutcome) -> None:
    """What was written is verified again from the folder alone, every prefix included."""
    result = verify_run(outcome.run)
    assert result.refusals == []
    assert result.notes == []
    assert result.prefixes == len(outcome.plan.moves)
    assert sum(result.checked.values()) > 100


def test_the_same_work_gives_the_same_plan(outcome: PlanOutcome, tmp_path: Path) -> None:
    """With a limit on work the placement and the moves are the same byte for byte."""
    site = write_site(tmp_path / "site")
    again = plan_site(site, PlanOptions(work_limit=2, time_limit_s=60))
    for name in ("placements.csv", "moves.csv", "reverse_moves.csv", "metrics.json"):
        assert (again.run / name).read_bytes() == (outcome.run / name).read_bytes(), name
    assert again.run.name.rsplit("-", 1)[-1] == outcome.run.name.rsplit("-", 1)[-1]


def test_the_inputs_kept_in_a_run_are_a_site(outcome: PlanOutcome, tmp_path: Path) -> None:
    """The folder ``inputs`` of a run can itself be planned, and gives the same placement."""
    again = plan_site(
        outcome.run / "inputs", PlanOptions(work_limit=2, time_limit_s=60, runs=tmp_path / "runs")
    )
    name = "placements.csv"
    assert (again.run / name).read_bytes() == (outcome.run / name).read_bytes()
    assert not (outcome.run / "inputs" / "runs").exists()


def test_no_move_allowed_means_no_move(tmp_path: Path) -> None:
    """``max_moves=0`` leaves everything where it is."""
    site = write_site(tmp_path / "site")
    outcome = plan_site(site, PlanOptions(work_limit=1, time_limit_s=60, max_moves=0))
    assert outcome.plan.moves == []
    assert verify_run(outcome.run).is_verified


def test_an_impossible_site_is_explained_and_nothing_is_written(tmp_path: Path) -> None:
    """A workload larger than any host is named, with what is missing."""
    change = ("workloads.csv", "web,shop,day,2,200,512", "web,shop,day,2,1200,512")
    site = write_site(tmp_path / "site", [change])
    with pytest.raises(InfeasibleError, match="web-1") as raised:
        plan_site(site, PlanOptions(work_limit=1))
    assert raised.value.findings
    assert not (site / "runs").exists()


def test_a_plan_that_the_checker_refuses_is_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the search to offer an illegal plan, it would end with a refusal and no run folder."""
    site = write_site(tmp_path / "site")
    true = restarts.solve_study

    def lying(*args: object, **kwargs: object) -> EngineResult:
        result = true(*args, **kwargs)  # type: ignore[arg-type]
        result.candidate.host[:] = 0  # all on one host: gold replicas together, capacity exceeded
        result.candidate.on[0] = True
        return result

    monkeypatch.setattr(restarts, "solve_study", lying)
    with pytest.raises(RefusedError):
        plan_site(site, PlanOptions(work_limit=1, time_limit_s=60))
    assert not (site / "runs").exists()


def test_metrics_and_report_tell_the_same(outcome: PlanOutcome) -> None:
    """The figures of ``metrics.json`` are those of the report."""
    metrics = json.loads((outcome.run / "metrics.json").read_text())
    assert metrics["after"]["facility_kwh"] == pytest.approx(outcome.report.after.energy_kwh)
    assert metrics["before"]["hosts_on"] == outcome.report.before.hosts_on
    assert outcome.report.hosts_total == 4


def test_a_soft_rule_has_its_price_in_the_plan(tmp_path: Path) -> None:
    """A cheap soft rule is broken and priced; all terms together are the objective."""
    soft = (
        "    why: one host may fail\n",
        "    why: one host may fail\n    soft: {weight: 0.001}\n",
    )
    site = write_site(tmp_path / "site", [("site.yaml", *soft)])
    outcome = plan_site(site, PlanOptions(work_limit=1, time_limit_s=60))
    terms = {term.name: term for term in outcome.plan.terms}
    assert terms["soft_rules"].believed == pytest.approx(0.001)
    assert terms["soft_rules"].simulated == pytest.approx(0.001)
    total = sum(term.believed for term in outcome.plan.terms)
    assert total == pytest.approx(outcome.plan.proof.objective)
    assert any("apart" in note for note in outcome.notes)
    assert verify_run(outcome.run).is_verified


def test_a_first_placement_states_no_saving(tmp_path: Path) -> None:
    """Where nothing is known to run today the report compares with nothing."""
    site = write_site(tmp_path / "site")
    (site / "placement.csv").unlink()
    outcome = plan_site(site, PlanOptions(work_limit=1, time_limit_s=60))
    assert outcome.report.is_first_placement
    assert "no saving to state" in headline(outcome.report)
    assert {row[1] for row in summary_rows(outcome.report)} == {NONE}
    assert len(outcome.plan.moves) == 6
    assert verify_run(outcome.run).is_verified
