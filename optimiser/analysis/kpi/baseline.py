"""Energy baselines: a regression of energy on relevant variables, and whether it may be used.

Sources: ISO 50001 and 50006 (EnPI, EnB), IPMVP core concepts, options C and D; limits after ASHRAE
Guideline 14 (to be checked against the licensed text). Daily models are held to the limits of
monthly ones, which is our own decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.analysis.kpi.quantity import Flag

Resolution = Literal["hour", "day", "month"]
LIMITS: dict[Resolution, tuple[float, float]] = {
    "hour": (0.30, 0.10), "day": (0.15, 0.05), "month": (0.15, 0.05),
}  # fmt: skip
"""Largest CV(RMSE) and largest |NMBE| by resolution."""
USUAL_R2 = 0.75
USUAL_T = 2.0
MONTHS = 12
_DAYS_OF_YEAR = {"hour": 8760, "day": 365, "month": 12}


def degree_days(
    temperature_c: np.ndarray, base_c: float, kind: Literal["cooling", "heating"], days: np.ndarray
) -> np.ndarray:
    """Return degree days [K d] of mean temperatures [°C] over intervals of ``days`` length [d]."""
    difference = np.asarray(temperature_c, dtype=float) - base_c
    return np.maximum(difference if kind == "cooling" else -difference, 0.0) * days


@dataclass(frozen=True, slots=True)
class Fit:
    """How well modelled energy meets metered energy.

    ``cv_rmse`` and ``nmbe`` are fractions of the mean, ``r2`` the coefficient of determination,
    ``autocorrelation`` of the residuals by one interval, ``num`` the intervals and ``num_left_out``
    those with a gap, ``parameters`` the fitted numbers.
    """

    num: int
    parameters: int
    cv_rmse: float
    nmbe: float
    r2: float
    autocorrelation: float
    resolution: Resolution
    num_left_out: int = 0

    def remarks(self) -> list[Flag]:
        """Return a remark when the model follows the metered energy from time to time badly."""
        if self.r2 >= USUAL_R2:
            return []
        return [Flag("LOW_R2", f"R² is {self.r2:.3g}, below {USUAL_R2:g}")]

    def failures(self) -> list[str]:
        """Return the acceptance tests that are not met, in words; none: the model may be used."""
        cv, bias = LIMITS[self.resolution]
        failed = []
        if self.cv_rmse > cv:
            failed.append(f"CV(RMSE) {100 * self.cv_rmse:.3g} % is above {100 * cv:g} %")
        if abs(self.nmbe) > bias:
            failed.append(f"|NMBE| {100 * abs(self.nmbe):.3g} % is above {100 * bias:g} %")
        if self.num < _DAYS_OF_YEAR[self.resolution]:
            failed.append(f"{self.num} intervals are less than {MONTHS} months")
        return failed


def fit_of(
    metered: np.ndarray,
    modelled: np.ndarray,
    parameters: int,
    resolution: Resolution,
    num_left_out: int = 0,
) -> Fit:
    """Return the fit of modelled to metered energy (N,) [kWh].

    CV(RMSE) = √(Σr²/(N − p)) / mean and NMBE = Σr / ((N − p) · mean) with r = metered − modelled
    and p parameters. Raises ``ValueError`` for fewer intervals than parameters, or for a mean that
    is not positive.
    """
    metered, modelled = np.asarray(metered, dtype=float), np.asarray(modelled, dtype=float)
    free = len(metered) - parameters
    if free <= 0:
        raise ValueError(f"{len(metered)} intervals are too few for {parameters} parameters")
    mean = float(metered.mean())
    if mean <= 0:
        raise ValueError("the metered energy is not positive")
    residual = metered - modelled
    spread = float(((metered - mean) ** 2).sum())
    square = float((residual**2).sum())
    return Fit(
        len(metered),
        parameters,
        float(np.sqrt(square / free)) / mean,
        float(residual.sum()) / free / mean,
        1.0 - square / spread if spread > 0 else 1.0,
        _autocorrelation(residual),
        resolution,
        num_left_out,
    )


def _autocorrelation(residual: np.ndarray) -> float:
    centred = residual - residual.mean()
    square = float(centred @ centred)
    return float(centred[:-1] @ centred[1:]) / square if square > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """Energy per interval [kWh] = constant + Σ slope × variable.

    ``ranges`` are least and largest value of each variable in the baseline period, ``t_values``
    slope over its standard error; ``static_factors`` are facts that must stay as they are.
    """

    constant: float
    slopes: dict[str, float]
    fit: Fit
    ranges: dict[str, tuple[float, float]]
    t_values: dict[str, float]
    static_factors: tuple[tuple[str, str], ...] = ()

    def energy(self, variables: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return modelled energy of intervals (N,) [kWh].

        Raises ``ValueError`` when a variable is missing.
        """
        missing = [name for name in self.slopes if name not in variables]
        if missing:
            raise ValueError(f"the model needs {', '.join(missing)}")
        length = len(next(iter(variables.values()))) if variables else 0
        result = np.full(length, self.constant)
        for name, slope in self.slopes.items():
            result = result + slope * np.asarray(variables[name], dtype=float)
        return result

    def equation(self) -> str:
        """Return the model as it is printed."""
        terms = [f"{slope:+.6g}·{name}" for name, slope in self.slopes.items()]
        return " ".join([f"kWh = {self.constant:.6g}", *terms])

    def remarks(self, variables: Mapping[str, np.ndarray]) -> list[Flag]:
        """Return remarks: low R², weak variables, conditions outside of the baseline's."""
        flags = self.fit.remarks()
        for name, t in self.t_values.items():
            if abs(t) < USUAL_T:
                flags.append(Flag("WEAK_VARIABLE", f"t of {name} is {t:.3g}, below {USUAL_T:g}"))
        for name, (low, high) in self.ranges.items():
            values = np.asarray(variables[name], dtype=float)
            outside = int(((values < low) | (values > high)).sum())
            if outside:
                span = f"{low:.6g} to {high:.6g}"
                sentence = f"{outside} intervals have {name} outside of the baseline's {span}"
                flags.append(Flag("EXTRAPOLATED", sentence))
        return flags


def fit_baseline(
    energy: np.ndarray,
    variables: Mapping[str, np.ndarray],
    resolution: Resolution,
    static_factors: Sequence[tuple[str, str]] = (),
) -> Baseline:
    """Return the least-squares baseline of energy (N,) [kWh] on variables (N,).

    Intervals with a gap are left out and counted. Raises ``ValueError`` for variables of another
    length, for those that are constant or depend on each other, and for too few intervals.
    """
    names = list(variables)
    columns = [np.asarray(variables[name], dtype=float) for name in names]
    metered = np.asarray(energy, dtype=float)
    wrong = [n for n, c in zip(names, columns, strict=True) if c.shape != metered.shape]
    if wrong:
        raise ValueError(f"other intervals than the energy: {', '.join(wrong)}")
    table = np.column_stack([np.ones(len(metered)), *columns])
    whole = np.isfinite(table).all(axis=1) & np.isfinite(metered)
    table, metered = table[whole], metered[whole]
    if len(metered) <= table.shape[1]:
        raise ValueError(f"{len(metered)} intervals are too few for {table.shape[1]} parameters")
    _check_rank(table, names)
    factors, *_ = np.linalg.lstsq(table, metered, rcond=None)
    fit = fit_of(metered, table @ factors, table.shape[1], resolution, int((~whole).sum()))
    return Baseline(
        float(factors[0]),
        dict(zip(names, map(float, factors[1:]), strict=True)),
        fit,
        {n: (float(c.min()), float(c.max())) for n, c in zip(names, table.T[1:], strict=True)},
        _t_values(table, metered - table @ factors, factors, names),
        tuple(static_factors),
    )


def _check_rank(table: np.ndarray, names: Sequence[str]) -> None:
    # in units of their own spread, so that kilowatt-hours do not hide degree days
    scaled = (table[:, 1:] - table[:, 1:].mean(axis=0)) if names else table[:, 1:]
    spread = np.abs(scaled).max(axis=0) if names else np.array([])
    flat = [name for name, width in zip(names, spread, strict=True) if width == 0]
    if flat:
        raise ValueError(f"constant in the baseline period: {', '.join(flat)}")
    if names and np.linalg.matrix_rank(scaled / spread, tol=1e-8) < len(names):
        raise ValueError(f"the variables depend on each other: {', '.join(names)}")


def _t_values(
    table: np.ndarray, residual: np.ndarray, factors: np.ndarray, names: Sequence[str]
) -> dict[str, float]:
    free = len(table) - table.shape[1]
    scale = np.abs(table).max(axis=0)
    inverse = np.linalg.inv((table / scale).T @ (table / scale))
    error = np.sqrt(np.diag(inverse) * float(residual @ residual) / free) / scale
    with np.errstate(divide="ignore"):
        t = np.where(error > 0, factors / np.where(error > 0, error, 1.0), np.inf)
    return dict(zip(names, map(float, t[1:]), strict=True))
