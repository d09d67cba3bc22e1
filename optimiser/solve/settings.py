"""What a solve may spend, and what comes back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimiser.errors import SolverError, UsageError
from optimiser.solve.status import SolveStatus

Option = bool | int | float | str


@dataclass(frozen=True)
class SolveSettings:
    """Limits of one solve. Refuses values that the solver would ignore.

    time_limit_s: wall seconds, > 0, or None for no limit; the parent process enforces it.
    gap: relative gap at which a MIP may stop, in [0, 1).
    threads: >= 1; one process keeps the first value it used.
    seed: in [0, 2**31).
    node_limit: branch-and-bound nodes, >= 1, or None; reproducible, unlike time.
    log_path: file for the solver's own log.
    scratch_dir: folder for the exchange files of a child process. Given, the files stay there and
        :func:`optimiser.solve.child_files.read_incumbent` finds the best plan even after the death
        of the parent; otherwise a temporary folder is used and removed.
    options: further HiGHS options by their own names; unknown ones are refused.
    """

    time_limit_s: float | None = None
    gap: float = 1e-4
    threads: int = 1
    seed: int = 0
    node_limit: int | None = None
    log_path: Path | None = None
    scratch_dir: Path | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = [text for ok, text in self._rules() if not ok]
        if wrong:
            raise UsageError("solver settings out of range: " + "; ".join(wrong))

    def _rules(self) -> list[tuple[bool, str]]:
        limit = self.time_limit_s
        return [
            (limit is None or limit > 0, f"time_limit_s must be above 0, not {limit}"),
            (0 <= self.gap < 1, f"gap must be in [0, 1), not {self.gap}"),
            (self.threads >= 1, f"threads must be at least 1, not {self.threads}"),
            (0 <= self.seed < 2**31, f"seed must be in [0, 2**31), not {self.seed}"),
            (self.node_limit is None or self.node_limit >= 1, "node_limit must be at least 1"),
        ]

    def to_options(self) -> dict[str, Option]:
        """Return the HiGHS options that these settings mean."""
        named: dict[str, Option] = {
            "log_to_console": False,
            "output_flag": self.log_path is not None,
            "threads": self.threads,
            "random_seed": self.seed,
            "mip_rel_gap": float(self.gap),
        }
        if self.time_limit_s is not None:
            named["time_limit"] = float(self.time_limit_s)
        if self.node_limit is not None:
            named["mip_max_nodes"] = self.node_limit
        if self.log_path is not None:
            named["log_file"] = str(self._checked_log())
        return named | dict(self.options)

    def _checked_log(self) -> Path:
        assert self.log_path is not None
        try:
            with self.log_path.open("a", encoding="utf-8"):
                return self.log_path
        except OSError as error:
            raise SolverError(
                f"the solver log {self.log_path} cannot be written: {error.strerror}",
                "choose another log file or make its folder writable",
            ) from error

    def with_time(self, time_limit_s: float | None) -> SolveSettings:
        """Return the same settings with another time limit."""
        return replace(self, time_limit_s=time_limit_s)


@dataclass(frozen=True, eq=False)
class Incumbent:
    """A point that we checked ourselves. ``seconds`` since the start of the solve."""

    x: NDArray[np.float64]
    objective: float
    max_violation: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """State of a running solve; ``best`` and ``bound`` in the model's own sense."""

    best: float | None
    bound: float | None
    gap: float | None
    seconds: float
    nodes: int


@dataclass(frozen=True, eq=False)
class SolveResult:
    """What a solve found. Nothing in it is believed without a check of ours.

    x: the best point, shape (columns,), integers exact; None if none passed the check.
    objective: recomputed from x; None without x.
    bound: limit on any objective (below for min, above for max); None if there is none.
    bound_source: ``duals`` when our arithmetic on the duals proves the bound, or that nothing is
        feasible; ``second run`` when HiGHS claims it and a run of another kind found nothing
        better; ``solver`` when HiGHS claims it alone; ``none``.
    gap: |objective - bound| / |objective|; None when either is missing.
    max_violation: largest violation of a row, bound or integrality at x.
    row_dual, reduced_cost: for LPs, d objective / d right-hand side and per column.
    work: millions of nonzeros touched by iterations: effort that is equal on every machine.
    notes: sentences about what was refused, repaired or lost.
    """

    status: SolveStatus
    objective: float | None = None
    bound: float | None = None
    bound_source: str = "none"
    gap: float | None = None
    x: NDArray[np.float64] | None = None
    max_violation: float | None = None
    row_dual: NDArray[np.float64] | None = None
    reduced_cost: NDArray[np.float64] | None = None
    nodes: int = 0
    iterations: int = 0
    seconds: float = 0.0
    work: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Status and notes as text for a person."""
        return " ".join((self.status.sentence, *self.notes))

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the arrays as plain JSON types."""
        skip = {"x", "row_dual", "reduced_cost"}
        plain = {name: value for name, value in vars(self).items() if name not in skip}
        return plain | {"status": str(self.status), "notes": list(self.notes)}


def measure_gap(objective: float | None, bound: float | None) -> float | None:
    """Relative gap |objective - bound| / |objective|; None when either is unknown."""
    if objective is None or bound is None:
        return None
    distance = abs(objective - bound)
    return 0.0 if distance <= 1e-9 else distance / max(abs(objective), 1e-9)
