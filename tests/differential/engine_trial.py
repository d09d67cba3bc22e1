"""Put one random tiny site to the engine and to brute force, and list where they disagree.

``python -m differential.engine_trial FIRST COUNT`` (from the folder ``tests``) tries many and
prints every disagreement; ``make fuzz`` does that.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import xarray as xr
from instances.brute_force import Truth, brute_force
from instances.random_sites import random_site, random_weights

from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError, NoPlanError
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve.bound import STAGES, awake_columns
from optimiser.solve.branch import branch_on_whole
from optimiser.solve.candidate import Candidate
from optimiser.solve.compile import compile_model
from optimiser.solve.engine import prepare, solve_study
from optimiser.solve.exact import Size
from optimiser.solve.here import solve_here
from optimiser.solve.problem import Problem
from optimiser.solve.progress import Check, EngineResult
from optimiser.solve.settings import SolveSettings
from optimiser.solve.status import SolveStatus
from optimiser.solve.tighten import tighten
from optimiser.twin.rules import Rule
from optimiser.workflow.plan_document import placement_of

TOLERANCE = 1e-6  # of the cost, and in money: no rounding of powers reaches it
NO_EXACT_MODEL = Size(10**9, 10**9)


@dataclass(frozen=True)
class Site:
    """A tiny random site with what the engine is told."""

    seed: int
    twin: xr.Dataset
    rules: Sequence[Rule]
    study: Study

    @property
    def weights(self) -> Weights:
        """The weights of the study."""
        return self.study.weights

    @property
    def check(self) -> Check:
        """The exact judge of a candidate."""

        def judge(candidate: Candidate) -> float | None:
            verdict = verify(self.twin, self.rules, placement_of(self.twin, candidate))
            return verdict.penalty if verdict.is_legal else None

        return judge


def draw_site(seed: int, work_limit: int = 3) -> Site:
    """Return the site of a seed; every other one has soft rules too."""
    _, twin, rules = random_site(seed, soft=seed % 2 == 1)
    return _site(seed, twin, rules, random_weights(seed), work_limit)


def _site(
    seed: int, twin: xr.Dataset, rules: Sequence[Rule], weights: Weights, work_limit: int
) -> Site:
    settings = SolverSettings(
        time_limit_s=120.0, gap=0.0, work_limit=work_limit, threads=1, seed=seed
    )
    return Site(seed, twin, rules, Study(weights=weights, solver=settings))


@contextmanager
def search_alone() -> Iterator[None]:
    """Let the engine search without exact model and without relaxations."""
    size = mock.patch("optimiser.solve.bound.exact_size", lambda problem: NO_EXACT_MODEL)
    with size, mock.patch("optimiser.solve.bound.STAGES", ()):
        yield


def run_engine(site: Site) -> EngineResult | str:
    """Return the engine's result, or ``infeasible`` or ``no plan``."""
    try:
        return solve_study(site.twin, site.rules, site.study, None, site.check)
    except InfeasibleError:
        return "infeasible"
    except NoPlanError:
        return "no plan"


def slack_of(value: float) -> float:
    """Return how far two costs may differ without one being wrong."""
    return TOLERANCE * max(1.0, abs(value))


def complaints(site: Site, truth: Truth) -> list[str]:
    """Return what is wrong with the engine's answers for a site."""
    return [*_with_proof(site, truth), *_by_search(site, truth), *_relaxations(site, truth)]


def complaints_on(
    seed: int, twin: xr.Dataset, rules: Sequence[Rule], weights: Weights
) -> list[str]:
    """Return what is wrong with the engine's answers for a twin and its rules."""
    site = _site(seed, twin, rules, weights, 3)
    return complaints(site, brute_force(twin, rules, weights))


def wrong_in_block(
    wrong: Callable[[int], list[str]], block: int, size: int
) -> dict[int, list[str]]:
    """Return what is wrong with the seeds of a block, by seed."""
    seeds = range(block * size, (block + 1) * size)
    return {seed: found for seed in seeds for found in [wrong(seed)] if found}


def _with_proof(site: Site, truth: Truth) -> list[str]:
    """The exact model must find the best plan and prove it."""
    result = run_engine(site)
    if isinstance(result, str):
        return [f"says {result}; {truth.cost:.9g} exists"] if truth.is_feasible else []
    found = _legal_and_possible("engine", site, result, truth)
    if truth.is_feasible and result.candidate.objective > truth.cost + slack_of(truth.cost):
        found.append(f"engine stops at {result.candidate.objective:.9g}, best is {truth.cost:.9g}")
    if result.bound is None:
        found.append("engine proves no bound")
    return found


def _by_search(site: Site, truth: Truth) -> list[str]:
    """The search may miss the best plan, never the rules; it may not call a site impossible."""
    with search_alone():
        result = run_engine(site)
    if result == "infeasible" and truth.is_feasible:
        return [f"pre-checks call it infeasible; {truth.cost:.9g} exists"]
    if isinstance(result, str):
        return []
    found = _legal_and_possible("search", site, result, truth)
    return [*found, f"search had {result.dropped} refused"] if result.dropped else found


def _legal_and_possible(who: str, site: Site, result: EngineResult, truth: Truth) -> list[str]:
    objective, found = result.candidate.objective, []
    if site.check(result.candidate) is None:
        found.append(f"{who} offers a plan that the checker refuses")
    if not truth.is_feasible:
        return [*found, f"{who} has a plan where none is possible"]
    if objective < truth.cost - slack_of(truth.cost):
        found.append(f"{who} claims {objective:.9g}, better than the possible {truth.cost:.9g}")
    if result.bound is not None and result.bound > truth.cost + slack_of(truth.cost):
        found.append(f"{who} bounds by {result.bound:.9g}, the best is {truth.cost:.9g}")
    return found


def _relaxations(site: Site, truth: Truth) -> list[str]:
    """Every relaxation must stay below the best plan, and exist where a plan does."""
    if not truth.is_feasible:
        return []
    problem, found = prepare(site.twin, site.rules, site.study), []
    for stage, whole in itertools.product(STAGES, (False, True)):
        name = f"{stage.name}, whole hosts" if whole else stage.name
        bound = relaxed_bound(problem, stage.levels, whole)
        if bound is None:
            found.append(f"relaxation {name} has no solution; {truth.cost:.9g} exists")
        elif bound > truth.cost + slack_of(truth.cost):
            found.append(f"relaxation {name} gives {bound:.9g}, the best is {truth.cost:.9g}")
    return found


def relaxed_bound(problem: Problem, levels: Sequence[str], whole: bool) -> float | None:
    """Return the bound of a relaxation; None when it calls the site infeasible."""
    from optimiser.formulation.grouping import group_hosts
    from optimiser.formulation.instance import Instance
    from optimiser.formulation.model import build

    try:
        model = build(Instance(problem.frame, group_hosts(problem.frame, levels)))
        tighten(model)
        compiled = compile_model(model)
    except InfeasibleError:
        return None
    relaxed = compiled.as_relaxation()
    result = solve_here(relaxed, SolveSettings())
    if result.status is SolveStatus.INFEASIBLE:
        return None
    if not whole or result.x is None:
        return result.bound
    branched = branch_on_whole(
        relaxed,
        awake_columns(compiled),
        result,
        lambda leaf: solve_here(leaf, SolveSettings()),
        lambda bound: None,
        lambda: False,
    )
    return branched.bound


def try_seed(seed: int) -> tuple[bool, list[str]]:
    """Return whether a plan exists for the site of a seed, and what is wrong."""
    site = draw_site(seed)
    truth = brute_force(site.twin, site.rules, site.weights)
    return truth.is_feasible, complaints(site, truth)


def main(first: int, count: int) -> int:
    """Try many seeds; print each disagreement and a summary; return the exit code."""
    tally, since = Counter[str](), time.monotonic()
    for seed in range(first, first + count):
        feasible, wrong = try_seed(seed)
        tally["feasible" if feasible else "infeasible"] += 1
        tally["wrong"] += bool(wrong)
        for sentence in wrong:
            print(f"seed {seed}: {sentence}", flush=True)
    print(
        f"{count} sites from seed {first}: {tally['feasible']} with a plan, "
        f"{tally['infeasible']} without, {tally['wrong']} wrong, {time.monotonic() - since:.0f} s"
    )
    return 1 if tally["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
