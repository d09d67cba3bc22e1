"""Puts samples into order of series and time and settles duplicates; the input's order is no
matter. Kernels work on flat arrays: series index, time [µs UTC], value (NaN: missing), class."""

from __future__ import annotations

import numpy as np

from optimiser.library.meters.kernel import entry

DUPLICATES, CONFLICTS = 0, 1


@entry
def is_sorted(series: np.ndarray, time: np.ndarray) -> bool:
    """Return whether samples are by series, and by strictly growing time within each."""
    for i in range(1, len(time)):
        if series[i] < series[i - 1]:
            return False
        if series[i] == series[i - 1] and time[i] <= time[i - 1]:
            return False
    return True


def order_of(series: np.ndarray, time: np.ndarray, num_series: int) -> np.ndarray:
    """Return the order by series, then time: counting by series, sorting only where needed."""
    count, order, mixed = _by_series(series, time, num_series)
    for s in np.flatnonzero(mixed):
        part = order[count[s] : count[s + 1]]
        order[count[s] : count[s + 1]] = part[np.argsort(time[part], kind="stable")]
    return order


@entry
def _by_series(
    series: np.ndarray, time: np.ndarray, num_series: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each series begins, the order by series, and whose times do not grow."""
    count = np.zeros(num_series + 1, dtype=np.int64)
    for s in series:
        count[s + 1] += 1
    for s in range(num_series):
        count[s + 1] += count[s]
    place, order = count.copy(), np.empty(len(series), dtype=np.int64)
    mixed = np.zeros(num_series, dtype=np.bool_)
    for i in range(len(series)):
        s = series[i]
        if place[s] > count[s] and time[i] < time[order[place[s] - 1]]:
            mixed[s] = True
        order[place[s]] = i
        place[s] += 1
    return count, order, mixed


@entry
def settle(
    series: np.ndarray, time: np.ndarray, value: np.ndarray, code: np.ndarray,
    received: np.ndarray, bounds: tuple[int, int], counts: np.ndarray,
) -> int:  # fmt: skip
    """Keep one sample per series and time, in place; return how many remain.

    Equal ones are duplicates. Of different ones the last received counts (the larger value among
    those received together); where nothing says when they came they contradict each other and none
    counts. ``received`` is empty when unknown; ``counts`` (series, 2) gains duplicates, conflicts
    between ``bounds`` [µs].
    """
    kept, i, has_received = 0, 0, len(received) > 0
    while i < len(time):
        j, best, clash, worst = i + 1, i, False, code[i]
        while j < len(time) and time[j] == time[i] and series[j] == series[i]:
            same = value[j] == value[best] or (np.isnan(value[j]) and np.isnan(value[best]))
            worst = max(worst, code[j])
            if has_received:
                if received[j] > received[best]:
                    best = j
                elif received[j] == received[best] and not same:
                    best = j if np.isnan(value[best]) or value[j] > value[best] else best
            elif np.isnan(value[best]):
                best = j
            elif not same and not np.isnan(value[j]):
                clash = True
            j += 1
        extra = j - i - 1 if bounds[0] <= time[i] < bounds[1] else 0
        counts[series[i], CONFLICTS if clash else DUPLICATES] += extra
        series[kept], time[kept] = series[i], time[i]
        value[kept] = np.nan if clash else value[best]
        code[kept] = code[best] if has_received else worst
        kept += 1
        i = j
    return kept


@entry
def segments(series: np.ndarray, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the series of each run of samples and where the runs begin, with the end."""
    total = 0
    for i in range(num):
        if i == 0 or series[i] != series[i - 1]:
            total += 1
    which, begin = np.empty(total, dtype=np.int64), np.empty(total + 1, dtype=np.int64)
    at = 0
    for i in range(num):
        if i == 0 or series[i] != series[i - 1]:
            which[at], begin[at] = series[i], i
            at += 1
    begin[total] = num
    return which, begin


@entry
def to_utc(time: np.ndarray, changes: np.ndarray, offsets: np.ndarray, faults: np.ndarray) -> None:
    """Turn local wall-clock times [µs] into UTC, in place.

    ``changes`` are the instants [µs UTC] at which the clock jumps, ``offsets`` (one more) the
    offsets [µs] before, between and after. ``faults`` is set to 1 where a local time exists twice
    and to 2 where it does not exist.
    """
    for i in range(len(time)):
        local, found, where = time[i], 0, 0
        for k in range(len(offsets)):
            instant = local - offsets[k]
            after = k == 0 or instant >= changes[k - 1]
            before = k == len(changes) or instant < changes[k]
            if after and before:
                found += 1
                where = k
        if found != 1:
            faults[i] = 2 if found == 0 else 1
        time[i] = local - offsets[where]
