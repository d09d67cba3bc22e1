"""The facility surrogate seen through a grouping: which elements stay apart, which are merged.

With every host alone nothing is merged. When a cell joins racks on different elements, only their
sum is known; the infimal convolution of the elements' curves is then the best convex bound on the
sum of their inputs, so the model stays a relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.formulation.grouping import connect
from optimiser.formulation.instance import Instance
from optimiser.twin.pieces import Pieces


@dataclass(frozen=True, eq=False)
class Stage:
    """Elements of one level in the model.

    ``names`` (group,); ``of_element`` (element,) the group, −1 for elements whose load is constant;
    ``coefficient`` (group, source group) share of each source in the load; ``constant_kw`` (group,
    step) the rest of the load; ``fixed_input_kw`` (element, step) input of elements that are not in
    the model; ``lines`` one (slope, intercept [kW]) pair of arrays per group.
    """

    names: tuple[str, ...]
    of_element: np.ndarray
    coefficient: np.ndarray
    constant_kw: np.ndarray
    fixed_input_kw: np.ndarray
    lines: tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class Zones:
    """Cooling zones in the model; heat per source and what no source in the model adds.

    ``rack`` (group, cell), ``pdu`` (group, pdu group), ``ups`` (group, ups group) shares;
    ``constant_kw`` (group, step) heat from outside the model; ``fixed_coil_kw`` and
    ``fixed_fan_kw`` (step,) of zones that are not in the model.
    """

    names: tuple[str, ...]
    rack: np.ndarray
    pdu: np.ndarray
    ups: np.ndarray
    constant_kw: np.ndarray
    lines: tuple[tuple[np.ndarray, np.ndarray], ...]
    fixed_coil_kw: np.ndarray
    fixed_fan_kw: np.ndarray


@dataclass(frozen=True, eq=False)
class Elements:
    """The whole facility in the model.

    ``direct`` (cell,) share of rack power past all PDUs; ``direct_kw`` (step,) that of racks
    outside the model.
    """

    pdu: Stage
    ups: Stage
    feed: Stage
    zones: Zones
    direct: np.ndarray
    direct_kw: np.ndarray


def aggregate(instance: Instance) -> Elements:
    """Return the facility of an instance."""
    surrogate, twin = instance.frame.surrogate, instance.twin
    cell, fixed = instance.grouping.rack_cell, instance.fixed
    outside_kw = np.where(
        (cell < 0)[:, None], fixed.rack_power_kw - fixed.rack_reserve_kw[:, None], 0.0
    )
    shares = surrogate.pdu_of_rack.toarray()
    pdu = _stage(twin["pdu"].values, shares, cell, outside_kw, surrogate.pdu)
    ups = _stage(twin["ups"].values, surrogate.ups_of_pdu.toarray(), pdu.of_element,
                 pdu.fixed_input_kw, surrogate.ups)  # fmt: skip
    feed = _stage(twin["feed"].values, surrogate.feed_of_ups.toarray(), ups.of_element,
                  ups.fixed_input_kw, surrogate.feed)  # fmt: skip
    return Elements(
        pdu=pdu,
        ups=ups,
        feed=feed,
        zones=_zones(instance, pdu, ups, outside_kw),
        direct=_least(surrogate.direct[None, :], np.zeros(1, np.int64), cell)[0],
        direct_kw=surrogate.direct @ outside_kw,
    )


def _stage(
    names: np.ndarray,
    incidence: np.ndarray,
    of_source: np.ndarray,
    outside_kw: np.ndarray,
    pieces: Pieces,
) -> Stage:
    group = merge_elements([(incidence, of_source)])
    constant = incidence @ outside_kw
    input_kw = pieces.value(constant * 1e3) / 1e3 if len(constant) else constant
    count = int(group.max(initial=-1)) + 1
    return Stage(
        names=_names(names, group),
        of_element=group,
        coefficient=_least(incidence, group, of_source),
        constant_kw=_sum_rows(constant, group, count),
        fixed_input_kw=np.where((group < 0)[:, None], input_kw, 0.0),
        lines=_merged_lines(pieces, group, count),
    )


def _zones(instance: Instance, pdu: Stage, ups: Stage, outside_kw: np.ndarray) -> Zones:
    surrogate = instance.frame.surrogate
    sources = [
        (surrogate.zone_of_rack.toarray(), instance.grouping.rack_cell),
        (surrogate.pdu_heat, pdu.of_element),
        (surrogate.ups_heat, ups.of_element),
    ]
    group = merge_elements(sources)
    count = int(group.max(initial=-1)) + 1
    losses = [
        _fixed_loss(surrogate.pdu_of_rack.toarray() @ outside_kw, pdu),
        _fixed_loss(surrogate.ups_of_pdu.toarray() @ pdu.fixed_input_kw, ups),
    ]
    constant = sources[0][0] @ outside_kw
    constant = constant + surrogate.pdu_heat @ losses[0] + surrogate.ups_heat @ losses[1]
    fan = surrogate.fan.value(constant * 1e3) / 1e3 if len(constant) else constant
    outside = (group < 0)[:, None]
    rest = _sum_rows(constant, group, count)
    for (incidence, of_source), pieces in zip(
        sources[1:], (surrogate.pdu, surrogate.ups), strict=True
    ):
        rest = rest + _least_remainder(incidence, group, of_source, pieces)[:, None]
    return Zones(
        names=_names(instance.twin["zone"].values, group),
        rack=_least(*_order(sources[0], group)),
        pdu=_least(*_order(sources[1], group)),
        ups=_least(*_order(sources[2], group)),
        constant_kw=rest,
        lines=_merged_lines(surrogate.fan, group, count),
        fixed_coil_kw=np.where(outside, constant + fan, 0.0).sum(axis=0),
        fixed_fan_kw=np.where(outside, fan, 0.0).sum(axis=0),
    )


def _order(
    source: tuple[np.ndarray, np.ndarray], group: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return source[0], group, source[1]


def _fixed_loss(output_kw: np.ndarray, stage: Stage) -> np.ndarray:
    outside = (stage.of_element < 0)[:, None]
    return np.where(outside, stage.fixed_input_kw - output_kw, 0.0)


def merge_elements(sources: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the group of each element, −1 where no source in the model feeds it.

    ``sources`` are pairs of incidence (element, item) and the source group of each item (−1 not in
    the model). Elements are merged only where the items of one source group differ in their share.
    """
    num_elements = len(sources[0][0])
    touched = np.zeros(num_elements, dtype=bool)
    left, right, offset = [], [], 0
    for incidence, of_source in sources:
        touched |= (incidence[:, of_source >= 0] != 0).any(axis=1)
        for index in range(int(of_source.max(initial=-1)) + 1):
            part = incidence[:, of_source == index]
            uneven = np.flatnonzero((part != part[:, :1]).any(axis=1))
            left += [offset + index] * len(uneven)
            right += uneven.tolist()
        offset += int(of_source.max(initial=-1)) + 1
    right_array = np.array(right, dtype=np.int64)
    joined = connect(np.array(left, dtype=np.int64), right_array, offset, num_elements)
    alone = np.arange(num_elements) + num_elements
    label = np.where(joined >= 0, joined, alone)
    group = np.full(num_elements, -1)
    group[touched] = _renumber(label[touched])
    return group


def _renumber(label: np.ndarray) -> np.ndarray:
    """Return labels as 0, 1, 2 … in the order of their first appearance."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.reshape(-1)]


def _least(incidence: np.ndarray, group: np.ndarray, of_source: np.ndarray) -> np.ndarray:
    """Return the least share of a source group's items in each element group.

    ``incidence`` (element, item), ``group`` (element,), ``of_source`` (item,) → (group, source).
    """
    num_groups = int(group.max(initial=-1)) + 1
    num_sources = int(of_source.max(initial=-1)) + 1
    summed = _sum_rows(incidence, group, num_groups)
    least = np.full((num_groups, num_sources), np.inf)
    inside = np.flatnonzero(of_source >= 0)
    np.minimum.at(least.T, of_source[inside], summed[:, inside].T)
    return np.where(np.isfinite(least), least, 0.0)


def _least_remainder(
    incidence: np.ndarray, group: np.ndarray, of_source: np.ndarray, pieces: Pieces
) -> np.ndarray:
    """Return what shares above the least one may subtract [kW]: fits can make a loss negative."""
    num_groups = int(group.max(initial=-1)) + 1
    least = _least(incidence, group, of_source)
    lowest = np.minimum(pieces.value(np.zeros(len(pieces.slope))), 0.0) / 1e3
    remainder = np.zeros(num_groups)
    for item in np.flatnonzero(of_source >= 0):
        summed = _sum_rows(incidence[:, item : item + 1], group, num_groups)[:, 0]
        remainder += (summed - least[:, of_source[item]]) * lowest[item]
    return remainder


def _sum_rows(values: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    total = np.zeros((count, values.shape[1]))
    inside = group >= 0
    np.add.at(total, group[inside], values[inside])
    return total


def _names(names: np.ndarray, group: np.ndarray) -> tuple[str, ...]:
    count = int(group.max(initial=-1)) + 1
    return tuple(str(names[int(np.argmax(group == index))]) for index in range(count))


def _merged_lines(
    pieces: Pieces, group: np.ndarray, count: int
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    result = []
    for index in range(count):
        chosen = np.flatnonzero(group == index)
        slope, intercept = pieces.slope[chosen], pieces.intercept[chosen]
        if len(chosen) == 1:
            result.append((slope[0], intercept[0] / 1e3))
        else:
            merged = infimal_convolution(slope, intercept)
            result.append((merged[0], merged[1] / 1e3))
    return tuple(result)


def infimal_convolution(slope: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lines of the least sum of curves for a given sum of arguments, all at least 0.

    ``slope`` and ``intercept`` (curve, piece) with rising slopes; each curve is the largest of its
    lines. The sum starts where all arguments are 0 and goes along the flattest piece that is left;
    when a curve's last piece is reached it takes everything.
    """
    start = float(intercept.max(axis=1).sum())
    parts: list[tuple[float, float]] = []
    for lines in zip(slope, intercept, strict=True):
        parts += _pieces_from_zero(*lines)
    parts.sort()
    x, y = 0.0, start
    slopes: list[float] = []
    intercepts: list[float] = []
    for steepness, length in parts:
        if not slopes or steepness > slopes[-1] + 1e-12:
            slopes.append(steepness)
            intercepts.append(y - steepness * x)
        if not np.isfinite(length):
            break
        x, y = x + length, y + steepness * length
    return np.array(slopes), np.array(intercepts)


def _pieces_from_zero(slope: np.ndarray, intercept: np.ndarray) -> list[tuple[float, float]]:
    """Return (slope, length) of the pieces of ``max(slope·x + intercept)`` on x ≥ 0."""
    pieces: list[tuple[float, float]] = []
    x, current = 0.0, int(np.lexsort((slope, intercept))[-1])
    while True:
        steeper = np.flatnonzero(slope > slope[current] + 1e-15)
        if not len(steeper):
            pieces.append((float(slope[current]), np.inf))
            return pieces
        crossing = (intercept[current] - intercept[steeper]) / (slope[steeper] - slope[current])
        nearest = float(crossing.min())
        pieces.append((float(slope[current]), max(nearest - x, 0.0)))
        x = max(x, nearest)
        ties = steeper[crossing <= nearest + 1e-12 * max(1.0, abs(nearest))]
        current = int(ties[np.argmax(slope[ties])])
