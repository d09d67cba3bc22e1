"""All rows over rack power in one table, with today's violations excused where allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.twin.limits import RackRows, all_rack_rows
from optimiser.twin.rules import Rule


@dataclass(frozen=True)
class RowTable:
    """Rows ``coefficient @ P ≤ room`` over rack planning power P [W].

    ``coefficient`` (row, rack), ``room`` (row, step) limit minus offset with the resolution of the
    rule added (a sum below the limit plus one watt, or 0.01 K, keeps it), ``blocks`` the rules the
    rows come from, ``block_of`` (row,). ``start`` (rack+1,), ``index`` and ``value`` list the rows
    of each rack and their coefficients.
    """

    coefficient: np.ndarray
    room: np.ndarray
    blocks: tuple[RackRows, ...]
    block_of: np.ndarray
    start: np.ndarray
    index: np.ndarray
    value: np.ndarray


def row_table(twin: xr.Dataset, rules: Sequence[Rule]) -> RowTable:
    """Return the rows of all hard rules."""
    blocks = tuple(b for b in all_rack_rows(twin, rules) if b.rule.is_hard)
    num_racks, num_steps = twin.sizes["rack"], twin.sizes["step"]
    coefficient = np.concatenate(
        [np.zeros((0, num_racks)), *[b.coefficient for b in blocks]], axis=0
    )
    room = np.concatenate([np.zeros((0, num_steps)), *[_room(b) for b in blocks]], axis=0)
    block_of = np.repeat(np.arange(len(blocks)), [len(b.names) for b in blocks])
    rack, row = np.nonzero(coefficient.T)
    start = np.searchsorted(rack, np.arange(num_racks + 1))
    return RowTable(
        coefficient=np.ascontiguousarray(coefficient),
        room=np.ascontiguousarray(room),
        blocks=blocks,
        block_of=block_of,
        start=start.astype(np.int64),
        index=row.astype(np.int64),
        value=np.ascontiguousarray(coefficient[row, rack]),
    )


def _room(block: RackRows) -> np.ndarray:
    """Return limit minus offset, widened by half the resolution at which the rule is checked."""
    resolution = 0.5 if block.unit == "W" else 0.005
    floor = np.floor(block.limit) if block.unit == "W" else np.floor(block.limit * 100.0) / 100.0
    return np.where(np.isfinite(block.limit), floor + resolution, 1e18) - block.offset[:, None]


def excuse_today(table: RowTable, rack_power_w: np.ndarray) -> RowTable:
    """Raise the room of rows marked ``not_worse`` to what they carry today (rack, step)."""
    lenient = np.array([b.rule.not_worse for b in table.blocks], dtype=bool)
    if not lenient.any():
        return table
    carried = table.coefficient @ rack_power_w + 1e-6
    chosen = lenient[table.block_of][:, None]
    room = np.where(chosen, np.maximum(table.room, carried), table.room)
    return replace(table, room=room)
