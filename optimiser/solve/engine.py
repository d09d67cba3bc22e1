"""Anytime engine: a legal plan at once, then better plans and better bounds until time is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import xarray as xr

from optimiser.errors import InfeasibleError, NoPlanError
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.bound import Bounder
from optimiser.solve.objective import planning_rack_power_w
from optimiser.solve.precheck import precheck
from optimiser.solve.problem import Problem, lower, with_rows
from optimiser.solve.progress import Check, Clockwork, EngineResult, Report, Tick, relative_gap
from optimiser.solve.rackrows import excuse_today
from optimiser.solve.schedule import Schedule
from optimiser.solve.search import Candidate, Searcher
from optimiser.twin.rules import Rule


def solve_study(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    study: Study,
    report: Report | None = None,
    check: Check | None = None,
) -> EngineResult:
    """Return the best plan found within the limits of a study.

    ``report`` is called with each line of progress; ``check`` judges a candidate exactly, and
    only accepted ones are kept. Ctrl-C returns the best plan so far.

    Raises ``InfeasibleError`` with findings when no plan exists and ``NoPlanError`` when none was
    found in time.
    """
    problem = prepare(twin, rules, study)
    return Engine(problem, study.solver, report, check).run()


def prepare(twin: xr.Dataset, rules: Sequence[Rule], study: Study) -> Problem:
    """Lower a twin, excuse what rules let stay as it is, and refuse what cannot be."""
    problem = lower(twin, rules, study.weights)
    today = planning_rack_power_w(problem, problem.today, problem.today_on)
    problem = with_rows(problem, excuse_today(problem.rows, today))
    findings = precheck(problem)
    if findings:
        text = "\n".join(str(finding) for finding in findings)
        raise InfeasibleError(f"no plan can keep every rule\n{text}", findings)
    return problem


@dataclass
class Engine:
    """One run: the incumbent, the bound beside it, and what remains to be tried."""

    problem: Problem
    settings: SolverSettings
    report: Report | None = None
    check: Check | None = None
    best: Candidate | None = None
    history: list[Tick] = field(default_factory=list)
    dropped: int = 0

    def run(self) -> EngineResult:
        """Search until the gap is closed, time or work is used up, or someone interrupts."""
        self.clock = Clockwork(self.settings.time_limit_s)
        self.bounder = Bounder(self.problem, self.clock)
        try:
            status = self._search()
        except KeyboardInterrupt:
            status = "interrupted"
        finally:
            self.bounder.stop()
        if self.best is None:
            raise self._failure(status)
        self._tick("done")
        return EngineResult(
            candidate=self.best,
            bound=self.bounder.bound,
            bound_sentence=self.bounder.sentence,
            status=status,
            phase_seconds={**self.clock.phase_seconds, **self.bounder.seconds},
            history=tuple(self.history),
            dropped=self.dropped,
        )

    def _search(self) -> str:
        self._offer_today()
        self.bounder.start()
        schedule = Schedule(self.problem, self.settings, self.clock, self.bounder)
        for step in schedule.steps(lambda: self.best):
            if step.candidate is not None:
                self._offer(step.candidate)
            self._tick(step.phase)
            if self.bounder.infeasible:
                raise InfeasibleError(f"no plan can keep every rule: {self.bounder.infeasible}")
            gap = relative_gap(self._objective, self.bounder.bound)
            if gap is not None and gap <= self.settings.gap:
                return "gap"
        return "work" if self.settings.work_limit else "time"

    def _offer_today(self) -> None:
        """Take today's placement as the first plan when it is legal."""
        since = self.clock.seconds
        searcher = Searcher(self.problem)
        left = searcher.load(self.problem.today, self.problem.today_on)
        if not len(left) and searcher.is_legal:
            self._offer(searcher.candidate())
        self.clock.charge("start", since)
        self._tick("start")

    def _offer(self, candidate: Candidate) -> None:
        if self.best is not None and candidate.objective >= self.best.objective - 1e-9:
            return
        if self.check is not None and not self.check(candidate):
            self.dropped += 1
            return
        self.best = candidate

    @property
    def _objective(self) -> float | None:
        return None if self.best is None else self.best.objective

    def _tick(self, phase: str) -> None:
        on = None if self.best is None else int(self.best.on.sum())
        tick = Tick(self.clock.seconds, phase, self._objective, self.bounder.bound, on)
        self.history.append(tick)
        if self.report is not None:
            self.report(tick)

    def _failure(self, status: str) -> Exception:
        if self.bounder.infeasible:
            return InfeasibleError(f"no plan can keep every rule: {self.bounder.infeasible}")
        return NoPlanError(
            f"no legal plan found in {self.clock.seconds:.0f} s ({status})",
            "give more time with --time-limit, or ask 'dcopt explain' what stands in the way",
        )
