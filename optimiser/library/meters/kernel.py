"""From samples to steps: counters are differenced, rates integrated, levels averaged over time.

All kernels take the sorted samples of one series (time [µs UTC], value, class), carry what they
need to the next batch in ``state`` and add to the rows ``value`` (amount, or level times hours),
``cover`` [µs seen] and ``code`` (worst class) of the series.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from optimiser.library.meters.series import INTERPOLATED

# only entry points called from Python need a wrapper; leaving the others out halves compile time
compiler: Any = numba.njit
entry: Any = compiler(cache=True, nogil=True, no_cfunc_wrapper=True)
jit: Any = compiler(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)
COUNTER, AMOUNT, POWER, LEVEL = range(4)
(SEEN, REJECTED, GAPS, ROLLOVERS, RESETS, NEGATIVE, FIRST, LAST, LONGEST, NUM_STATS) = range(10)
"""Columns of the statistics of a series; times and the longest gap in µs."""
(HAS_LAST, LAST_TIME, LAST_CODE, HAS_ODD, ODD_TIME, ODD_CODE, NUM_STATE) = range(7)
"""Columns of the state: the last good sample, and one that did not fit (an odd one)."""
(INTERVAL, BRIDGE, END_STAMP, PART, IS_MEAN, NUM_WHOLE) = range(6)
"""Columns of whole-number settings: usual interval [µs], bridged gap [µs], 1 when amounts carry
the end of their interval, 1 or −1 when only positive or negative values count, 1 when rates and
levels are means of their interval."""
(ROLLOVER, MAXIMUM, NUM_REAL) = range(3)
"""Columns of further settings: 0 when not given."""
HOUR_US = 3_600_000_000.0
_FIRST_GUESS_OF_ROLLOVER = 0.1


@jit
def _spread(steps: Any, grid: Any, begin: Any, end: Any, rates: Any, kind_of: Any) -> Any:
    """Add the integral of a straight line between two rates [1/h] to the steps it runs over."""
    value, cover, code = steps
    at, last, step = max(begin, grid[0]), min(end, grid[0] + grid[1] * grid[2]), grid[1]
    if last <= at:
        return
    slope = (rates[1] - rates[0]) / (end - begin)
    k = (at - grid[0]) // step
    while at < last:
        stop = min(last, grid[0] + (k + 1) * step)
        middle = 0.5 * ((at - begin) + (stop - begin))
        value[k] += (rates[0] + slope * middle) * ((stop - at) / HOUR_US)
        cover[k] += stop - at
        code[k] = max(code[k], kind_of)
        at = stop
        k += 1


@jit
def _is_inside(grid: Any, time: Any) -> Any:
    return grid[0] <= time < grid[0] + grid[1] * grid[2]


@jit
def _note_gap(stats: Any, grid: Any, begin: Any, end: Any, interval: Any) -> Any:
    """Count a wait of more than one and a half intervals that reaches into the grid."""
    if 2 * (end - begin) > 3 * interval and end > grid[0] and begin < grid[0] + grid[1] * grid[2]:
        stats[GAPS] += 1
        stats[LONGEST] = max(stats[LONGEST], end - begin)


@jit
def _note_seen(stats: Any, grid: Any, time: Any) -> Any:
    if _is_inside(grid, time):
        stats[SEEN] += 1
        if stats[FIRST] < 0:
            stats[FIRST] = time
        stats[LAST] = time


@jit
def _add_bridge(bridges: Any, count: Any, row: Any, grid: Any, begin: Any, end: Any) -> Any:
    """Note the steps of a stretch whose total is known; only those inside the grid are whole."""
    if begin >= grid[0] and end <= grid[0] + grid[1] * grid[2]:
        bridges[count, 0] = row
        bridges[count, 1] = (begin - grid[0]) // grid[1]
        bridges[count, 2] = -((grid[0] - end) // grid[1])
        return count + 1
    return count


@jit
def _gain(x: Any, wait: Any, last: Any, real: Any) -> Any:
    """Return what a counter gained, whether that is plausible and whether it rolled over.

    What is plausible over less than an hour is what is plausible in an hour, because counters
    move in steps of their resolution. Without a maximum, a rollover may gain a tenth of the range.
    """
    gain, most = x - last, real[MAXIMUM] * max(1.0, wait / HOUR_US)
    if gain < 0 and real[ROLLOVER] > 0:
        if real[MAXIMUM] <= 0:
            most = _FIRST_GUESS_OF_ROLLOVER * real[ROLLOVER]
        gain += real[ROLLOVER]
        return gain, 0 <= gain <= most, True
    return gain, gain >= 0 and (real[MAXIMUM] <= 0 or gain <= most), False


@jit
def add_counter(
    samples: Any, row: Any, setting: Any, memory: Any, grid: Any, steps: Any, bridges: Any,
    count: Any,
) -> Any:  # fmt: skip
    """Difference a counter. A reading below the last one is a rollover where the limit fits, a
    slip when the next reading fits the last good one again, else a reset (unknown in between)."""
    (time, read, klass), (whole, real), (state, last, stats) = samples, setting, memory
    for i in range(len(time)):
        x, at, own = read[i], time[i], klass[i]
        if np.isnan(x):
            continue
        _note_seen(stats, grid, at)
        if state[HAS_LAST] == 0:
            state[HAS_LAST], state[LAST_TIME], state[LAST_CODE], last[0] = 1, at, own, x
            continue
        begin, before, inside = state[LAST_TIME], state[LAST_CODE], _is_inside(grid, at)
        gain, fits, rolled = _gain(x, at - begin, last[0], real)
        if fits:
            stats[REJECTED] += state[HAS_ODD] and inside
            stats[ROLLOVERS] += rolled and inside
        elif state[HAS_ODD] == 0:
            state[HAS_ODD], state[ODD_TIME], state[ODD_CODE], last[1] = 1, at, own, x
            continue
        else:  # does it go on from the odd one?
            begin, before = state[ODD_TIME], state[ODD_CODE]
            gain, fits, rolled = _gain(x, at - begin, last[1], real)
            if not fits:
                stats[REJECTED] += inside
                state[ODD_TIME], state[ODD_CODE], last[1] = at, own, x
                continue
            stats[RESETS] += inside
            _note_gap(stats, grid, state[LAST_TIME], begin, 0)
        _note_gap(stats, grid, begin, at, whole[INTERVAL])
        kind_of, rate = max(before, own), gain / ((at - begin) / HOUR_US)
        if 4 * (at - begin) > 5 * grid[1]:
            if kind_of < INTERPOLATED:
                count = _add_bridge(bridges, count, row, grid, begin, at)
            kind_of = max(kind_of, INTERPOLATED)
        _spread(steps, grid, begin, at, (rate, rate), kind_of)
        state[HAS_ODD], state[LAST_TIME], state[LAST_CODE], last[0] = 0, at, own, x
    return count


@jit
def _judged(x: Any, setting: Any, stats: Any, is_inside: Any, limit: Any, is_amount: Any) -> Any:
    """Return the value that counts, NaN where it is missing or not plausible."""
    whole, real = setting
    if np.isnan(x):
        return x
    if real[MAXIMUM] > 0 and abs(x) > limit:
        stats[REJECTED] += is_inside
        return np.nan
    if whole[PART] == 1:
        return max(x, 0.0)
    if whole[PART] == -1:
        return max(-x, 0.0)
    stats[NEGATIVE] += is_amount and x < 0 and is_inside
    return x


@jit
def add_samples(
    samples: Any, setting: Any, memory: Any, grid: Any, steps: Any, is_amount: Any
) -> Any:
    """Integrate samples of a rate or level by the trapezoid on their own times; gaps up to the
    bridged length become INTERPOLATED, longer ones stay open."""
    (time, read, klass), (whole, real), (state, last, stats) = samples, setting, memory
    for i in range(len(time)):
        at, own, inside = time[i], klass[i], _is_inside(grid, time[i])
        x = _judged(read[i], setting, stats, inside, real[MAXIMUM], is_amount)
        if np.isnan(x):
            continue
        _note_seen(stats, grid, at)
        if state[HAS_LAST] == 1:
            begin, kind_of = state[LAST_TIME], max(state[LAST_CODE], own)
            _note_gap(stats, grid, begin, at, whole[INTERVAL])
            is_gap = 2 * (at - begin) > 3 * whole[INTERVAL]
            if is_gap:
                kind_of = max(kind_of, INTERPOLATED)
            if not is_gap or at - begin <= whole[BRIDGE]:
                _spread(steps, grid, begin, at, (last[0], x), kind_of)
        state[HAS_LAST], state[LAST_TIME], state[LAST_CODE], last[0] = 1, at, own, x


@jit
def add_amounts(
    samples: Any, row: Any, setting: Any, memory: Any, grid: Any, steps: Any, bridges: Any,
    count: Any, is_amount: Any,
) -> Any:  # fmt: skip
    """Lay amounts (or means) of whole intervals onto the steps; nothing while the interval is not
    known."""
    (time, read, klass), (whole, real), (state, _, stats) = samples, setting, memory
    span, hours = whole[INTERVAL], whole[INTERVAL] / HOUR_US
    if span <= 0:
        return count
    for i in range(len(time)):
        begin = time[i] - span if whole[END_STAMP] == 1 else time[i]
        inside = _is_inside(grid, begin)
        per_value = 1.0 if whole[IS_MEAN] == 1 else 1.0 / hours
        x = _judged(read[i], setting, stats, inside, real[MAXIMUM] / per_value, is_amount)
        if np.isnan(x):
            continue
        _note_seen(stats, grid, begin)
        if state[HAS_LAST] == 1:
            _note_gap(stats, grid, state[LAST_TIME], time[i], span)
        kind_of = klass[i]
        if 4 * span > 5 * grid[1]:
            if kind_of < INTERPOLATED:
                count = _add_bridge(bridges, count, row, grid, begin, begin + span)
            kind_of = max(kind_of, INTERPOLATED)
        _spread(steps, grid, begin, begin + span, (x * per_value, x * per_value), kind_of)
        state[HAS_LAST], state[LAST_TIME] = 1, time[i]
    return count


@entry
def add_batch(
    runs: Any, batch: Any, kind: Any, settings: Any, memories: Any, grid: Any, steps: Any,
    bridges: Any,
) -> Any:  # fmt: skip
    """Add the runs of a batch; return the number of bridges, or −1 − series when one does not
    continue after what was added before.

    ``runs`` (series, where each begins with the end), ``batch`` (time, value, class), ``settings``
    (whole, real), ``memories`` (state, last reading, statistics), ``steps`` (value, cover, code).
    """
    (which, bounds), (time, read, klass) = runs, batch
    (whole, real), (state, last, stats), (value, cover, code) = settings, memories, steps
    count = 0
    for k in range(len(which)):
        row, low, high = which[k], bounds[k], bounds[k + 1]
        latest = max(state[row, LAST_TIME], state[row, ODD_TIME] * state[row, HAS_ODD])
        if state[row, HAS_LAST] == 1 and time[low] <= latest:
            return -1 - row
        samples = (time[low:high], read[low:high], klass[low:high])
        setting, memory = (whole[row], real[row]), (state[row], last[row], stats[row])
        own = (value[row], cover[row], code[row])
        if kind[row] == COUNTER:
            count = add_counter(samples, row, setting, memory, grid, own, bridges, count)
        elif kind[row] == AMOUNT or whole[row, IS_MEAN] == 1:
            is_amount = kind[row] != LEVEL
            count = add_amounts(samples, row, setting, memory, grid, own, bridges, count, is_amount)
        else:
            add_samples(samples, setting, memory, grid, own, kind[row] == POWER)
    return count


@entry
def count_long(time: np.ndarray, limit: int) -> int:
    """Return how many waits are longer than a limit: room that bridges may need."""
    total = 1
    for i in range(1, len(time)):
        if time[i] - time[i - 1] > limit or time[i] < time[i - 1]:
            total += 1
    return total
