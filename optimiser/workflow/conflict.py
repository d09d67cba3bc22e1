"""Why a study has no plan, with amounts that a plan shows to be enough."""

from __future__ import annotations

import time
from collections.abc import Sequence

from optimiser.errors import InfeasibleError
from optimiser.formulation.frame import Frame
from optimiser.solve.explain import Prove, explain_infeasible
from optimiser.solve.explain_steps import AT_LEAST, Relaxation
from optimiser.solve.precheck import Finding
from optimiser.solve.problem import lower
from optimiser.workflow.loading import Loaded

LIMIT_S = 5.0
"""Time for an explanation, loading of compiled code not counted [s]."""


def conflicts(loaded: Loaded, time_limit_s: float = LIMIT_S) -> Sequence[Finding]:
    """Return what makes every plan impossible, cheapest way out first; empty when nothing does."""
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    return explain_infeasible(problem, time_limit_s, _Prove())


class _Prove:
    """A prover that is loaded, with the compiled search, when there is something to prove."""

    def __init__(self) -> None:
        self._prover: Prove | None = None

    def __call__(self, frame: Frame, way: Relaxation, deadline: float) -> Relaxation:
        if self._prover is None:
            since = time.monotonic()
            from optimiser.studies.enough import Prover

            self._prover = Prover()
            self._loading_s = time.monotonic() - since
        return self._prover(frame, way, deadline + self._loading_s)


def with_proof(loaded: Loaded, error: InfeasibleError) -> InfeasibleError:
    """Return the error of the search with proven amounts, where it only knows lower limits."""
    if not any(AT_LEAST in str(finding) for finding in error.findings):
        return error
    findings = conflicts(loaded)
    if not findings:
        return error
    head = error.message.splitlines()[0]
    return InfeasibleError("\n".join([head, *map(str, findings)]), findings)
