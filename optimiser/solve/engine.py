"""Anytime engine: a legal plan at once, then better plans and better bounds until time is up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from optimiser.errors import InfeasibleError, NoPlanError, is_interrupt
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.candidate import Candidate
from optimiser.solve.executor import Executor, InProcess
from optimiser.solve.mend import Leaving, find_leaving
from optimiser.solve.mend_places import place_leaving
from optimiser.solve.objective import evaluate
from optimiser.solve.packing import is_about_hosts_on
from optimiser.solve.precheck import precheck
from optimiser.solve.problem import Problem, lower
from optimiser.solve.progress import (
    CLOSED,
    Check,
    Clockwork,
    EngineResult,
    Report,
    Tick,
    relative_gap,
)
from optimiser.twin.rules import Rule

if TYPE_CHECKING:
    from optimiser.solve.bound import Bounder

MENDED = "fewest moves that mend what is broken today"
WORK_NODES = 10  # nodes of the exact model in one unit of work


def solve_study(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    study: Study,
    report: Report | None = None,
    check: Check | None = None,
    start: Candidate | None = None,
    executor: Executor | None = None,
    problem: Problem | None = None,
) -> EngineResult:
    """Return the best plan found within the limits of a study.

    ``report`` is called with each line of progress; ``check`` judges a candidate exactly, and
    only accepted ones are kept, soft rules priced. Without it soft rules do not count, neither in
    the plan nor in the bound. ``start`` is a plan to begin with, whatever it was found for.
    ``executor`` runs what is independent of each other, by default this process; ``problem`` are
    the arrays of this very study where they are there already. Ctrl-C returns the best plan so far.

    Raises ``InfeasibleError`` with findings when no plan exists and ``NoPlanError`` when none was
    found in time.
    """
    counted = rules if check is not None else [rule for rule in rules if rule.is_hard]
    if problem is None or check is None:
        problem = prepare(twin, counted, study)
    else:
        _refuse_impossible(problem)
    return Engine(problem, study.solver, report, check, start, executor or InProcess()).run()


def prepare(twin: xr.Dataset, rules: Sequence[Rule], study: Study) -> Problem:
    """Lower a twin, excuse what rules let stay as it is, and refuse what cannot be."""
    problem = lower(twin, rules, study.weights)
    _refuse_impossible(problem)
    return problem


def _refuse_impossible(problem: Problem) -> None:
    if precheck(problem):
        raise _infeasible(problem)


def _infeasible(problem: Problem, because: str = "") -> InfeasibleError:
    """Return the error that explains why no plan exists."""
    from optimiser.solve.explain import infeasible_error

    return infeasible_error(problem, because)


@dataclass
class Engine:
    """One run: the incumbent, the bound beside it, and what remains to be tried."""

    problem: Problem
    settings: SolverSettings
    report: Report | None = None
    check: Check | None = None
    start: Candidate | None = None
    executor: Executor = field(default_factory=InProcess)
    best: Candidate | None = None
    history: list[Tick] = field(default_factory=list)
    dropped: int = 0
    _bounder: Bounder | None = None
    _leaving: Leaving | None = None

    def run(self) -> EngineResult:
        """Search until the gap is closed, time or work is used up, or someone interrupts."""
        self.clock = Clockwork(self.settings.time_limit_s)
        try:
            self._offer_today()
            self._offer_start()
            self._offer_mended()
            status = "gap" if self._is_close else self._search()
        except (KeyboardInterrupt, SystemError) as error:
            if not is_interrupt(error):
                raise
            status = "interrupted"
        finally:
            if self._bounder is not None:
                self._bounder.stop()
        return self._result(status)

    def _make_bounder(self) -> Bounder:
        # the modelling language takes a second to load; today's plan is safe by then
        from optimiser.solve.bound import Bounder

        limit = self.settings.work_limit
        nodes = None if limit is None else WORK_NODES * limit
        return Bounder(self.problem, self.clock, lambda: self.best, nodes, self.executor)

    def _result(self, status: str) -> EngineResult:
        bounder = self._bounder
        if bounder is not None:
            self._take_plans()
        if self.best is None:
            raise self._failure(status)
        if bounder is not None:
            bounder.distrust(self.best.objective)
        self._tick("done")
        bound, sentence = self._proven
        return EngineResult(
            candidate=self.best,
            bound=bound,
            claim=None if bounder is None else bounder.claim,
            bound_sentence=sentence,
            status=status,
            phase_seconds={
                **self.clock.phase_seconds,
                **({} if bounder is None else bounder.seconds),
            },
            history=tuple(self.history),
            dropped=self.dropped,
            duals=None if bounder is None else bounder.duals,
        )

    def _search(self) -> str:
        self._bounder = self._make_bounder()
        self.bounder.start()
        if self.bounder.size.is_tiny or self.settings.work_limit is not None:
            # what is ready at once, or must come in the same order each time
            self.bounder.wait(self._show)
            if self._is_done("exact"):
                return "gap"
        self._compile()
        from optimiser.solve.schedule import Schedule  # as the compiled search

        stays = None if self._leaving is None else ~self._leaving.chosen
        schedule = Schedule(self.problem, self._search_settings, self.clock, self.bounder, stays)
        for step in schedule.steps(lambda: self.best):
            if step.candidate is not None:
                self._offer(step.candidate)
            if self._is_done(step.phase):
                return "gap"
        return "work" if self.settings.work_limit else "time"

    @property
    def bounder(self) -> Bounder:
        """The bound beside the search; there once the search begins."""
        assert self._bounder is not None
        return self._bounder

    @property
    def _search_settings(self) -> SolverSettings:
        """Leave a core to what closes the gap: the exact model, or the fillings of hosts."""
        closes = self.bounder.size.is_small or is_about_hosts_on(self.problem)
        if self.settings.work_limit is None and closes:
            return self.settings.model_copy(update={"threads": 1})
        return self.settings

    def _is_done(self, phase: str) -> bool:
        """Take what has come in, report, and say whether the plan is good enough."""
        self._take_plans()
        if self.best is not None:
            self.bounder.distrust(self.best.objective)
        self._tick(phase)
        if self.bounder.infeasible and self.best is None:
            raise _infeasible(self.problem, self.bounder.infeasible)
        return self._is_close

    @property
    def _is_close(self) -> bool:
        gap = relative_gap(self._objective, self._proven[0])
        return gap is not None and gap <= max(self.settings.gap, CLOSED)

    @property
    def _proven(self) -> tuple[float | None, str]:
        """The best limit at hand and how it was proven."""
        bounder, moves = self._bounder, None if self._leaving is None else self._leaving.bound
        bound, sentence = (None, "") if bounder is None else (bounder.bound, bounder.sentence)
        if moves is not None and (bound is None or moves > bound):
            return moves, MENDED
        return bound, sentence

    def _take_plans(self) -> None:
        while self.bounder.plans:
            self._offer(self.bounder.plans.popleft())

    def _offer_today(self) -> None:
        """Take today's placement as the first plan when it is legal.

        With a checker at hand that takes no compiled code, so a plan is there at once.
        """
        since, problem = self.clock.seconds, self.problem
        needs_devices = bool((problem.device_request > 0).any())
        is_left_out = (problem.today < 0) & ~problem.frame.serving.is_optional
        if self.check is not None and not needs_devices and (problem.today >= 0).all():
            host, on = problem.today, problem.today_on
            devices = np.zeros(len(host), dtype=np.uint64)
            self._offer(Candidate(host, on, devices, evaluate(problem, host, on)))
            self.dropped = 0  # today may break rules; that is no fault of the search
        elif (problem.today >= 0).any() and not is_left_out.any():
            from optimiser.solve.search import Searcher  # the compiled search; not all need it

            searcher = Searcher(problem)
            searcher.load(problem.today, problem.today_on)
            if searcher.keeps_rules:
                self._offer(searcher.candidate())
        self.clock.charge("start", since)
        self._tick("start")

    def _offer_start(self) -> None:
        """Take the plan to begin with, at what it costs here."""
        if self.start is not None:
            terms = evaluate(self.problem, self.start.host, self.start.on)
            self._offer(replace(self.start, terms=terms))

    def _offer_mended(self) -> None:
        """Where today breaks rules, move the fewest workloads that mend them."""
        if self.best is not None or not (self.problem.today >= 0).any():
            return
        since = self.clock.seconds
        self._leaving = find_leaving(self.problem)
        if self._leaving is not None and self.check is not None:
            mended = place_leaving(self.problem, self._leaving)
            if mended is not None:
                self._offer(mended)
            self.dropped = 0  # it looks at a few rules only
        self.clock.charge("mend", since)
        self._tick("mend")

    def _compile(self) -> None:
        """Load the search before its time begins; compiled once per installation, then on disk."""
        self._tick("compile")
        since = self.clock.seconds
        from optimiser.solve.search import Searcher
        from optimiser.solve.tracks import COLD
        from optimiser.solve.walker import Style

        searcher = Searcher(self.problem)
        left = searcher.load(self.problem.today, self.problem.today_on)
        searcher.place(left[:1], self.settings.seed)
        searcher.run(1, COLD, COLD, self.settings.seed)
        if searcher.walker is not None and searcher.is_legal:
            searcher.walk(1, 0.0, self.settings.seed, Style(ejects=True))
        searcher.settle(1, COLD, self.settings.seed)
        self.clock.charge("compile", since)
        self.clock.set_back(self.clock.seconds - since)

    def _offer(self, candidate: Candidate) -> None:
        if self.best is not None and candidate.objective >= self.best.objective - 1e-9:
            return
        if self.check is not None:
            penalty = self.check(candidate)
            if penalty is None:
                self.dropped += 1
                return
            candidate = replace(candidate, penalty=penalty)
        if self.best is None or candidate.objective < self.best.objective:
            self.best = candidate

    @property
    def _objective(self) -> float | None:
        return None if self.best is None else self.best.objective

    def _tick(self, phase: str) -> None:
        tick = self._state(phase)
        self.history.append(tick)
        if self.report is not None:
            self.report(tick)

    def _show(self) -> None:
        """Report while only the bound is worked on; how often depends on the machine."""
        if self.report is not None:
            self.report(self._state("bound"))

    def _state(self, phase: str) -> Tick:
        on = None if self.best is None else int(self.best.on.sum())
        return Tick(self.clock.seconds, phase, self._objective, self._proven[0], on)

    def _failure(self, status: str) -> Exception:
        because = None if self._bounder is None else self._bounder.infeasible
        if because:
            return _infeasible(self.problem, because)
        return NoPlanError(
            f"no legal plan found in {self.clock.seconds:.0f} s ({status})",
            "give more time with --time-limit, or ask 'dcopt explain' what stands in the way",
        )
