"""Compiled power of hosts, and the rows over racks that it counts in."""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.jit import jit
from optimiser.solve.sum_kernel import is_on, units_allow


@jit
def device_w(data: Data, state: State, host: int) -> float:
    """Power of the GPU share in use on a host [W]."""
    if data.device_size == 0 or data.gpu_w[host] == 0.0:
        return 0.0
    used = 0
    for device in range(state.device_free.shape[1]):
        if state.device_free[host, device] >= 0:
            used += data.device_size - state.device_free[host, device]
    return used * data.gpu_w[host]


@jit
def host_power(data: Data, state: State, host: int, use: np.ndarray, out: np.ndarray) -> None:
    """Fill ``out`` (step,) with the power of a host that is on after adding ``use`` [W]."""
    kind, load, inverse = data.kind[host], state.load[host], data.inverse_capacity[host]
    slope, intercept, power_column = data.slope[kind], data.intercept[kind], data.power_column
    for step in range(len(out)):
        column = power_column[step]
        fraction = (load[column] + use[column]) * inverse[column]
        piece = min(int(fraction * 10.0), 9)
        out[step] = intercept[piece] + slope[piece] * fraction


@jit
def rows_hold(data: Data, state: State, workload: int, host: int) -> bool:
    """Whether every power, cooling and temperature row still holds with a workload on a host."""
    flavour = data.flavour[workload]
    return draw_fits(data, state, host, data.use[flavour], data.device_request[flavour])


@jit
def draw_fits(data: Data, state: State, host: int, use: np.ndarray, request: int) -> bool:
    """Whether every row still holds with a host on and so much more use and GPU share on it."""
    rack = data.rack[host]
    first, last = data.row_start[rack], data.row_start[rack + 1]
    if first == last:
        return True
    planned, row_load, room = state.planning[host], state.row_load, data.row_room
    change = np.empty(len(planned))
    host_power(data, state, host, use, change)
    offset = device_w(data, state, host) + data.gap[data.kind[host]]
    offset += request * data.gpu_w[host]
    for step in range(len(change)):
        change[step] = max(0.0, change[step] + offset - planned[step])
    for position in range(first, last):
        row, value = data.row_index[position], data.row_value[position]
        if value <= 0.0:
            continue
        worst = 0.0
        for step in range(len(change)):
            worst = max(worst, row_load[row, step] + value * change[step] - room[row, step])
        if worst > 0.0:
            return False
    return True


@jit
def may_wake(data: Data, state: State, host: int) -> bool:
    """Whether a host may be on without work: rack units and what it draws when idle allow it."""
    if is_on(state, host):
        return True
    return units_allow(data, state, host) and draw_fits(data, state, host, data.nothing, 0)
