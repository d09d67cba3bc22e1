"""Demand of the next steps from the readings so far: a mean and a variance for each workload.

The mean is a linear function of the last reading, the mean of the last hour or so and the mean of
all readings, with weights fitted to the readings of all workloads together by least squares as they
come in. The variance is that of a workload's own errors, with a few errors of the average workload
added so that a short history is not taken for certainty. Nothing looks ahead.
"""

from __future__ import annotations

import numpy as np

RIDGE = 1e-3
"""Weight of the first guess (the mean of all readings) against the mean squares of fractions."""
PRIOR_ERRORS = 12.0
"""How many errors of the average workload stand beside a workload's own."""
FEATURES = 4


class Forecast:
    """Readings in, means and variances out.

    ``request`` (workload,) the size that a reading is compared with; ``recent`` how many readings
    count as recent; ``memory`` after how many an error has lost most (1 − 1/e) of its weight.
    """

    def __init__(self, request: np.ndarray, recent: int = 12, memory: int = 288) -> None:
        self.request = np.maximum(np.asarray(request, dtype=float), 1e-9)
        count = len(self.request)
        self._fading = np.exp(-1.0 / memory)
        self._recent = np.zeros((recent, count))
        self._sum = np.zeros(count)
        self._highest = np.ones(count)
        self._readings = 0
        self._features = np.zeros((count, FEATURES))
        self._squares = RIDGE * np.eye(FEATURES)
        self.weights = np.array([0.0, 0.0, 1.0, 0.0])
        """Of one, the last reading, the mean of all and the mean of recent readings."""
        self._products = self._squares @ self.weights
        self._error_squares = np.zeros(count)
        self._error_weight = 0.0

    def see(self, reading: np.ndarray) -> None:
        """Take in what each workload used in one step (workload,), in the unit of the request."""
        fraction = np.asarray(reading, dtype=float) / self.request
        if self._readings:
            self._learn(fraction)
        self._recent[self._readings % len(self._recent)] = fraction
        self._readings += 1
        self._sum += fraction
        self._highest = np.maximum(self._highest, fraction)
        recent = self._recent[: self._readings].mean(axis=0)
        mean = self._sum / self._readings
        self._features = np.column_stack([np.ones(len(mean)), fraction, mean, recent])

    def _learn(self, fraction: np.ndarray) -> None:
        error = fraction - self._features @ self.weights
        self._error_squares = self._fading * self._error_squares + error**2
        self._error_weight = self._fading * self._error_weight + 1.0
        count = len(fraction)
        self._squares += self._features.T @ self._features / count
        self._products += self._features.T @ fraction / count
        self.weights = np.linalg.solve(self._squares, self._products)

    @property
    def mean(self) -> np.ndarray:
        """Expected use of each workload (workload,); the request before the first reading."""
        if not self._readings:
            return self.request.copy()
        return np.clip(self._features @ self.weights, 0.0, self._highest) * self.request

    @property
    def variance(self) -> np.ndarray:
        """Variance around the mean (workload,).

        After one reading, how much workloads differ from each other stands for how much one of
        them varies.
        """
        if not self._readings:
            return np.zeros(len(self.request))
        if self._error_weight == 0.0:
            usual = float(self._features[:, 1].var())
        else:
            usual = float(self._error_squares.mean()) / self._error_weight
        squares = self._error_squares + PRIOR_ERRORS * usual
        return squares / (self._error_weight + PRIOR_ERRORS) * self.request**2
