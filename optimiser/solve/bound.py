"""The proven lower limit: relaxations of the Pyomo model, solved beside the search.

Hosts that the rules cannot tell apart are merged, which keeps the model small and its optimum a
bound on every legal plan. Each stage is tighter and dearer than the one before; a stage that runs
out of time costs nothing, because the best bound so far stays valid. Where a site is small enough
the exact model comes last, or at once, and finds plans too.
"""

from __future__ import annotations

import atexit
import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence

import numpy as np

from optimiser.errors import DcoptError, InfeasibleError
from optimiser.formulation.frame import without_groups
from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.formulation.modelling import pyo
from optimiser.solve.branch import branch_on_whole
from optimiser.solve.candidate import Candidate
from optimiser.solve.columns import Master, fillings_of
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled
from optimiser.solve.covering import Coverer, Desk
from optimiser.solve.exact import (
    BELIEVED,
    SECOND_RUN,
    Watcher,
    build_exact,
    exact_size,
    solve_exact,
)
from optimiser.solve.executor import Executor, InProcess
from optimiser.solve.guide import Guide, round_relaxation
from optimiser.solve.packing import Packing, packing_of
from optimiser.solve.prices import read_duals
from optimiser.solve.problem import Problem
from optimiser.solve.progress import CLOSED, Clockwork, relative_gap
from optimiser.solve.restricted import choose_fillings
from optimiser.solve.search import Searcher
from optimiser.solve.settings import SolveResult, SolveSettings
from optimiser.solve.stages import STAGES, Stage
from optimiser.solve.status import SolveStatus
from optimiser.solve.stay_bound import bound_by_stays, stay_of
from optimiser.solve.surgery import Surgeon, operate
from optimiser.solve.tighten import tighten
from optimiser.solve.worker import SolverChild

WHOLE_SHARE = 0.3  # share of the time limit that whole hosts may take
CHOOSE_SHARE = 0.3  # of the time limit for whole fillings
LARGEST_OPERATED = 30_000  # workloads of sites whose plans are operated on
STAY_SHARE = 0.2  # of the time limit for prices of load
FILLING_ROUNDS = 400  # of fillings or prices where work is limited instead of time
FILLINGS = "column generation over the fillings of hosts"
EXACT = "exact model of the site"
STAYS = "prices of load on each host, which then chooses who stays"
FLOOR = "all hosts taken as one"
CONTRADICTION = 1e-6
STOP_S = 10.0
PULSE_S = 0.5


class Bounder:
    """Computes the stages in a thread of its own; the solver works in a child process.

    ``bound`` only rises; ``claim`` is what HiGHS says of the exact model, which counts once a
    second run agrees. ``infeasible`` is set when a relaxation has no solution, which proves
    that no plan exists. ``plans`` holds what the exact model has found and nobody has taken yet;
    ``best`` tells it where to start from. With ``node_limit`` the amount of work is fixed: only
    linear relaxations and, for small sites, so many nodes of the exact model.
    """

    def __init__(
        self,
        problem: Problem,
        clock: Clockwork,
        best: Callable[[], Candidate | None] = lambda: None,
        node_limit: int | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.problem = problem
        self.executor = executor or InProcess()
        self.clock = clock
        self.size = exact_size(problem)
        self.node_limit = node_limit
        self.plans: deque[Candidate] = deque()
        self.bound: float | None = floor_of(problem)
        self.sentence = "" if self.bound is None else FLOOR
        self.claim: float | None = None
        self.infeasible: str | None = None
        self.guide: Guide | None = None
        self.duals: dict[tuple[str, ...], float] | None = None
        self.trouble: list[str] = []
        self.seconds: dict[str, float] = {}
        self._best = best
        self._is_trusted = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="bound", daemon=True)

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def wait(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Let all stages end, or the time; call back now and then."""
        while self._thread.is_alive() and self.clock.seconds_left > 0.0:
            self._thread.join(timeout=min(PULSE_S, self.clock.seconds_left))
            meanwhile()

    def distrust(self, objective: float) -> None:
        """Give the bound up when a checked plan is cheaper than it."""
        bound, margin = self.bound, CONTRADICTION * max(abs(objective), 1e-3)
        if self.claim is not None and objective < self.claim - margin:
            self.claim = None
        if bound is None or objective >= bound - margin:
            return
        self.trouble.append(f"bound {bound:.9g} is beaten by a checked plan of {objective:.9g}")
        self.bound, self.sentence, self._is_trusted = None, "", False

    def stop(self) -> None:
        """End the child and wait for the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)
        if self._thread.is_alive():  # a process that ends amid compiled code is aborted
            atexit.register(self._thread.join)

    @property
    def is_busy(self) -> bool:
        """Whether a stage is still running."""
        return self._thread.is_alive()

    def _work(self) -> None:
        try:
            with SolverChild() as child:
                packing, stages = packing_of(self.problem), deque(self._stages)
                if packing is not None:
                    if packing.is_mixed and stages:  # soon done, and more than sizes alone prove
                        self._run(stages.popleft(), child, branches=False)
                    self._pack(packing, child)
                for stage in stages:
                    if self._stop.is_set() or self.infeasible:
                        return
                    self._run(stage, child)
                self._stay()
                if self.size.is_solvable and not self._stop.is_set() and not self.infeasible:
                    self._run_exact(child)
            self._operate()
        except InfeasibleError as error:
            self.infeasible = str(error)
        except DcoptError as error:
            self.trouble.append(f"bound: {error}")

    def _pack(self, packing: Packing, child: SolverChild) -> None:
        """Bound and plan by fillings where only hosts that are on cost money."""
        since, asked = self.clock.seconds, Counter[float]()

        def is_over(share: float) -> bool:
            if self.node_limit is not None:
                asked[share] += 1
                return self._stop.is_set() or asked[share] > FILLING_ROUNDS
            return self._stop.is_set() or self._is_late(share * self.clock.time_limit_s)

        desk = Desk(
            self._best_here, self._offer, lambda b: self._raise(b, FILLINGS), is_over, self.executor
        )
        master = Coverer(packing, desk).run()
        self.seconds["fillings"] = self.clock.seconds - since
        self._choose(packing, master, child)

    def _stay(self) -> None:
        """Bound by who stays on each host where loads cost money and no exact model will do."""
        stay = None if self.size.is_solvable or self.infeasible else stay_of(self.problem)
        if stay is None:
            return
        since, steps = self.clock.seconds, itertools.count()
        until = since + STAY_SHARE * self.clock.time_limit_s

        def is_over() -> bool:
            if self.node_limit is not None:
                return self._stop.is_set() or next(steps) > FILLING_ROUNDS
            return self._stop.is_set() or self._is_late(until)

        def best() -> float | None:
            plan = self._best()
            return None if plan is None else plan.objective

        bound_by_stays(stay, best, lambda b: self._raise(b, STAYS), is_over)
        self.seconds["who stays"] = self.clock.seconds - since

    def _best_here(self) -> Candidate | None:
        """Return the best plan, those included that nobody has taken yet."""
        plans = [plan for plan in (self._best(), *self.plans) if plan is not None]
        return min(plans, key=lambda plan: plan.objective, default=None)

    def _choose(self, packing: Packing, master: Master, child: SolverChild) -> None:
        """Choose whole fillings exactly, from the best plan at hand, unless that is proven best."""
        since, best = self.clock.seconds, self._best_here()
        gap = None if best is None else relative_gap(best.objective, self.bound)
        if self._stop.is_set() or (gap is not None and gap <= CLOSED):
            return
        start = [] if best is None else fillings_of(packing, best.host)
        for kind, filling in start:
            master.add(kind, filling)
        left = min(CHOOSE_SHARE * self.clock.time_limit_s, self.clock.seconds_left)
        settings = SolveSettings(time_limit_s=max(1.0, left), node_limit=self.node_limit, threads=1)
        host = choose_fillings(master, start, child, settings, self._stop.is_set)
        if host is not None:
            self._offer(host)
        self.seconds["whole fillings"] = self.clock.seconds - since

    def _operate(self) -> None:
        """Spend what time is left on neighbourhoods of the best plan, unless that is proven best.

        Only where nothing but hosts that are on costs money: elsewhere shifts and swaps gain more
        in the same time. Rules with a price are nothing that models of a few hosts know.
        """
        is_priced = any(not rule.is_hard for rule in self.problem.rules)
        if self.node_limit is not None or self.size.is_tiny or is_priced or self.infeasible:
            return
        too_large = self.problem.num_workloads > LARGEST_OPERATED
        if too_large or packing_of(self.problem) is None:
            return
        since, found = self.clock.seconds, list[Candidate]()

        def best() -> Candidate | None:
            plans = [plan for plan in (self._best(), *found[-1:]) if plan is not None]
            return min(plans, key=lambda plan: plan.objective, default=None)

        def is_over() -> bool:
            plan, is_late = best(), self.clock.seconds_left <= 0.0
            gap = None if plan is None else relative_gap(plan.objective, self.bound)
            return self._stop.is_set() or is_late or (gap is not None and gap <= CLOSED)

        def offer(plan: Candidate) -> None:
            found.append(plan)
            self.plans.append(plan)

        operate(Surgeon(self.problem, 1, self.executor), best, offer, is_over)
        self.seconds["neighbourhoods"] = self.clock.seconds - since

    def _offer(self, host: np.ndarray) -> None:
        """Offer a placement (workload,) as a plan, what is missing placed where it costs least."""
        searcher = Searcher(self.problem)
        left = searcher.load(host, np.zeros(self.problem.num_hosts, dtype=bool))
        searcher.place(left, 0)
        searcher.round_off(0)
        searcher.wake_reserves()
        if searcher.keeps_rules:
            self.plans.append(searcher.candidate())

    @property
    def _stages(self) -> Sequence[Stage]:
        return () if self.size.is_tiny else STAGES

    def _run_exact(self, child: SolverChild) -> None:
        since = self.clock.seconds
        exact = build_exact(self.problem)
        self.seconds["exact model"] = self.clock.seconds - since
        settings = SolveSettings(
            time_limit_s=max(1.0, self.clock.seconds_left), node_limit=self.node_limit
        )
        result = solve_exact(
            exact,
            self._best(),
            settings,
            None if self.size.is_tiny else child,
            Watcher(self.plans.append, self._claim, self._stop.is_set),
        )
        self.seconds["exact solve"] = self.clock.seconds - since - self.seconds["exact model"]
        self.trouble += [f"exact: {note}" for note in result.notes]
        if result.bound_source not in BELIEVED:
            return
        if result.status is SolveStatus.INFEASIBLE:
            self.infeasible = f"the {EXACT} has no solution"
        elif result.bound is not None:
            twice = ", solved twice by HiGHS" if result.bound_source == SECOND_RUN else ""
            self._raise(result.bound, EXACT + twice)

    def _claim(self, bound: float) -> None:
        if self._is_trusted and (self.claim is None or bound > self.claim):
            self.claim = bound

    def _run(self, stage: Stage, child: SolverChild, branches: bool = True) -> None:
        since = self.clock.seconds
        model = self._build(stage)
        if model is None or self._stop.is_set():
            return
        compiled = compile_model(model)
        relaxation = compiled.as_relaxation()
        result = self._solve(relaxation, child)
        self.seconds[stage.name] = self.clock.seconds - since
        if result.status is SolveStatus.INFEASIBLE and result.bound_source == "duals":
            self.infeasible = f"the linear {stage.sentence} has no solution"
        if result.bound is not None and result.bound_source == "duals":
            self._raise(result.bound, f"linear {stage.sentence}")
        if result.x is None:
            return
        self.duals = read_duals(compiled, result)
        self.guide = round_relaxation(model, compiled, result.x)
        if branches and result.bound_source == "duals":
            self._branch(stage, model, compiled, result, child)

    def _solve(self, relaxation: Compiled, child: SolverChild) -> SolveResult:
        settings = SolveSettings(time_limit_s=max(1.0, self.clock.seconds_left), threads=1)
        return child.solve(relaxation, settings, cancel=self._stop.is_set)

    def _branch(
        self,
        stage: Stage,
        model: pyo.ConcreteModel,
        compiled: Compiled,
        root: SolveResult,
        child: SolverChild,
    ) -> None:
        """Make the numbers of hosts on whole, which the bound and the guide gain from."""
        since = self.clock.seconds
        limit_s = since + WHOLE_SHARE * self.clock.time_limit_s
        found = branch_on_whole(
            compiled.as_relaxation(),
            awake_columns(compiled),
            root,
            lambda relaxation: self._solve(relaxation, child),
            lambda bound: self._raise(bound, f"{stage.sentence}, whole hosts on"),
            lambda: self._stop.is_set() or (self.node_limit is None and self._is_late(limit_s)),
        )
        self.seconds[f"{stage.name}, whole hosts"] = self.clock.seconds - since
        if found.is_infeasible:
            self.infeasible = f"the {stage.sentence} has no solution with whole hosts"
        elif found.x is not None and found.nodes:
            self.guide = round_relaxation(model, compiled, found.x)

    def _is_late(self, limit_s: float) -> bool:
        return self.clock.seconds > limit_s

    def _build(self, stage: Stage) -> pyo.ConcreteModel | None:
        frame = self.problem.frame if stage.has_groups else without_groups(self.problem.frame)
        grouping = group_hosts(frame, stage.levels)
        if grouping.num_groups * grouping.num_hosts > stage.largest:
            return None
        model = build(Instance(frame, grouping))
        tighten(model)
        return model

    def _raise(self, bound: float, sentence: str) -> None:
        if self._is_trusted and (self.bound is None or bound > self.bound):
            self.bound, self.sentence = bound, sentence


def floor_of(problem: Problem) -> float | None:
    """Return what arithmetic alone proves about the cost of loads; None when that is nothing.

    Every other term is at least zero, unless energy is worth less than nothing at times.
    """
    if not problem.place.is_by_load or not problem.frame.is_priced.all():
        return None
    is_optional = problem.frame.serving.is_optional
    if is_optional.any() and len(problem.place.balance_price):
        return None  # one more workload may make a host more balanced
    load = problem.use[problem.flavour[~is_optional]].sum(axis=0)
    return problem.place.floor(load, problem.rated)


def awake_columns(compiled: Compiled) -> np.ndarray:
    """Return the columns that count the hosts on.

    Leaving the counts of workloads fractional is a relaxation too, and the few whole columns are
    what the bound gains from.
    """
    whole = np.flatnonzero(compiled.integrality)
    named = [compiled.name_column(int(column)).startswith("awake") for column in whole]
    return whole[np.array(named, dtype=bool)]
