"""``placements.csv``, ``moves.csv`` and ``reverse_moves.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from optimiser.errors import InputError, Problem
from optimiser.schema.plan import Move

MOVE_COLUMNS = (
    "wave", "order", "workload", "service", "source", "target", "memory_gib", "bounce", "start",
    "seconds", "energy_kwh", "saved_kwh_per_year", "payback_days", "reason",
)  # fmt: skip
_TEXTS = ("workload", "service", "source", "target", "start", "reason")


class PlacementRow(NamedTuple):
    """Where one workload runs in the plan; ``devices`` as in the placement table, ``0;1``."""

    workload: str
    service: str
    host_before: str
    host: str
    rack: str
    devices: str = ""


PLACEMENT_COLUMNS = PlacementRow._fields


def write_placements(path: Path, rows: Iterable[PlacementRow]) -> None:
    """Write the placement of every workload."""
    _write(path, PLACEMENT_COLUMNS, rows)


def write_moves(path: Path, moves: Iterable[Move]) -> None:
    """Write moves in their order."""
    _write(path, MOVE_COLUMNS, (_move_cells(move) for move in moves))


def _move_cells(move: Move) -> list[str]:
    values = move.model_dump()
    values["bounce"] = "yes" if move.bounce else ""
    values["memory_gib"] = f"{move.memory_gib:.6g}"
    return ["" if values[column] is None else str(values[column]) for column in MOVE_COLUMNS]


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_placements(path: Path) -> list[PlacementRow]:
    """Read a placement table of a run. Raises ``InputError`` naming the line of each mistake."""
    rows = _read(path, PLACEMENT_COLUMNS)
    return [PlacementRow(**row) for row in rows]


def read_moves(path: Path) -> list[Move]:
    """Read a move table of a run. Raises ``InputError`` naming the line of each mistake."""
    moves, problems = [], []
    for line, row in enumerate(_read(path, MOVE_COLUMNS), start=2):
        try:
            given = {column: cell for column, cell in row.items() if cell or column in _TEXTS}
            moves.append(Move.model_validate({**given, "bounce": row["bounce"] == "yes"}))
        except ValueError as error:
            problems.append(Problem(str(error).splitlines()[0], str(path), line))
    if problems:
        raise InputError(problems)
    return moves


def _read(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(Problem(f"cannot be read: {error}", str(path))) from None
    if not lines or tuple(lines[0]) != tuple(columns):
        raise InputError(Problem("has other columns", str(path), 1, expected=", ".join(columns)))
    bad = [n for n, cells in enumerate(lines[1:], start=2) if len(cells) != len(columns)]
    if bad:
        what = f"has not {len(columns)} cells"
        raise InputError([Problem(what, str(path), line) for line in bad[:20]])
    return [dict(zip(columns, cells, strict=True)) for cells in lines[1:]]
