"""Savings: what a plan predicts, and what meters verify; the two have types of their own.

Avoided energy = adjusted baseline − metered energy, where the adjusted baseline is the model at the
conditions of the reporting period, plus non-routine adjustments. Sources: IPMVP core concepts
(options C and D); uncertainty after ASHRAE Guideline 14, annex B, with the correction for
autocorrelated residuals (to be checked against the licensed text).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimiser.analysis.kpi.baseline import Baseline, Fit
from optimiser.analysis.kpi.quantity import Flag, Quality, Quantity

DEMONSTRATED_WITHIN = 0.5
"""Largest relative uncertainty at which a saving counts as demonstrated."""
_FACTOR = 1.26


@dataclass(frozen=True, slots=True)
class PredictedSaving:
    """What a plan promises over its baseline, from one model and one input; never verified.

    Energies in kWh. ``gap`` is the optimality gap of the plan as a share of its objective.
    """

    baseline: Quantity
    plan: Quantity
    gap: float | None = None

    def __post_init__(self) -> None:
        for part in (self.baseline, self.plan):
            if part.value is not None and part.quality < Quality.MODELLED:
                raise ValueError(
                    f"{part.name} was measured; a prediction compares modelled figures"
                )

    @property
    def kwh(self) -> float | None:
        """Predicted saving [kWh], ``None`` when a side is missing."""
        if self.baseline.value is None or self.plan.value is None:
            return None
        return self.baseline.value - self.plan.value

    @property
    def is_within_gap(self) -> bool | None:
        """Whether the saving is smaller than what the solver left open."""
        saved = self.kwh
        if saved is None or self.gap is None or not self.baseline.value:
            return None
        return saved / self.baseline.value < self.gap


@dataclass(frozen=True, slots=True)
class NonRoutine:
    """A change beside the measure: energy [kWh] to be added to the baseline, and why."""

    name: str
    kwh: float
    reason: str


@dataclass(frozen=True, slots=True)
class VerifiedSaving:
    """Avoided energy of a reporting period against the adjusted baseline; energies in kWh.

    ``uncertainty`` is relative at ``confidence``; ``raw`` the plain difference of metered energy
    before and after, which is not a saving. ``why_not`` tells what stands against it.
    """

    option: Literal["C", "D"]
    adjusted_baseline: float
    metered: float
    routine: float
    adjustments: tuple[NonRoutine, ...]
    uncertainty: float | None
    confidence: float
    fit: Fit
    quality: Quality
    raw: float | None = None
    why_not: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def avoided(self) -> float:
        """Avoided energy [kWh]; negative when more was used."""
        return self.adjusted_baseline - self.metered

    @property
    def fraction(self) -> float | None:
        """Avoided energy over the adjusted baseline."""
        return self.avoided / self.adjusted_baseline if self.adjusted_baseline else None

    @property
    def half_width(self) -> float | None:
        """Uncertainty [kWh] at the confidence."""
        return None if self.uncertainty is None else self.uncertainty * abs(self.avoided)

    @property
    def statement(self) -> str:
        """``demonstrated``, or ``not demonstrated`` and why."""
        if self.why_not:
            return f"not demonstrated: {'; '.join(self.why_not)}"
        return "demonstrated"


def relative_uncertainty(
    fit: Fit, fraction: float, num_reporting: int, confidence: float = 0.90, t: float | None = None
) -> float | None:
    """Return ΔS/S = t · 1.26 · CV/F · √[(n/n')(1 + 2/n')/m], ``None`` for no saving.

    n intervals of the baseline, n' = n(1 − ρ)/(1 + ρ) independent ones, m of the reporting period,
    F the saving as a fraction of the adjusted baseline. ``t`` is Student's (two-sided) at the
    confidence unless given. Raises ``ValueError`` for a confidence outside of 0 to 1 or no
    intervals.
    """
    if not 0 < confidence < 1 or num_reporting < 1:
        raise ValueError("confidence lies between 0 and 1, and at least one interval is needed")
    if fraction == 0:
        return None
    rho = min(max(fit.autocorrelation, 0.0), 0.999)
    independent = fit.num * (1.0 - rho) / (1.0 + rho)
    factor = _student(confidence, fit.num - fit.parameters) if t is None else t
    root = math.sqrt(fit.num / independent * (1.0 + 2.0 / independent) / num_reporting)
    return factor * _FACTOR * fit.cv_rmse / abs(fraction) * root


def _student(confidence: float, free: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(max(free, 1), 0.5 + confidence / 2))


def verify_by_regression(
    baseline: Baseline,
    variables: Mapping[str, np.ndarray],
    metered: Quantity,
    adjustments: Sequence[NonRoutine] = (),
    *,
    before: Quantity | None = None,
    static_factors: Sequence[tuple[str, str]] | None = None,
    confidence: float = 0.90,
    t: float | None = None,
) -> VerifiedSaving:
    """Return avoided energy by option C: whole-facility regression.

    ``variables`` (M,) are those of the reporting period, interval by interval; ``metered`` is its
    energy [kWh]. ``before`` is metered energy of a like period before, for the plain difference.
    ``static_factors`` are those of the reporting period: one that changed without a non-routine
    adjustment stands against the saving. Raises ``ValueError`` for energy that was not metered or
    is missing.
    """
    used = _metered(metered)
    expected = baseline.energy(variables)
    if not np.isfinite(expected).all():
        raise ValueError("a relevant variable has a gap in the reporting period")
    remarks = tuple(baseline.remarks(variables))
    changed = _changed(baseline.static_factors, static_factors, adjustments)
    return _verified("C", float(expected.sum()), used, metered, adjustments, baseline.fit,
                     len(expected), confidence, t, before, changed, remarks)  # fmt: skip


def verify_by_simulation(
    calibration: Fit,
    simulated: np.ndarray,
    metered: Quantity,
    adjustments: Sequence[NonRoutine] = (),
    *,
    before: Quantity | None = None,
    static_factors: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    confidence: float = 0.90,
    t: float | None = None,
) -> VerifiedSaving:
    """Return avoided energy by option D: the calibrated twin stands for the baseline.

    ``simulated`` (M,) is the energy [kWh] that the twin of the baseline gives at the conditions of
    the reporting period, ``calibration`` its fit to meters in the calibration period,
    ``static_factors`` those of the baseline and what has changed of them. Raises
    ``ValueError`` as :func:`verify_by_regression` does.
    """
    used = _metered(metered)
    expected = np.asarray(simulated, dtype=float)
    if not np.isfinite(expected).all() or not len(expected):
        raise ValueError("the simulation of the reporting period has gaps")
    then, otherwise = static_factors
    changed = _changed(list(then.items()), list({**then, **otherwise}.items()), adjustments)
    remarks = tuple(calibration.remarks())
    return _verified("D", float(expected.sum()), used, metered, adjustments, calibration,
                     len(expected), confidence, t, before, changed, remarks)  # fmt: skip


def _metered(energy: Quantity) -> float:
    if energy.value is None:
        raise ValueError(f"the energy of the reporting period is missing: {energy.reason}")
    if energy.quality >= Quality.MODELLED:
        raise ValueError("savings are verified with metered energy; modelled ones stay predictions")
    return energy.value


def _changed(
    then: Sequence[tuple[str, str]],
    now: Sequence[tuple[str, str]] | None,
    adjustments: Sequence[NonRoutine],
) -> list[str]:
    """Return static factors that are not as they were, unless an adjustment accounts for them."""
    if now is None:
        return []
    known, adjusted = dict(now), {one.name for one in adjustments}
    return [
        f"{name} was {value} and is {known.get(name, 'not told')}, without an adjustment"
        for name, value in then
        if known.get(name) != value and name not in adjusted
    ]


def _verified(
    option: Literal["C", "D"], routine: float, used: float, metered: Quantity,
    adjustments: Sequence[NonRoutine], fit: Fit, num: int, confidence: float, t: float | None,
    before: Quantity | None, against: list[str], remarks: tuple[Flag, ...],
) -> VerifiedSaving:  # fmt: skip
    adjusted = routine + math.fsum(one.kwh for one in adjustments)
    if adjusted <= 0:
        raise ValueError(f"the adjusted baseline is {adjusted:.6g} kWh")
    fraction = (adjusted - used) / adjusted
    uncertainty = relative_uncertainty(fit, fraction, num, confidence, t)
    reasons = [*fit.failures(), *against]
    if fraction <= 0:
        reasons.append("no less energy was used than the baseline expects")
    elif uncertainty is not None and uncertainty > DEMONSTRATED_WITHIN:
        share = f"{100 * uncertainty:.3g} %"
        reasons.append(f"the uncertainty of {share} is above {100 * DEMONSTRATED_WITHIN:g} %")
    raw = None if before is None or before.value is None else before.value - used
    return VerifiedSaving(
        option, adjusted, used, routine, tuple(adjustments), uncertainty, confidence, fit,
        metered.quality, raw, tuple(reasons), remarks,
    )  # fmt: skip


def normalised_saving(
    baseline: Baseline, reporting: Baseline, variables: Mapping[str, np.ndarray]
) -> float:
    """Return the saving [kWh] of two models at the same fixed conditions (M,)."""
    return float((baseline.energy(variables) - reporting.energy(variables)).sum())


def energy_performance(metered_kwh: float, expected_kwh: float) -> float:
    """Return the EnPI as metered over expected energy; below 1 is better than the baseline.

    Raises ``ValueError`` when nothing was expected.
    """
    if expected_kwh <= 0:
        raise ValueError("the baseline expects no energy")
    return metered_kwh / expected_kwh
