"""Convex piecewise-linear fits: curves as the largest of a few straight lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.twin.planning import lower_envelope

SAMPLES_PER_SEGMENT = 8


@dataclass(frozen=True)
class Pieces:
    """One convex curve per row, ``value = max_s(slope_s·x + intercept_s)``.

    ``slope`` and ``intercept`` (row, segment), slopes rising; ``error`` (row,) largest distance
    from the sampled curve on [``low``, ``high``] (row,), the range of the fit.
    """

    slope: np.ndarray
    intercept: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return the curves at ``x`` (row,) or (row, time)."""
        return self._lines(x).max(axis=-1)

    def slope_at(self, x: np.ndarray) -> np.ndarray:
        """Return the slope of the binding piece at ``x`` (row,) or (row, time)."""
        binding = self._lines(x).argmax(axis=-1)
        slope = self.slope if binding.ndim == 1 else self.slope[:, None, :]
        return np.take_along_axis(slope, binding[..., None], axis=-1)[..., 0]

    def _lines(self, x: np.ndarray) -> np.ndarray:
        if np.ndim(x) == 1:
            return self.slope * x[:, None] + self.intercept
        return self.slope[:, None, :] * x[:, :, None] + self.intercept[:, None, :]


def sample_grid(low: np.ndarray, high: np.ndarray, num_segments: int) -> np.ndarray:
    """Return sample points (row, n) from ``low`` to ``high`` (row,) for :func:`fit_pieces`."""
    share = np.linspace(0.0, 1.0, SAMPLES_PER_SEGMENT * num_segments + 1)
    # an empty range (no hosts) still needs a slope
    width = np.maximum(np.asarray(high, dtype=float) - low, 1.0)
    return np.asarray(low, dtype=float)[:, None] + width[:, None] * share


def fit_pieces(x: np.ndarray, y: np.ndarray, num_segments: int) -> Pieces:
    """Fit convex pieces to curves sampled on the points of :func:`sample_grid`.

    ``x`` and ``y`` (row, n). Chords of the lower convex envelope between equally spaced points,
    moved so that the error is the same above and below (half of what plain chords or tangents
    leave). The curve itself need not be convex; what the envelope cuts off counts as error.
    """
    envelope, _ = lower_envelope(x, y)
    ends = slice(None, None, (x.shape[1] - 1) // num_segments)
    xe, ye = x[:, ends], envelope[:, ends]
    slope = np.diff(ye, axis=1) / np.diff(xe, axis=1)
    intercept = ye[:, :-1] - slope * xe[:, :-1]
    chords = Pieces(slope, intercept, np.zeros(len(x)), x[:, 0], x[:, -1])
    distance = y - chords.value(x)
    highest, lowest = distance.max(axis=1), distance.min(axis=1)
    return Pieces(
        slope=slope,
        intercept=intercept + 0.5 * (highest + lowest)[:, None],
        error=0.5 * (highest - lowest),
        low=x[:, 0],
        high=x[:, -1],
    )
