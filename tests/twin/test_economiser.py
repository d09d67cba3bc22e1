"""The waterside economiser's modes."""

from __future__ import annotations

import numpy as np

from optimiser.twin.economiser import free_cooling_share, is_enabled


def test_off_partial_and_full() -> None:
    """Water warmer than the return does nothing, colder than the supply does all."""
    share = free_cooling_share(np.full(5, 24.0), 18.0, np.array([26.0, 24.0, 21.0, 18.0, 10.0]))
    np.testing.assert_allclose(share, [0.0, 0.0, 0.5, 1.0, 1.0])


def test_share_never_rises_with_warmer_water() -> None:
    """A warmer day never gives more free cooling."""
    share = free_cooling_share(np.full(100, 24.0), 18.0, np.linspace(10, 30, 100))
    assert np.all(np.diff(share) <= 0)


def test_it_opens_with_a_dead_band() -> None:
    """The return must be 1.1 K warmer than the water at hand."""
    assert is_enabled(np.array([24.0, 24.0]), np.array([22.8, 23.0])).tolist() == [True, False]


def test_no_water_rise_means_all_or_nothing() -> None:
    """With return at supply temperature nothing divides by zero."""
    share = free_cooling_share(np.full(2, 18.0), 18.0, np.array([10.0, 20.0]))
    assert share.tolist() == [1.0, 0.0]
