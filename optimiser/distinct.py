"""Distinct rows of tables: how several floors group what is alike."""

from __future__ import annotations

import numpy as np


def distinct_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (rows, columns) of a table that first show each content, and whose each is.

    Returns ``first`` (distinct,), the position of the first of each content, contents in
    ascending order, and ``which`` (rows,), the content of each row: what
    ``numpy.unique(table, axis=0, return_index=True, return_inverse=True)`` says, but sorted column
    by column, which is several times faster than comparing records.
    """
    rows, columns = table.shape
    if columns == 0 or rows == 0:
        return np.arange(min(rows, 1)), np.zeros(rows, dtype=np.int64)
    order = np.lexsort(table.T[::-1])
    begins = np.ones(rows, dtype=bool)
    sorted_rows = table[order]
    np.any(sorted_rows[1:] != sorted_rows[:-1], axis=1, out=begins[1:])
    which = np.empty(rows, dtype=np.int64)
    which[order] = np.cumsum(begins) - 1
    return order[begins], which
