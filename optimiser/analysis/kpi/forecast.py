"""Forecasts of demand by month with an interval, their back-test, and when capacity runs out.

Two methods. ``trend@1`` fits past demand by least squares on a straight line, with one yearly wave
when two years are known, and widens the interval by the prediction error of a new month (Student's
t), as in the textbook of linear regression. ``growth@1`` takes growth as declared, at three levels
of probability. Neither is fitted to fewer months than it needs: then there is no forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVELS = (0.1, 0.5, 0.9)
"""Probabilities that demand stays below P10, P50 and P90."""
TREND, GROWTH = "trend@1", "growth@1"
LEAST_MONTHS = 6
"""Months of history that a trend needs."""
SEASONAL_MONTHS = 24
"""Months of history from which a yearly wave is fitted."""
MIN_FOLDS = 3
"""Folds that a back-test needs to be told."""
BACK_TEST_MONTHS = 3
"""How far each fold of a back-test looks ahead [months]."""
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class BackTest:
    """Errors of the method on months it had not seen.

    ``mape`` is the mean of |error| / demand of the median, ``pinball`` the mean pinball loss over
    P10, P50 and P90 in the unit of demand, ``coverage`` the share of months inside P10 to P90.
    """

    folds: int
    mape: float
    pinball: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Demand of months 0 (the last one known) to the horizon: ``levels`` (3, month) are P10, P50
    and P90; ``history`` counts the months it was made from."""

    method: str
    levels: np.ndarray
    history: int = 0
    back_test: BackTest | None = None

    @property
    def p50(self) -> np.ndarray:
        """The median of each month."""
        return np.asarray(self.levels[1])

    @property
    def p90(self) -> np.ndarray:
        """What demand stays below with a probability of 90 %."""
        return np.asarray(self.levels[2])


def declared_growth(demand: float, per_month: Sequence[float], horizon: int) -> Forecast:
    """Return the forecast from demand now and its growth per month at P10, P50 and P90.

    Raises ``ValueError`` when growth at a higher probability is smaller.
    """
    growth = np.asarray(per_month, dtype=float)
    if np.any(np.diff(growth) < 0):
        raise ValueError("growth must not fall from P10 over P50 to P90")
    return Forecast(GROWTH, demand + growth[:, None] * np.arange(horizon + 1.0))


def trend(history: np.ndarray, horizon: int) -> Forecast | None:
    """Return the trend of demand by month (NaN where unknown, the last entry is month 0).

    ``None`` with fewer than six known months. Demand is not let below zero. Month 0 itself is
    forecast too, so that one month far from the line does not move the whole forecast.
    """
    known = np.isfinite(history)
    if int(known.sum()) < LEAST_MONTHS:
        return None
    months = np.arange(len(history)) - (len(history) - 1.0)
    levels = _levels(months[known], history[known], np.arange(horizon + 1.0))
    return Forecast(TREND, levels, int(known.sum()), _back_test(months[known], history[known]))


def _levels(months: np.ndarray, demand: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """Return P10, P50 and P90 (3, month) of a fit at other months."""
    is_seasonal = len(months) >= SEASONAL_MONTHS
    known, wanted = (_design(at, is_seasonal) for at in (months, ahead))
    inverse = np.linalg.pinv(known.T @ known)
    line = inverse @ known.T @ demand
    free = len(demand) - known.shape[1]
    variance = float(((demand - known @ line) ** 2).sum()) / free
    spread = np.sqrt(variance * (1.0 + np.einsum("ij,jk,ik->i", wanted, inverse, wanted)))
    quantile = stats.t.ppf(LEVELS, free)
    return np.maximum(wanted @ line + quantile[:, None] * spread, 0.0)


def _design(months: np.ndarray, is_seasonal: bool) -> np.ndarray:
    columns = [np.ones(len(months)), months]
    if is_seasonal:
        angle = 2.0 * np.pi * months / 12.0
        columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns)


def _back_test(months: np.ndarray, demand: np.ndarray) -> BackTest | None:
    """Forecast from each earlier month on with what was known then; ``None`` with too few folds."""
    origins = range(LEAST_MONTHS, len(months))
    if len(origins) < MIN_FOLDS:
        return None
    errors, losses, inside = [], [], []
    for known in origins:
        later = slice(known, known + BACK_TEST_MONTHS)
        levels = _levels(months[:known], demand[:known], months[later])
        miss = demand[later] - levels
        losses.append(np.maximum(miss * np.array(LEVELS)[:, None],
                                 miss * (np.array(LEVELS)[:, None] - 1.0)).ravel())  # fmt: skip
        errors.append(np.abs(miss[1]) / np.maximum(np.abs(demand[later]), _NEAR))
        inside.append((miss[0] >= 0) & (miss[2] <= 0))
    mape, pinball, covered = (float(np.concatenate(one).mean()) for one in (errors, losses, inside))
    return BackTest(len(origins), mape, pinball, covered)


def exhausted_after(demand: np.ndarray, usable: float) -> int | None:
    """Return the first month whose demand reaches what is usable, ``None`` beyond the horizon."""
    reached = np.flatnonzero(demand >= usable - _NEAR * max(1.0, abs(usable)))
    return int(reached[0]) if len(reached) else None


def order_after(exhausted: int | None, lead: float, commissioning: float) -> float | None:
    """Return in how many months to order: exhaustion (P90) − lead − commissioning.

    Negative when it should have been ordered already, ``None`` when nothing runs out.
    """
    return None if exhausted is None else exhausted - lead - commissioning
