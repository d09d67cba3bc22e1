"""All rows over rack power in one table for the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimiser.formulation.frame import Frame
from optimiser.twin.limits import rack_rows
from optimiser.twin.rules import Rule

UNREACHABLE = 1e18
MOVES_UNDER_WAY = 3  # of the largest workloads that a tight row leaves room for
LARGEST_ALLOWANCE = 0.03  # share of a row's room that may be left for them


@dataclass(frozen=True)
class RowBlock:
    """Rows of one rule: ``names`` (row,), ``limit`` (row, step) in ``unit`` (W or °C)."""

    rule: Rule
    names: tuple[str, ...]
    limit: np.ndarray
    unit: str


@dataclass(frozen=True)
class RowTable:
    """Rows ``coefficient @ P ≤ room`` over rack planning power P [W].

    ``coefficient`` (row, rack) sparse; ``room`` (row, step) what racks may use up, as in the model:
    limit minus offset, today's violations excused where a rule says so. ``blocks`` are the rules
    the rows come from, ``block_of`` (row,). ``start`` (rack+1,), ``index`` and ``value`` list the
    rows of each rack that can bind at all, and their coefficients.
    """

    coefficient: sparse.csr_array
    room: np.ndarray
    blocks: tuple[RowBlock, ...]
    block_of: np.ndarray
    start: np.ndarray
    index: np.ndarray
    value: np.ndarray


def row_table(frame: Frame) -> RowTable:
    """Return the rows of all hard rules."""
    twin = frame.twin
    limits = [rows for rows in frame.limit_rows if rows.rule.is_hard]
    num_racks, num_steps = twin.sizes["rack"], twin.sizes["step"]
    blocks, parts = [], [sparse.csr_array((0, num_racks))]
    for rule in frame.rules:
        rows = rack_rows(twin, rule) if rule.is_hard else None
        if rows is not None and len(rows.names):
            blocks.append(RowBlock(rule, rows.names, rows.limit, rows.unit))
            parts.append(sparse.csr_array(rows.coefficient))
    coefficient = sparse.csr_array(sparse.vstack(parts, format="csr"))
    room = np.concatenate(
        [
            np.zeros((0, num_steps)),
            *[rows.room * (1e3 if rows.unit == "kW" else 1.0) for rows in limits],
        ]
    )
    if (twin["workload_host"].values >= 0).any():
        room = _leave_way(frame, coefficient, room)
    row = np.repeat(np.arange(len(room)), np.diff(coefficient.indptr))
    binds = np.isfinite(room).any(axis=1)[row]
    row, rack, value = row[binds], coefficient.indices[binds], coefficient.data[binds]
    order = np.lexsort((row, rack))
    start = np.searchsorted(rack[order], np.arange(num_racks + 1))
    return RowTable(
        coefficient=coefficient,
        room=np.where(np.isfinite(room), room, UNREACHABLE),
        blocks=tuple(blocks),
        block_of=np.repeat(np.arange(len(blocks)), [len(b.names) for b in blocks]),
        start=start.astype(np.int64),
        index=row[order].astype(np.int64),
        value=np.ascontiguousarray(value[order]),
    )


def _leave_way(frame: Frame, coefficient: sparse.csr_array, room: np.ndarray) -> np.ndarray:
    """Return the room of rows with some left for workloads on their way.

    A workload that moves draws power at both ends for a while; a plan that fills a rack to its last
    watt could not be reached. Rows that are fuller today keep today's value, and narrow rows stay
    as they are.
    """
    allowance_w = MOVES_UNDER_WAY * _largest_workload_w(frame)
    largest = np.zeros(len(room))
    np.maximum.at(largest, coefficient.nonzero()[0], coefficient.data)
    left = allowance_w * largest[:, None]
    narrower = np.where(left <= LARGEST_ALLOWANCE * np.abs(room), room - left, room)
    carried = coefficient @ (frame.today.rack_power_kw * 1e3)
    return np.where(np.isfinite(room), np.maximum(narrower, np.minimum(room, carried)), room)


def _largest_workload_w(frame: Frame) -> float:
    """Return the most that one workload adds to the power of a host in its working range [W]."""
    twin = frame.twin
    power = int(twin.attrs["power_resource"])
    largest = float(twin["flavour_usage"].values[:, power, :].max(initial=0))
    capacity = np.maximum(twin["host_capacity"].values[:, power], 1)
    slope = frame.envelope.slope_w.mean(axis=1)[twin["host_kind"].values]
    return largest * float((slope / capacity).min(initial=np.inf)) if len(slope) else 0.0
