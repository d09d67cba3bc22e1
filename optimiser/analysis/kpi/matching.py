"""Hourly matching of load and carbon-free energy (24/7), beside annual and volumetric matching.

Three numbers that are often mixed up: the carbon-free score (contracts and the grid's own share),
the share matched by contracts hour by hour, and the annual volumetric share. Nothing is carried
over from one hour to another. Nuclear energy is carbon-free and not renewable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class HourlyMatch:
    """Hours (T,): load, matched and contracted energy [kWh], grid share and score (0 to 1, NaN
    where there is no load)."""

    load: np.ndarray
    contracted: np.ndarray
    matched: np.ndarray
    grid_share: np.ndarray
    score: np.ndarray

    @property
    def cfe(self) -> float | None:
        """Carbon-free score of the whole time: Σ carbon-free energy / Σ load."""
        free = self.matched + self.grid_share * (self.load - self.matched)
        return _share(free.sum(), self.load.sum())

    @property
    def matched_share(self) -> float | None:
        """Share of the load that contracts match hour by hour."""
        return _share(self.matched.sum(), self.load.sum())

    @property
    def volumetric_share(self) -> float | None:
        """Contracted over used energy of the whole time, at most 1: not a matching of hours."""
        share = _share(self.contracted.sum(), self.load.sum())
        return None if share is None else min(1.0, share)


def match_hours(load: np.ndarray, contracted: np.ndarray, grid_share: np.ndarray) -> HourlyMatch:
    """Match load and contracted carbon-free energy of the same zone (T,) [kWh], hour by hour.

    ``grid_share`` (T,) is the carbon-free share of the grid from 0 to 1. Raises ``ValueError`` for
    arrays of unequal length, for missing or negative numbers, and for shares above 1.
    """
    load, contracted, share = (
        np.asarray(one, dtype=float) for one in (load, contracted, grid_share)
    )
    if not load.shape == contracted.shape == share.shape:
        raise ValueError("load, contracted energy and grid share need the same hours")
    for name, values in (("load", load), ("contracted", contracted), ("grid share", share)):
        if not np.isfinite(values).all() or (values < 0).any():
            raise ValueError(f"{name} has hours that are missing or negative")
    if (share > 1).any():
        raise ValueError("the grid's carbon-free share is above 1")
    matched = np.minimum(load, contracted)
    free = matched + share * (load - matched)
    score = np.divide(free, load, out=np.full_like(load, np.nan), where=load > 0)
    return HourlyMatch(load, contracted, matched, share, score)


def hourly_market_based(match: HourlyMatch, residual: np.ndarray) -> float:
    """Return emissions [kgCO2e] with hourly matching: unmatched load × residual mix of the hour.

    ``residual`` (T,) is in kgCO2e/kWh.
    """
    return float((match.load - match.matched) @ np.asarray(residual, dtype=float))


def netted_market_based(match: HourlyMatch, residual: np.ndarray) -> float:
    """Return emissions [kgCO2e] with netting over the whole time, for comparison.

    What contracts do not cover in volume × the load-weighted residual mix; never negative.
    """
    uncovered = max(0.0, float(match.load.sum() - match.contracted.sum()))
    weight = match.load.sum()
    return (
        uncovered * float(match.load @ np.asarray(residual, dtype=float) / weight)
        if weight
        else 0.0
    )


def _share(above: float, below: float) -> float | None:
    return float(above / below) if below > 0 else None
