"""Rows over rack planning power: one writer for electrical, cooling and temperature rules."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.frame import LimitRows
from optimiser.formulation.linear import Linear
from optimiser.formulation.rows import at_most, at_most_together
from optimiser.formulation.steps import step_cover

IN_TOTAL = "in total"
"""Name of the sum over all rows of a rule, where racks are merged."""


def write_rack_rows(context: Context, kind: str) -> None:
    """Write the rows of all rules of one kind that look at rack power."""
    for rows in context.instance.frame.limit_rows:
        if rows.rule.kind == kind:
            _write_rule(context, rows)


def _write_rule(context: Context, rows: LimitRows) -> None:
    """Write the rows of a rule that can bind at all, step by step."""
    grouping = context.instance.grouping
    names, racks, room = list(rows.names), rows.coefficient, rows.room
    if not grouping.is_exact and len(names) > 1 and np.isfinite(room).all():
        # what merged racks lose in single rows, their sum keeps
        names.append(IN_TOTAL)
        racks = np.vstack([racks, racks.sum(axis=0)])
        room = np.vstack([room, room.sum(axis=0)])
    cells = cell_coefficients(racks, grouping.rack_cell, grouping.num_cells)
    needed = _can_bind(context, cells, racks, room) & _binds_first(context, room)
    for row in np.flatnonzero(needed.any(axis=1)).tolist():
        steps = np.flatnonzero(needed[row]).tolist()
        _write_row(context, rows, names[row], cells[row], racks[row], room[row], steps)


def _can_bind(
    context: Context, cells: np.ndarray, racks: np.ndarray, room: np.ndarray
) -> np.ndarray:
    """Return where the hosts of the model, all as full as they may be, exceed a row (row, step)."""
    instance = context.instance
    grouping, fixed = instance.grouping, instance.fixed.rack_power_kw
    inside = grouping.rack_cell >= 0
    highest = np.zeros(grouping.num_cells)
    hosts = np.flatnonzero(grouping.host_group >= 0)
    cell = grouping.host_cell[grouping.host_group[hosts]]
    np.add.at(highest, cell, instance.frame.host_highest_kw[hosts])
    np.add.at(highest, grouping.rack_cell[inside], fixed[inside].max(axis=1))
    most = (np.maximum(cells, 0.0) @ highest)[:, None] + racks[:, ~inside] @ fixed[~inside]
    return most > room


def cell_coefficients(coefficient: np.ndarray, rack_cell: np.ndarray, count: int) -> np.ndarray:
    """Return the least coefficient of each cell's racks, (row, cell)."""
    least = np.full((len(coefficient), count), np.inf)
    inside = np.flatnonzero(rack_cell >= 0)
    np.minimum.at(least.T, rack_cell[inside], coefficient[:, inside].T)
    return least


def _write_row(
    context: Context,
    rows: LimitRows,
    name: str,
    cells: np.ndarray,
    racks: np.ndarray,
    room: np.ndarray,
    steps: list[int],
) -> None:
    kind, rule, unit = rows.rule.kind, rows.rule, rows.unit
    where = f"{rule.name} {name}"
    bodies = _rack_bodies if rows.counts_all else _host_bodies
    for s, body in bodies(context, rows, cells, racks, steps):
        if not body.variables and context.instance.background is not None:
            continue
        index, limit = (where, s), float(room[s])
        if name == IN_TOTAL and not rule.is_hard:  # rows of the places have slacks already
            places = [f"{rule.name} {one}" for one in rows.names]
            at_most_together(context, kind, index, body, limit, rule=rule, places=places, unit=unit)
        else:
            at_most(context, kind, index, body, limit, rule=rule, where=where, unit=unit)


def _rack_bodies(
    context: Context, rows: LimitRows, cells: np.ndarray, racks: np.ndarray, steps: list[int]
) -> Iterator[tuple[int, Linear]]:
    """Yield a row's left side at each step, over the power of racks."""
    instance, power = context.instance, context.arrays["rack_power_kw"]
    outside = instance.grouping.rack_cell < 0
    constant = racks[outside] @ instance.fixed.rack_power_kw[outside]
    used = np.flatnonzero(cells)
    for s in steps:
        yield s, Linear(float(constant[s])).extend(cells[used], power[used, s])


def _host_bodies(
    context: Context, rows: LimitRows, cells: np.ndarray, racks: np.ndarray, steps: list[int]
) -> Iterator[tuple[int, Linear]]:
    """Yield a row's left side at each step, over the power of the hosts that count."""
    instance, arrays = context.instance, context.arrays
    grouping, counted = instance.grouping, rows.rule.hosts
    constant = racks @ instance.fixed_rack_power_kw(counted)
    used = np.flatnonzero(counted[grouping.first_host] & (cells[grouping.host_cell] != 0))
    coefs = cells[grouping.host_cell[used]]
    reserve = coefs * instance.frame.envelope.gap_w[instance.kind[used]] / 1e3
    for s in steps:
        body = Linear(float(constant[s])).extend(coefs, arrays["host_power_kw"][used, s])
        yield s, body.extend(reserve, arrays["awake"][used])


def _binds_first(context: Context, room: np.ndarray) -> np.ndarray:
    """Return the steps that need a row (row, step): power rises with use, so covered steps wait."""
    cover = _power_cover(context)
    return (cover == np.arange(len(cover)))[None, :] | (room < room[:, cover])


def _power_cover(context: Context) -> np.ndarray:
    twin = context.instance.twin
    if "power_cover" not in context.shared:
        usage = twin["flavour_usage"].values[:, int(twin.attrs["power_resource"]), :]
        context.shared["power_cover"] = step_cover(usage)
    return np.asarray(context.shared["power_cover"])
