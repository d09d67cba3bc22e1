"""Intervals of ratios: worst case, first-order propagation, Monte Carlo.

The worst case lets every quantity stand anywhere in its interval; a quantity that enters both
numerator and denominator stands at one place in both. The other two take the relative accuracy of
each quantity as 1.96 standard deviations of a normal error. Quantities of one correlation group
share their error; another correlation may be declared for a group. Intervals are never averaged.

Source: JCGM 100:2008 (GUM), clauses 5.1 and 5.2; JCGM 101:2008 for Monte Carlo.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.analysis.kpi.quantity import Quantity, Ratio, Term

SIGMAS = 1.959963984540054
"""Standard deviations that hold 95 % of a normal error on both sides."""
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval and how it was found."""

    lower: float
    upper: float
    method: Literal["worst_case", "gum", "monte_carlo"]
    draws: int | None = None
    seed: int | None = None


def worst_case(
    above: Sequence[Term], below: Sequence[Term], scale: float = 1.0
) -> tuple[float, float] | None:
    """Return least and largest quotient over all quantities' intervals.

    ``None`` when a quantity is missing or the denominator may be zero or negative. Exact for sums
    of quantities; a factor shared by several terms is taken to move in each alone, so that the
    interval is never too narrow.
    """
    columns = _columns(above, below)
    if columns is None:
        return None
    top, bottom, low, high = columns
    if np.where(bottom > 0, low, high) @ bottom <= 0:
        return None
    least = -_largest(-top, bottom, low, high)
    ends = (scale * least, scale * _largest(top, bottom, low, high))
    return min(ends), max(ends)


def _columns(above: Sequence[Term], below: Sequence[Term]) -> tuple[np.ndarray, ...] | None:
    """Return per distinct product of quantities: coefficients above and below, and its ends."""
    found: dict[tuple[Quantity, ...], list[float]] = {}
    for side, terms in enumerate((above, below)):
        for term in terms:
            ends = Term(term.quantity, 1.0, term.factor).bounds
            if ends is None:
                return None
            column = found.setdefault(term.parts, [0.0, 0.0, *ends])
            column[side] += term.coefficient
    return tuple(np.array(list(found.values())).T)


def _largest(top: np.ndarray, bottom: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Return the largest (top·x)/(bottom·x) over a box, by Dinkelbach's iteration."""
    x = (low + high) / 2
    quotient = float(top @ x / (bottom @ x))
    for _ in range(_ROUNDS):
        x = np.where(top - quotient * bottom > 0, high, low)
        better = float(top @ x / (bottom @ x))
        if better <= quotient:
            break
        quotient = better
    return quotient


def gum(ratio: Ratio, correlations: Mapping[str, float] | None = None) -> Interval | None:
    """Return the 95 % interval by first-order propagation, ``None`` without a value.

    ``correlations`` gives the correlation within a group (0 to 1) where it is not 1. Raises
    ``ValueError`` for one outside of 0 to 1.
    """
    centre = _centre(ratio)
    if centre is None:
        return None
    known = _correlations(correlations)
    leaves = _leaves(ratio)
    slopes = {leaf: _slope(ratio, leaf) * _error(leaf) for leaf in leaves}
    square, shared = 0.0, dict[str, float]()
    for leaf, slope in slopes.items():
        rho = 0.0 if leaf.group is None else known.get(leaf.group, 1.0)
        square += (1.0 - rho) * slope**2
        if leaf.group is not None:
            shared[leaf.group] = shared.get(leaf.group, 0.0) + math.sqrt(rho) * slope
    half = math.sqrt(square + sum(slope**2 for slope in shared.values()))
    return Interval(_capped(ratio, centre - half), _capped(ratio, centre + half), "gum")


def monte_carlo(
    ratio: Ratio,
    correlations: Mapping[str, float] | None = None,
    draws: int = 100_000,
    seed: int = 1,
) -> Interval | None:
    """Return the 95 % interval of ``draws`` seeded draws, ``None`` without a value.

    ``correlations`` as in :func:`gum`. Draws whose denominator is not positive are refused with
    ``ValueError``: the data say nothing about the ratio then.
    """
    if _centre(ratio) is None:
        return None
    known = _correlations(correlations)
    rng = np.random.default_rng(seed)
    shared: dict[str, np.ndarray] = {}
    drawn: dict[Quantity, np.ndarray] = {}
    for leaf in _leaves(ratio):
        noise = rng.standard_normal(draws)
        if leaf.group is not None:
            rho = known.get(leaf.group, 1.0)
            if leaf.group not in shared:
                shared[leaf.group] = rng.standard_normal(draws)
            noise = math.sqrt(rho) * shared[leaf.group] + math.sqrt(1.0 - rho) * noise
        drawn[leaf] = (leaf.value or 0.0) + _error(leaf) / SIGMAS * noise
    bottom = _drawn_sum(ratio.below, drawn, draws)
    if np.any(bottom <= 0):
        raise ValueError(f"{ratio.name}: the error of the denominator reaches zero")
    values = ratio.scale * _drawn_sum(ratio.terms, drawn, draws) / bottom
    lower, upper = np.quantile(values, (0.025, 0.975))
    ends = _capped(ratio, float(lower)), _capped(ratio, float(upper))
    return Interval(*ends, "monte_carlo", draws, seed)


def _centre(ratio: Ratio) -> float | None:
    return ratio.raw if ratio.value is not None else None


def _capped(ratio: Ratio, end: float) -> float:
    """Bring an end down to the cap of a ratio that has one."""
    return end if ratio.cap is None else min(end, ratio.cap)


def _leaves(ratio: Ratio) -> list[Quantity]:
    parts = [part for term in (*ratio.terms, *ratio.below) for part in term.parts]
    return list(dict.fromkeys(parts))


def _error(leaf: Quantity) -> float:
    """Return the 95 % error in the unit; from the interval where only that is known."""
    value = leaf.value or 0.0
    if leaf.relative > 0 or leaf.bounds is None:
        return abs(value) * leaf.relative
    lower, upper = leaf.bounds
    return (upper - lower) / 2


def _slope(ratio: Ratio, leaf: Quantity) -> float:
    """Return the derivative of the quotient by one quantity."""
    bottom = ratio.denominator.value or 1.0
    quotient = (ratio.numerator.value or 0.0) / bottom
    above, below = (_derivative(terms, leaf) for terms in (ratio.terms, ratio.below))
    return ratio.scale * (above - quotient * below) / bottom


def _derivative(terms: Sequence[Term], leaf: Quantity) -> float:
    slope = 0.0
    for term in terms:
        for index, part in enumerate(term.parts):
            if part == leaf:
                others = [o.value or 0.0 for i, o in enumerate(term.parts) if i != index]
                slope += term.coefficient * math.prod(others)
    return slope


def _drawn_sum(
    terms: Sequence[Term], drawn: Mapping[Quantity, np.ndarray], draws: int
) -> np.ndarray:
    result = np.zeros(draws)
    for term in terms:
        amount = np.full(draws, term.coefficient)
        for part in term.parts:
            amount = amount * drawn[part]
        result += amount
    return result


def _correlations(given: Mapping[str, float] | None) -> Mapping[str, float]:
    known = given or {}
    for group, rho in known.items():
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"the correlation {rho} of group {group!r} is not from 0 to 1")
    return known
