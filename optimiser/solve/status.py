"""How a solve can end: one enum, one sentence each. "Unknown" is a value, not a crash."""

from __future__ import annotations

from enum import StrEnum


class SolveStatus(StrEnum):
    """End of a solve. Says nothing about whether a point is in hand: see ``SolveResult.x``."""

    OPTIMAL = "optimal"
    TIME_LIMIT = "time_limit"
    WORK_LIMIT = "work_limit"
    MEMORY_LIMIT = "memory_limit"
    INTERRUPTED = "interrupted"
    CRASHED = "crashed"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    DISTRUSTED = "distrusted"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        return _SENTENCES[self]

    @property
    def is_complete(self) -> bool:
        """Whether the solver says the question is answered, so more time would change nothing."""
        return self in _COMPLETE


_SENTENCES = {
    SolveStatus.OPTIMAL: "The solver claims that nothing better than the gap exists.",
    SolveStatus.TIME_LIMIT: "The time given ran out.",
    SolveStatus.WORK_LIMIT: "The limit on nodes, iterations or solutions was reached.",
    SolveStatus.MEMORY_LIMIT: "The solver ran out of memory.",
    SolveStatus.INTERRUPTED: "The solve was interrupted.",
    SolveStatus.CRASHED: "The solver process died before it had finished.",
    SolveStatus.INFEASIBLE: "The solver claims that no point satisfies all constraints.",
    SolveStatus.UNBOUNDED: "The objective can be improved without limit.",
    SolveStatus.INFEASIBLE_OR_UNBOUNDED: "The model is infeasible or unbounded; which is open.",
    SolveStatus.DISTRUSTED: "The solver's claim contradicts our own check and is not repeated.",
    SolveStatus.UNKNOWN: "The solver stopped without saying why.",
}

_COMPLETE = frozenset(
    {SolveStatus.OPTIMAL, SolveStatus.INFEASIBLE, SolveStatus.UNBOUNDED},
)

# Member names of highspy.HighsModelStatus (1.15). Those left out become UNKNOWN.
_FROM_HIGHS = {
    "kOptimal": SolveStatus.OPTIMAL,
    "kModelEmpty": SolveStatus.OPTIMAL,
    "kInfeasible": SolveStatus.INFEASIBLE,
    "kUnbounded": SolveStatus.UNBOUNDED,
    "kUnboundedOrInfeasible": SolveStatus.INFEASIBLE_OR_UNBOUNDED,
    "kTimeLimit": SolveStatus.TIME_LIMIT,
    "kIterationLimit": SolveStatus.WORK_LIMIT,
    "kSolutionLimit": SolveStatus.WORK_LIMIT,
    "kObjectiveBound": SolveStatus.WORK_LIMIT,
    "kObjectiveTarget": SolveStatus.WORK_LIMIT,
    "kMemoryLimit": SolveStatus.MEMORY_LIMIT,
    "kInterrupt": SolveStatus.INTERRUPTED,
    "kHighsInterrupt": SolveStatus.INTERRUPTED,
}


def read_status(highs_name: str) -> SolveStatus:
    """Translate the member name of a ``HighsModelStatus``; names not known give ``UNKNOWN``."""
    return _FROM_HIGHS.get(highs_name, SolveStatus.UNKNOWN)
