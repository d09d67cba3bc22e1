"""The proven lower limit: relaxations of the Pyomo model, solved beside the search.

Hosts that the rules cannot tell apart are merged, which keeps the model small and its optimum a
bound on every legal plan. Each stage is tighter and dearer than the one before; a stage that runs
out of time costs nothing, because the best bound so far stays valid. Where a site is small enough
the exact model comes last, or at once, and finds plans too.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pyomo.environ as pyo

from optimiser.errors import DcoptError, InfeasibleError
from optimiser.formulation.grouping import group_hosts
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled
from optimiser.solve.exact import Watcher, build_exact, exact_size, solve_exact
from optimiser.solve.guide import Guide, round_relaxation
from optimiser.solve.prices import read_duals
from optimiser.solve.problem import Problem
from optimiser.solve.progress import Clockwork
from optimiser.solve.search import Candidate
from optimiser.solve.settings import SolveResult, SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.tighten import keep_apart_where_on
from optimiser.solve.worker import SolverChild

# pairs of groups; beyond, a stage costs the search more time than its bound is worth
LARGEST_MODEL = 40_000
LARGEST_BY_RACK = 8_000
WHOLE_SHARE = 0.3  # share of the time limit that whole hosts may take


@dataclass(frozen=True)
class Stage:
    """One relaxation: which domain levels tell hosts apart, and whether counts are whole."""

    name: str
    levels: tuple[str, ...]
    whole: bool
    sentence: str


STAGES = (
    Stage("classes", ("zone",), False, "linear relaxation over classes of equal hosts by zone"),
    Stage("whole hosts", ("zone",), True, "relaxation over classes of equal hosts, whole hosts on"),
    Stage("racks", ("rack",), False, "linear relaxation over classes of equal hosts by rack"),
)
EXACT = "exact model of the site, solved by HiGHS"
CONTRADICTION = 1e-6
STOP_S = 10.0


class Bounder:
    """Computes the stages in a thread of its own; the solver works in a child process.

    ``bound`` only rises. ``infeasible`` is set when a relaxation has no solution, which proves
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
    ) -> None:
        self.problem = problem
        self.clock = clock
        self.size = exact_size(problem)
        self.node_limit = node_limit
        self.plans: deque[Candidate] = deque()
        self.bound: float | None = None
        self.sentence = ""
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

    def wait(self) -> None:
        """Let all stages end, or the time."""
        self._thread.join(timeout=self.clock.seconds_left)

    def distrust(self, objective: float) -> None:
        """Give the bound up when a checked plan is cheaper than it."""
        bound = self.bound
        if bound is None or objective >= bound - CONTRADICTION * max(abs(objective), 1e-3):
            return
        self.trouble.append(f"bound {bound:.9g} is beaten by a checked plan of {objective:.9g}")
        self.bound, self.sentence, self._is_trusted = None, "", False

    def stop(self) -> None:
        """End the child and wait for the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)

    @property
    def is_busy(self) -> bool:
        """Whether a stage is still running."""
        return self._thread.is_alive()

    def _work(self) -> None:
        try:
            with SolverChild() as child:
                for stage in self._stages:
                    if self._stop.is_set() or self.infeasible:
                        return
                    self._run(stage, child)
                if self.size.is_solvable and not self._stop.is_set() and not self.infeasible:
                    self._run_exact(child)
        except InfeasibleError as error:
            self.infeasible = str(error)
        except DcoptError as error:
            self.trouble.append(f"bound: {error}")

    @property
    def _stages(self) -> Sequence[Stage]:
        if self.size.is_tiny:
            return ()
        return STAGES if self.node_limit is None else [s for s in STAGES if not s.whole]

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
            Watcher(self.plans.append, lambda bound: self._raise(bound, EXACT), self._stop.is_set),
        )
        self.seconds["exact solve"] = self.clock.seconds - since - self.seconds["exact model"]
        self.trouble += [f"exact: {note}" for note in result.notes]
        if result.status is SolveStatus.INFEASIBLE:
            self.infeasible = f"the {EXACT}, has no solution"
        elif result.bound is not None:
            self._raise(result.bound, EXACT)

    def _run(self, stage: Stage, child: SolverChild) -> None:
        since = self.clock.seconds
        model = self._build(stage.levels)
        if model is None or self._stop.is_set():
            return
        compiled = compile_model(model)
        limit_s = self.clock.seconds_left
        if stage.whole:
            limit_s = min(limit_s, WHOLE_SHARE * self.clock.time_limit_s)
        result = child.solve(
            whole_hosts_only(compiled) if stage.whole else compiled.as_relaxation(),
            SolveSettings(time_limit_s=max(1.0, limit_s), threads=1, gap=1e-4),
            cancel=self._stop.is_set,
        )
        self.seconds[stage.name] = self.clock.seconds - since
        self._take(stage, result)
        if result.x is not None and not stage.whole:
            self.guide = round_relaxation(model, compiled, result.x)
            self.duals = read_duals(compiled, result)

    def _build(self, levels: Sequence[str]) -> pyo.ConcreteModel | None:
        grouping = group_hosts(self.problem.frame, levels)
        largest = LARGEST_BY_RACK if "rack" in levels else LARGEST_MODEL
        if grouping.num_groups * grouping.num_hosts > largest:
            return None
        model = build(Instance(self.problem.frame, grouping))
        keep_apart_where_on(model)
        return model

    def _take(self, stage: Stage, result: SolveResult) -> None:
        if result.status is SolveStatus.INFEASIBLE and result.bound_source == "duals":
            self.infeasible = f"the {stage.sentence} has no solution"
        if result.bound is not None:
            self._raise(result.bound, stage.sentence)

    def _raise(self, bound: float, sentence: str) -> None:
        if self._is_trusted and (self.bound is None or bound > self.bound):
            self.bound, self.sentence = bound, sentence


def whole_hosts_only(compiled: Compiled) -> Compiled:
    """Return the model in which only the numbers of hosts on are whole.

    Leaving the counts of workloads fractional is a relaxation too, and the few whole columns are
    what the bound gains from.
    """
    keep = [
        bool(flag) and compiled.name_column(column).startswith("awake")
        for column, flag in enumerate(compiled.integrality)
    ]
    return replace(compiled, integrality=compiled.integrality & keep)
