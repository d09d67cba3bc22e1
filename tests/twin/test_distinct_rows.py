"""Distinct rows come out exactly as numpy tells them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimiser.distinct import distinct_rows

TABLES = st.sampled_from([np.int32, np.int64, np.float64, np.bool_]).flatmap(
    lambda kind: arrays(
        kind,
        st.tuples(st.integers(1, 40), st.integers(1, 4)),
        elements=st.booleans() if kind is np.bool_ else st.integers(-2, 2),
    )
)


@given(TABLES)
def test_they_are_those_of_numpy(table: np.ndarray) -> None:
    """First rows in ascending order of content, and the content of each row."""
    first, which = distinct_rows(table)
    rows, at, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    assert np.array_equal(table[first], rows)
    assert np.array_equal(first, at)
    assert np.array_equal(which, inverse.reshape(-1))


@pytest.mark.parametrize(("shape", "distinct"), [((0, 3), 0), ((0, 0), 0), ((4, 0), 1)])
def test_empty_tables_have_a_content_only_where_they_have_rows(
    shape: tuple[int, int], distinct: int
) -> None:
    """Rows without columns are all alike."""
    first, which = distinct_rows(np.zeros(shape))
    assert len(first) == distinct and which.tolist() == [0] * shape[0]
