"""The checked bridge from arrays to HiGHS: every status is read, every count read back.

Imports numpy and the errors only; HiGHS is loaded when it is first needed, so that the child
process starts fast and a process that never solves never loads it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from optimiser.errors import SolverError, did_you_mean
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.ranges import refuse_bad_numbers
from optimiser.solve.settings import Option
from optimiser.solve.silence import silent_stdout

INTEGRALITY_SAMPLE = 64
ADVANCED = frozenset({"presolve_rule_off"})
"""Options that HiGHS takes without listing them."""
SPARSIFY = 1 << 14
"""Bit of ``presolve_rule_off`` for the rule that adds equations to rows to cancel entries. With it
HiGHS 1.15.1 calls plans optimal that are not, by 0.04 % on site 133228 of
``tests/differential/engine_trial.py`` and by 20 % on 1551 of ``test_engine_device_shares.py``; both
are exact without it, or with every presolving switched off."""
_OK = 0  # HighsStatus.kOk by its value, which reads ten times as fast as its name
_OWN_THREADS: dict[str, int] = {}


def load_highspy() -> Any:
    """Import highspy, unless OR-Tools is loaded: the two cannot share one process."""
    if "highspy" not in sys.modules and any(name.startswith("ortools.") for name in sys.modules):
        raise SolverError(
            "OR-Tools is loaded in this process and cannot share it with HiGHS",
            "run the second solver in a process of its own",
        )
    import highspy

    return highspy


def new_solver() -> Any:
    """A fresh ``highspy.Highs`` that has said nothing.

    From 1.16 on, the first of a process writes a banner to standard output before any option can
    forbid it.
    """
    _let_the_banner_pass()
    return load_highspy().Highs()


@cache
def _let_the_banner_pass() -> None:
    with silent_stdout():
        load_highspy().Highs()


def require_ok(status: Any, doing: str, *, warning_is_ok: bool = False) -> None:
    """Raise SolverError unless a HiGHS call returned ``kOk`` (or ``kWarning`` where allowed)."""
    if status.value == _OK or (warning_is_ok and status.name == "kWarning"):
        return
    raise SolverError(f"HiGHS answered {status.name} when {doing}")


def set_options(highs: Any, options: Mapping[str, Option]) -> None:
    """Set HiGHS options and read each back. Unknown names and refused values raise SolverError."""
    known = _known_options()
    for name, value in options.items():
        if name not in known:
            raise SolverError(f"HiGHS has no option '{name}'", did_you_mean(name, known))
        if name == "threads":
            _fix_threads(int(value))
        status = highs.setOptionValue(name, value)
        if status.value != _OK or highs.getOptionValue(name)[1] != value:
            raise SolverError(f"HiGHS refused the value {value!r} for its option '{name}'")


@cache
def _known_options() -> frozenset[str]:
    return frozenset(dir(load_highspy().HighsOptions())) | ADVANCED


def _fix_threads(threads: int) -> None:
    """Refuse a second thread count: inside one process HiGHS then fails without an exception."""
    first = _OWN_THREADS.setdefault("threads", threads)
    if threads != first:
        raise SolverError(
            f"this process already solves with threads={first} and cannot change to {threads}",
            "use one thread count per process, or solve in a child process",
        )


def pass_to_highs(
    compiled: Compiled,
    options: Mapping[str, Option] | None = None,
    start: Floats | None = None,
) -> Any:
    """Hand a model, options and an optional start to HiGHS and prove that it arrived whole.

    start: shape (columns,); NaN marks unknown entries. Used for MIPs only.
    Returns a new ``highspy.Highs``: one used before keeps options, and the clock of its limits.
    Raises SolverError with a sentence for anything refused.
    """
    refuse_bad_numbers(compiled)
    highs = new_solver()
    careful = {"presolve_rule_off": SPARSIFY} if compiled.is_mip else {}
    set_options(highs, _quiet_defaults() | careful | dict(options or {}))
    require_ok(pass_arrays(highs, compiled), "taking the model")
    _read_back(highs, compiled)
    if start is not None and compiled.is_mip:
        _pass_start(highs, compiled, start)
    return highs


def _quiet_defaults() -> dict[str, Option]:
    threads = _OWN_THREADS.get("threads", 1)
    return {"log_to_console": False, "output_flag": False, "threads": threads}


def pass_arrays(highs: Any, compiled: Compiled) -> Any:
    """Hand the arrays to HiGHS and return its status."""
    by_column = 1
    return highs.passModel(
        compiled.num_col,
        compiled.num_row,
        compiled.num_nz,
        by_column,
        compiled.sense,
        compiled.offset,
        compiled.cost,
        compiled.col_lower,
        compiled.col_upper,
        compiled.row_lower,
        compiled.row_upper,
        compiled.start,
        compiled.index,
        compiled.value,
        compiled.integrality.astype(np.int32),
    )


def _read_back(highs: Any, compiled: Compiled) -> None:
    arrived = (highs.getNumCol(), highs.getNumRow(), highs.getNumNz())
    sent = (compiled.num_col, compiled.num_row, compiled.num_nz)
    if arrived != sent:
        raise SolverError(
            f"HiGHS holds {arrived} columns, rows and coefficients where {sent} were sent"
        )
    tell = highs.getColIntegrality
    for whole, columns in enumerate(_sample_columns(compiled)):  # continuous ones, whole ones
        for j in columns:
            status, kind = tell(j)
            if status.value != _OK or kind.value != whole:  # 1 is HiGHS's own word for whole
                require_ok(status, "telling which columns are whole")
                raise SolverError(f"HiGHS lost whether {compiled.name_column(j)} is whole")


def _sample_columns(compiled: Compiled) -> tuple[list[int], list[int]]:
    """Evenly spread columns: continuous, whole. Reading all back costs more than passing them."""
    if not compiled.is_mip:
        return [], []
    if compiled.integrality.all():
        return [], list(_spread_out(range(compiled.num_col)))
    kinds = (np.flatnonzero(~compiled.integrality), np.flatnonzero(compiled.integrality))
    continuous, whole = (_spread_out(kind).tolist() for kind in kinds)
    return continuous, whole


def _spread_out(columns: Any) -> Any:
    return columns[:: max(1, len(columns) // INTEGRALITY_SAMPLE)]


def _pass_start(highs: Any, compiled: Compiled, start: Floats) -> None:
    start = np.asarray(start, dtype=np.float64)
    if start.shape != (compiled.num_col,):
        raise SolverError(f"a start of shape {start.shape} for {compiled.num_col} columns")
    known = np.flatnonzero(np.isfinite(start)).astype(np.int32)
    if known.size:
        status = highs.setSolution(known.size, known, start[known])
        require_ok(status, "taking the start")
