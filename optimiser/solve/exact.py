"""The exact model of a small site: every host alone, handed to HiGHS with the best plan known.

Interchangeable workloads are still counted together, which loses nothing. What HiGHS finds on the
way comes back as candidates; its bound holds for every legal plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimiser.formulation.context import Context, context_of
from optimiser.formulation.extract import disaggregate
from optimiser.formulation.grouping import Grouping, group_exact
from optimiser.formulation.instance import Instance
from optimiser.formulation.model import build
from optimiser.formulation.modelling import pyo
from optimiser.formulation.values import set_placement
from optimiser.solve.candidate import Candidate
from optimiser.solve.compile import compile_model
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.here import Ask, ask_here, look_for_better, solve_here
from optimiser.solve.objective import evaluate, price_of_waiting
from optimiser.solve.problem import Problem
from optimiser.solve.settings import Incumbent, Progress, SolveResult, SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.tighten import tighten
from optimiser.solve.worker import SolverChild
from optimiser.twin.devices import assign_devices

LARGEST_PAIRS = 6_000  # workload groups × hosts; beyond, relaxations and search do better
SMALL_CELLS = 20_000  # pairs × steps up to which no relaxation is worth solving first
TINY_CELLS = 1_000  # pairs × steps that are solved in this process before anything else
GAP = 1e-6  # relative gap at which an exact solve ends
MORE_NODES_HERE, MORE_NODES = 100, 10  # of the second run without presolve; where nodes are limited
OPTIONS = {"mip_abs_gap": 1e-9}
TRIES = 3  # of the first run where the second finds something better
CLAIMS = (SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE)
SECOND_RUN = "second run"
BELIEVED = ("duals", SECOND_RUN)  # sources of what an exact solve says
WORTH, LARGEST_FACTOR = 10.0, 2.0**40  # of an objective that is told to HiGHS


@dataclass(frozen=True)
class Size:
    """How large the exact model of a problem is: ``pairs`` and ``cells`` (pairs × steps)."""

    pairs: int
    cells: int

    @property
    def is_solvable(self) -> bool:
        """Whether the exact model is worth building."""
        return self.pairs <= LARGEST_PAIRS

    @property
    def is_small(self) -> bool:
        """Whether it goes before the relaxations."""
        return self.is_solvable and self.cells <= SMALL_CELLS

    @property
    def is_tiny(self) -> bool:
        """Whether it is solved at once and in this process."""
        return self.is_small and self.cells <= TINY_CELLS


def exact_size(problem: Problem) -> Size:
    """Return the size of the exact model without building it."""
    frame = problem.frame
    groups = len(np.unique(frame.workload_class))
    hosts = int(frame.twin["host_usable"].values.sum())
    return Size(groups * hosts, groups * hosts * int(frame.twin.sizes["step"]))


@dataclass(frozen=True, eq=False)
class ExactModel:
    """The model with its compiled form, and the way from placements to points and back."""

    problem: Problem
    model: pyo.ConcreteModel
    compiled: Compiled
    place_column: np.ndarray
    awake_column: np.ndarray

    @property
    def context(self) -> Context:
        """What the formulation knows of the model."""
        return context_of(self.model)

    def point(self, host: np.ndarray, on: np.ndarray) -> Floats | None:
        """Return the values (column,) that a placement implies; None when it has no room for it."""
        if set_placement(self.model, host, on).any():
            return None
        return np.array([variable.value for variable in self.compiled.variables], dtype=np.float64)

    def objective(self, host: np.ndarray, on: np.ndarray) -> float | None:
        """Return what the model believes a placement costs, soft rules included."""
        x = self.point(host, on)
        return None if x is None else self.compiled.measure_objective(x)

    def candidate(self, x: Floats) -> Candidate | None:
        """Return the plan of a point (column,); None when its devices cannot be shared out."""
        context = self.context
        count = np.rint(_take(x, self.place_column)).astype(np.int64)
        awake = np.rint(_take(x, self.awake_column)).astype(np.int64)
        host, on = disaggregate(
            context.instance, context.pair_group, context.pair_host, count, awake
        )
        devices = share_devices(self.problem, host)
        must = ~self.problem.frame.serving.is_optional
        if devices is None or (host[must] < 0).any():
            return None
        terms = evaluate(self.problem, host, on)
        return Candidate(host, on, devices, terms, price_of_waiting(self.problem, host))


def build_exact(problem: Problem) -> ExactModel:
    """Return the exact model of a problem.

    Raises ``InfeasibleError`` when a rule cannot be kept whatever is placed where.
    """
    grouping: Grouping = group_exact(problem.frame)
    model = build(Instance(problem.frame, grouping))
    tighten(model)
    compiled = compile_model(model)
    arrays = context_of(model).arrays
    return ExactModel(
        problem,
        model,
        compiled,
        _columns(compiled, arrays["place"]),
        _columns(compiled, arrays["awake"]),
    )


def _columns(compiled: Compiled, variables: np.ndarray) -> np.ndarray:
    found = [compiled.column_of.get(id(v), -1) for v in variables.reshape(-1)]
    return np.array(found, dtype=np.int64)


def _take(x: Floats, column: np.ndarray) -> np.ndarray:
    """Return values by column; variables that nothing asks for have none and are zero."""
    return np.where(column >= 0, x[np.maximum(column, 0)], 0.0)


def share_devices(problem: Problem, host: np.ndarray) -> np.ndarray | None:
    """Return the devices of each workload (workload,) as uint64 bit masks; None if they clash.

    Where hosts may stay as overfull as they are today, workloads of one that is have no devices.
    """
    mask = np.zeros(len(host), dtype=np.uint64)
    request = problem.device_request[problem.flavour]
    asking = np.flatnonzero((request > 0) & (host >= 0))
    for h in np.unique(host[asking]).tolist():
        members = asking[host[asking] == h]
        shared = assign_devices(request[members], int(problem.host_devices[h]), problem.device_size)
        if shared is None and problem.frame.capacity_not_worse:
            continue
        if shared is None:
            return None
        mask[members] = [sum(1 << device for device in devices) for devices in shared]
    return mask


@dataclass(frozen=True)
class Watcher:
    """Who is told: ``candidate`` of each better plan, ``claim`` of each limit HiGHS claims."""

    candidate: Callable[[Candidate], None]
    claim: Callable[[float], None]
    cancel: Callable[[], bool]


def solve_exact(
    exact: ExactModel,
    start: Candidate | None,
    settings: SolveSettings,
    child: SolverChild | None,
    watcher: Watcher,
) -> SolveResult:
    """Solve a model from a plan and tell the watcher what is found on the way.

    Without ``child`` it is solved in this process. What HiGHS claims, an optimum or that there is
    no plan, is only to be believed where ``bound_source`` of the result says that our duals prove
    it or that a second run, which looks for anything better, agrees.
    """
    settings = replace(settings, gap=GAP, options={**OPTIONS, **settings.options})
    compiled, factor = _magnify(exact.compiled, None if start is None else start.objective)
    point = None if start is None else exact.point(start.host, start.on)

    def improve(found: Incumbent) -> None:
        candidate = exact.candidate(found.x)
        if candidate is not None:
            watcher.candidate(candidate)

    def progress(state: Progress) -> None:
        if state.bound is not None and np.isfinite(state.bound):
            watcher.claim(state.bound / factor)

    def solve(limits: SolveSettings, point: Floats | None) -> SolveResult:
        if child is None:
            return solve_here(compiled, limits, point)
        return child.solve(compiled, limits, point, improve, progress, cancel=watcher.cancel)

    def ask(harder: Compiled, limits: SolveSettings) -> tuple[SolveStatus, Floats | None]:
        if child is None:
            return ask_here(harder, limits)
        answer = child.solve(harder, limits, on_improve=improve, cancel=watcher.cancel)
        return answer.status, answer.x

    more_nodes = MORE_NODES_HERE if child is None else MORE_NODES
    result = _reduce(_solve_twice(compiled, settings, point, solve, ask, more_nodes), factor)
    if result.x is not None:
        improve(Incumbent(result.x, result.objective or 0.0, 0.0, result.seconds))
    return result


def _magnify(compiled: Compiled, worth: float | None) -> tuple[Compiled, float]:
    """Return the model with an objective of at least ten, and the factor, a power of two.

    HiGHS seeks nothing that is better by less than 1e-6 in the units of the objective, which is
    much on a site that costs cents. ``worth`` is the objective of a plan, where one is known.
    """
    if worth is None or worth <= 0.0:
        worth = float(np.abs(compiled.cost).max(initial=0.0))
    factor = 2.0 ** max(0.0, np.ceil(np.log2(WORTH / worth))) if worth > 0.0 else 1.0
    factor = float(min(factor, LARGEST_FACTOR))
    return compiled.with_cost(compiled.cost * factor, compiled.offset * factor), factor


def _reduce(result: SolveResult, factor: float) -> SolveResult:
    """Return a result in the units before :func:`_magnify`."""
    objective = None if result.objective is None else result.objective / factor
    bound = None if result.bound is None else result.bound / factor
    return replace(result, objective=objective, bound=bound)


def _solve_twice(
    compiled: Compiled,
    settings: SolveSettings,
    point: Floats | None,
    solve: Callable[[SolveSettings, Floats | None], SolveResult],
    ask: Ask,
    more_nodes: int,
) -> SolveResult:
    """Solve and look for anything better another way; start anew from what that finds."""
    nodes = None if settings.node_limit is None else more_nodes * settings.node_limit
    began = time.monotonic()
    for _ in range(TRIES):
        result = solve(_remaining(settings, began), point)
        if result.status not in CLAIMS or not compiled.is_mip:
            return result
        again = replace(_remaining(settings, began), gap=10 * GAP, node_limit=nodes)
        agrees, point = look_for_better(compiled, result, again, ask)
        if agrees:
            return replace(result, bound_source=SECOND_RUN)
        if point is None:
            note = "A second run did not end that would confirm it."
            return replace(result, notes=(*result.notes, note))
    note = "A second run found something better time and again."
    return replace(result, status=SolveStatus.DISTRUSTED, bound=None, notes=(*result.notes, note))


def _remaining(settings: SolveSettings, began: float) -> SolveSettings:
    """Return settings with the seconds that are left of their limit, at least one."""
    limit = settings.time_limit_s
    if limit is None:
        return settings
    return settings.with_time(max(1.0, limit - (time.monotonic() - began)))
