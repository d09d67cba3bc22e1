"""The main job: from a site on disk to a verified plan in a run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from optimiser.analysis.bottlenecks import bottlenecks
from optimiser.analysis.verdict import Placement
from optimiser.errors import EXIT_INTERRUPTED, InfeasibleError, RefusedError
from optimiser.library.site import read_study
from optimiser.report.html import write_report
from optimiser.report.payload import ReportData
from optimiser.schema.plan import GoalValue, Move, Plan, TradeOffPoint
from optimiser.solve.executor import Executor, open_executor
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem
from optimiser.solve.progress import EngineResult, Tick
from optimiser.store.manifest import read_manifest
from optimiser.store.runs import RunContent, write_run
from optimiser.studies.move_documents import move_documents
from optimiser.studies.move_times import time_moves
from optimiser.studies.move_way_check import held_backwards
from optimiser.studies.moves import MoveOrder
from optimiser.studies.reasons import explain_moves
from optimiser.workflow.goals import Reached, solve_goals
from optimiser.workflow.judgement import Side, judge_plan, judge_today
from optimiser.workflow.loading import Loaded, assemble
from optimiser.workflow.options import PlanOptions, apply_options
from optimiser.workflow.ordering import check_order, require_order
from optimiser.workflow.phases import Phases
from optimiser.workflow.plan_document import SOFT_RULES, placement_of, placement_rows, plan_document
from optimiser.workflow.reachable import order_result
from optimiser.workflow.report import REPORT
from optimiser.workflow.report_data import Judged, report_data
from optimiser.workflow.trade_off import trade_off
from optimiser.workflow.worth import Worth, measure_worth

__all__ = ["PlanOptions", "PlanOutcome", "Tick", "Watcher", "plan_site"]

EXIT_TERMINATED = 143
SHOWN = 5


class Watcher(Protocol):
    """Who is told how a plan comes along."""

    was_interrupted: bool
    was_terminated: bool

    def phase(self, name: str) -> None:
        """A phase begins."""

    def tick(self, tick: Tick) -> None:
        """The search reports its state."""

    def finishing(self) -> None:
        """The search is over; what follows is short and should not be interrupted."""


class Unwatched:
    """Nobody looks."""

    was_interrupted = False
    was_terminated = False

    def phase(self, name: str) -> None:
        """Ignore it."""

    def tick(self, tick: Tick) -> None:
        """Ignore it."""

    def finishing(self) -> None:
        """Ignore it."""


@dataclass(frozen=True)
class PlanOutcome:
    """A stored plan. ``stopped`` says why the search ended: gap, time, work or interrupted."""

    run: Path
    plan: Plan
    report: ReportData
    stopped: str
    notes: list[str]
    exit_code: int

    def to_dict(self) -> dict[str, Any]:
        """Return what a script needs as plain JSON types; the rest is in the run folder."""
        plan = self.plan
        return {
            "run": str(self.run),
            "report": str(self.run / REPORT),
            "stopped": self.stopped,
            "proof": plan.proof.model_dump(mode="json"),
            "goals": [goal.model_dump(mode="json") for goal in plan.goals],
            "terms": [term.model_dump(mode="json") for term in plan.terms],
            "before": self.report.before.model_dump(mode="json"),
            "after": self.report.after.model_dump(mode="json"),
            "hosts_on": len(plan.hosts_on),
            "hosts_asleep": len(plan.hosts_asleep),
            "moves": len(plan.moves),
            "waves": plan.waves,
            "notes": self.notes,
        }


def plan_site(
    path: Path, options: PlanOptions | None = None, watcher: Watcher | None = None
) -> PlanOutcome:
    """Plan a site folder or a study file and store the run.

    Raises ``InputError`` for a wrong site, ``InfeasibleError`` with findings when no plan can keep
    every rule, ``NoPlanError`` when none was found in time, and ``RefusedError`` when the exact
    checker refuses what was found; then nothing is written.
    """
    options, watcher = options or PlanOptions(), watcher or Unwatched()
    phases = Phases(watcher.phase)
    with phases.phase("read"):
        study, site_input = read_study(path)
    with phases.phase("twin"):
        loaded = assemble(apply_options(study, options), site_input)
    require_order(loaded)
    with open_executor(options.workers, options.scheduler) as executor:
        reached = _search(loaded, executor, watcher)
        points = _trade_off(reached, executor, phases)
        watcher.finishing()
        today = judge_today(loaded.twin, loaded.rules)  # goals of the study ask nothing of it
        loaded = reached.loaded
        result, made = _judge(loaded, reached.result, today, executor, phases)
    made = replace(made, goals=reached.values(result.candidate), trade_off=points)
    with phases.phase("store"):
        outcome = _store(loaded, options, result, made, phases)
    return outcome(_exit_code(result, watcher))


def _search(loaded: Loaded, executor: Executor, watcher: Watcher) -> Reached:
    try:
        return solve_goals(loaded, executor, watcher.tick)
    except InfeasibleError as error:
        from optimiser.workflow.conflict import with_proof  # loads the modelling language

        raise with_proof(loaded, error) from None


def _trade_off(reached: Reached, executor: Executor, phases: Phases) -> list[TradeOffPoint]:
    """Return the plans between the cheapest and the one with least, where the study asks."""
    wanted = reached.loaded.study.trade_off
    if wanted is None or reached.result.status == "interrupted":
        return []
    with phases.phase("trade-off"):
        return trade_off(reached.loaded, wanted, reached.result, executor)


def _exit_code(result: EngineResult, watcher: Watcher) -> int:
    if watcher.was_terminated:
        return EXIT_TERMINATED
    interrupted = result.status == "interrupted" or watcher.was_interrupted
    return EXIT_INTERRUPTED if interrupted else 0


@dataclass(frozen=True)
class _Made:
    """A plan with everything that judges it."""

    placement: Placement
    before: Side
    after: Side
    order: MoveOrder
    moves: list[Move]
    problem: Problem
    today: dict[str, float]
    worth: Worth
    notes: list[str]
    goals: Sequence[GoalValue] = ()
    trade_off: Sequence[TradeOffPoint] = ()


def _judge(
    loaded: Loaded, result: EngineResult, before: Side, executor: Executor, phases: Phases
) -> tuple[EngineResult, _Made]:
    """Check, simulate and order; raise ``RefusedError`` when the checker says no.

    Where some workloads cannot reach their host by legal moves, the plan becomes the placement
    that can be reached, when that is legal too; the result then has that plan's objective.
    """
    twin, rules = loaded.twin, loaded.rules
    with phases.phase("order moves"):
        result, order = order_result(loaded, result)
        order, times = time_moves(twin, order, loaded.study.moving, loaded.way)
        broken = check_order(loaded, order, times)
        if broken:
            raise RefusedError(
                "the order of moves breaks a rule on the way: " + broken[0].sentence,
                "report this: the order should not offer it",
            )
    with phases.phase("verify and simulate"):
        placement = placement_of(twin, result.candidate)
        after = judge_plan(twin, rules, placement)
        if not after.verdict.is_legal:
            raise RefusedError(_refusal(after), "report this: the search should not offer it")
        problem = loaded.problem
        today = evaluate(problem, before.placement.host, before.placement.host_on)
        today = {**today, SOFT_RULES: before.verdict.penalty}
    sides = (before.placement, placement, before.simulation, after.simulation)
    reasons = explain_moves(twin, rules, *sides)
    moves = move_documents(twin, order, times, reasons)
    notes = _notes(loaded, order, after)
    worth = measure_worth(loaded, result, executor, phases)
    made = _Made(placement, before, after, order, moves, problem, today, worth, notes)
    return result, made


def _refusal(after: Side) -> str:
    sentences = after.verdict.sentences()
    shown = "\n".join(f"    {sentence}" for sentence in sentences[:10])
    return f"the exact checker refuses the plan; nothing was written\n{shown}"


def _notes(loaded: Loaded, order: MoveOrder, after: Side) -> list[str]:
    notes = [
        f"{name} cannot reach its host without breaking a rule on the way: {why}"
        for name, why in order.stuck[:SHOWN]
    ]
    if len(order.stuck) > SHOWN:
        notes.append(f"and {len(order.stuck) - SHOWN} more workloads cannot")
    stuck = dict(order.stuck)
    left_out = [(name, why) for name, why in order.left_out if name not in stuck]
    notes += [
        f"{name} stays, or goes elsewhere than it would be best: {why}"
        for name, why in left_out[:SHOWN]
    ]
    if len(left_out) > SHOWN:
        notes.append(f"and {len(left_out) - SHOWN} more workloads do")
    notes += held_backwards(loaded.twin, loaded.way, order)
    notes += [f"soft rule not kept: {v.sentence}" for v in after.verdict.soft[:20]]
    return notes


def _store(
    loaded: Loaded, options: PlanOptions, result: EngineResult, made: _Made, phases: Phases
) -> Callable[[int], PlanOutcome]:
    """Write the run folder with its report; return what makes the outcome from an exit code."""
    seconds = {**phases.seconds, **{k: round(v, 3) for k, v in result.phase_seconds.items()}}
    plan = plan_document(
        loaded,
        result,
        made.today,
        made.after,
        made.moves,
        frontier=made.worth.frontier,
        binding=made.worth.binding,
        rule_prices=made.worth.rule_prices,
        goals=made.goals,
        trade_off=made.trade_off,
    )
    plan = plan.model_copy(update={"phase_seconds": seconds})
    reports: list[ReportData] = []

    def report(target: Path) -> None:
        """Write the page into the folder of the run, once its manifest is there."""
        manifest = read_manifest(target.parent)
        rows = bottlenecks(loaded.twin, loaded.rules, made.placement)
        sides, weights = (made.before, made.after), loaded.study.weights
        judged = Judged(loaded.twin, loaded.rules, plan, *sides, weights, rows)
        reports.append(report_data(judged, manifest))
        write_report(reports[0], target)

    runs = options.runs or loaded.site_input.folder / "runs"
    extra = _model_files(made.problem) if options.save_lp else {}
    content = _content(loaded, result, made, plan, extra)
    run = write_run(runs, content, report=(REPORT, report))
    return lambda code: PlanOutcome(run, plan, reports[0], result.status, made.notes, code)


def _content(
    loaded: Loaded,
    result: EngineResult,
    made: _Made,
    plan: Plan,
    extra: Mapping[str, Callable[[Path], None]],
) -> RunContent:
    site_input = loaded.site_input
    return RunContent(
        plan=plan,
        site=site_input.site,
        study=loaded.study,
        cards=site_input.cards,
        source=site_input.folder,
        input_hashes=site_input.files,
        twin=loaded.twin,
        placements=placement_rows(loaded.twin, made.before.placement.host, made.placement),
        reverse_moves=move_documents(loaded.twin, made.order.reverse()),
        metrics={
            "before": made.before.summary,
            "after": made.after.summary,
            "broken_before": made.before.verdict.broken,
            "stuck": [list(pair) for pair in made.order.stuck],
            "left_out": [list(pair) for pair in made.order.left_out],
            "way_back": held_backwards(loaded.twin, loaded.way, made.order),
            "stopped": result.status,
            "plans_refused": result.dropped,
        },
        solver_log=search_log(result),
        stopped=result.status,
        defaults=loaded.defaults_used,
        extra=extra,
    )


def search_log(result: EngineResult) -> str:
    """Return the course of the search as text, a line per tick."""
    lines = ["seconds  phase         best           bound          gap        hosts on"]
    for tick in result.history:
        best = "-" if tick.best is None else f"{tick.best:.4f}"
        bound = "-" if tick.bound is None else f"{tick.bound:.4f}"
        gap = "-" if tick.gap is None else f"{tick.gap:.6f}"
        on = "-" if tick.hosts_on is None else str(tick.hosts_on)
        lines.append(
            f"{tick.seconds:7.2f}  {tick.phase:<12}  {best:<13}  {bound:<13}  {gap:<9}  {on}"
        )
    return "\n".join([*lines, f"stopped: {result.status}", result.bound_sentence, ""])


def _model_files(problem: Problem) -> dict[str, Callable[[Path], None]]:
    """Return the writer of the model as LP file, by name."""
    from optimiser.workflow.save_model import write_model  # loads the modelling language

    return {"model.lp": partial(write_model, problem)}
