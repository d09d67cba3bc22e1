"""Files and lines that pass between the parent and the solver's child process.

Models and answers are ``.npz``, incumbents a ``.npy`` that is replaced atomically: whoever reads it
after any crash finds a whole one. When the disk is full a point travels inside a line instead.
"""

from __future__ import annotations

import base64
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.run import RawAnswer
from optimiser.solve.status import SolveStatus

MODEL_FILE = "model.npz"
INCUMBENT_FILE = "incumbent.npy"
ANSWER_FILE = "answer.npz"
_ARRAYS = (
    "start",
    "index",
    "value",
    "row_lower",
    "row_upper",
    "col_lower",
    "col_upper",
    "cost",
    "integrality",
)
_ANSWER_ARRAYS = ("x", "row_dual", "reduced_cost")
_ANSWER_FACTS = ("bound", "nodes", "iterations", "seconds", "is_proven_infeasible", "notes")


def write_model(folder: Path, compiled: Compiled, start: Floats | None) -> None:
    """Write a model and an optional start for the child. Raises OSError."""
    arrays = {name: getattr(compiled, name) for name in _ARRAYS}
    if start is not None:
        arrays["mip_start"] = np.asarray(start, dtype=np.float64)
    goal = np.array([compiled.offset, compiled.sense])
    np.savez(folder / MODEL_FILE, goal=goal, **arrays)


def read_model(folder: Path) -> tuple[Compiled, Floats | None]:
    """Read what :func:`write_model` wrote; names and Pyomo data stay with the parent."""
    with np.load(folder / MODEL_FILE) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
        offset, sense = stored["goal"]
        start = stored.get("mip_start", None)
    return Compiled(**arrays, offset=float(offset), sense=int(sense)), start


def write_incumbent(folder: Path, x: Floats) -> None:
    """Replace the incumbent by a whole new file: write, flush to disk, rename. Raises OSError."""
    part = folder / f"{INCUMBENT_FILE}.part"
    with part.open("wb") as stream:
        np.save(stream, np.asarray(x, dtype=np.float64))
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(folder / INCUMBENT_FILE)


def read_incumbent(folder: Path) -> Floats | None:
    """Return the last incumbent that a solve left in ``folder``, unchecked, or None."""
    try:
        return np.load(folder / INCUMBENT_FILE)
    except (OSError, ValueError):
        return None


def write_answer(folder: Path, answer: RawAnswer) -> None:
    """Write the arrays of an answer. Raises OSError."""
    found = {name: getattr(answer, name) for name in _ANSWER_ARRAYS}
    np.savez(folder / ANSWER_FILE, **{k: v for k, v in found.items() if v is not None})


def describe_answer(answer: RawAnswer) -> dict[str, Any]:
    """Return all of an answer but its arrays, for a line."""
    return {"status": str(answer.status)} | {k: getattr(answer, k) for k in _ANSWER_FACTS}


def read_answer(folder: Path, line: dict[str, Any]) -> RawAnswer:
    """Join the facts of a line with the arrays in ``folder`` or in the line itself."""
    facts = {name: line[name] for name in _ANSWER_FACTS} | {"notes": tuple(line["notes"])}
    status = SolveStatus(line["status"])
    if "inline" in line:
        return RawAnswer(status, x=decode_point(line["inline"]), **facts)
    with np.load(folder / ANSWER_FILE) as stored:
        arrays = {name: stored[name] for name in _ANSWER_ARRAYS if name in stored}
    return RawAnswer(status, **arrays, **facts)


def encode_point(x: Floats | None) -> str | None:
    """Return a point as text, for when it cannot be written to a file."""
    if x is None:
        return None
    packed = zlib.compress(np.asarray(x, dtype=np.float64).tobytes(), 1)
    return base64.b64encode(packed).decode("ascii")


def decode_point(text: str | None) -> Floats | None:
    """Undo :func:`encode_point`."""
    if text is None:
        return None
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.float64)
