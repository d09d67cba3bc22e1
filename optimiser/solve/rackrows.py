"""All rows over rack power in one table for the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.formulation.frame import Frame
from optimiser.twin.limits import RackRows, all_rack_rows

UNREACHABLE = 1e18


@dataclass(frozen=True)
class RowTable:
    """Rows ``coefficient @ P ≤ room`` over rack planning power P [W].

    ``coefficient`` (row, rack), ``room`` (row, step) what the racks may use up, as in the model:
    limit minus offset, today's violations excused where a rule says so. ``blocks`` are the rules
    the rows come from, ``block_of`` (row,). ``start`` (rack+1,), ``index`` and ``value`` list the
    rows of each rack that can bind at all, and their coefficients.
    """

    coefficient: np.ndarray
    room: np.ndarray
    blocks: tuple[RackRows, ...]
    block_of: np.ndarray
    start: np.ndarray
    index: np.ndarray
    value: np.ndarray


def row_table(frame: Frame) -> RowTable:
    """Return the rows of all hard rules."""
    twin = frame.twin
    blocks = tuple(b for b in all_rack_rows(twin, frame.rules) if b.rule.is_hard)
    limits = [rows for rows in frame.limit_rows if rows.rule.is_hard]
    num_racks, num_steps = twin.sizes["rack"], twin.sizes["step"]
    coefficient = np.concatenate([np.zeros((0, num_racks)), *[b.coefficient for b in blocks]])
    room = np.concatenate(
        [
            np.zeros((0, num_steps)),
            *[rows.room * (1e3 if rows.unit == "kW" else 1.0) for rows in limits],
        ]
    )
    can_bind = np.isfinite(room).any(axis=1)
    rack, row = np.nonzero(coefficient.T * can_bind[None, :])
    start = np.searchsorted(rack, np.arange(num_racks + 1))
    return RowTable(
        coefficient=np.ascontiguousarray(coefficient),
        room=np.where(np.isfinite(room), room, UNREACHABLE),
        blocks=blocks,
        block_of=np.repeat(np.arange(len(blocks)), [len(b.names) for b in blocks]),
        start=start.astype(np.int64),
        index=row.astype(np.int64),
        value=np.ascontiguousarray(coefficient[row, rack]),
    )
