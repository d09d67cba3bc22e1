"""How an indicator is divided, banded, capped and refused: one way for all of them.

A result that is impossible keeps its quotient as ``raw`` and has no value; its flag of severity
``error`` becomes a failure of the report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from optimiser.analysis.kpi.quantity import (
    DIV0,
    NO_DATA,
    OUT_OF_BAND,
    PARTIAL,
    Flag,
    Quantity,
    Ratio,
    Term,
    total,
    worst,
)
from optimiser.analysis.kpi.spread import worst_case

ENOUGH = 0.98
"""Share of a window that must have been seen for an annual figure; our own decision."""


class Span(Protocol):
    """What is asked of a reporting period."""

    @property
    def label(self) -> str:
        """How the period is called, such as 2026."""

    @property
    def is_year(self) -> bool:
        """Whether it lasts twelve months."""


@dataclass(frozen=True, slots=True)
class Window:
    """The period of an indicator and how incomplete it may be.

    ``enough`` is the least share of the period that must have been seen, unless
    ``allow_partial``: then the result is interim and says so.
    """

    label: str
    is_year: bool = True
    allow_partial: bool = False
    enough: float = ENOUGH

    @classmethod
    def of(cls, period: Span, allow_partial: bool = False, enough: float = ENOUGH) -> Window:
        """Return the window of a reporting period."""
        return cls(period.label, period.is_year, allow_partial, enough)


@dataclass(frozen=True, slots=True)
class Band:
    """Values that are possible, and values that are likely.

    Outside ``low`` to ``high`` the result is refused, above ``likely`` it is flagged. ``is_capped``
    brings a result above ``high`` down to it. ``why`` names the usual cause of a refusal.
    """

    low: float = 0.0
    high: float = math.inf
    likely: float = math.inf
    is_capped: bool = False
    why: str = "check the meters"
    is_open: bool = False
    """Whether ``low`` itself is impossible."""

    def holds(self, value: float) -> bool:
        """Return whether a value is possible."""
        return (value > self.low if self.is_open else value >= self.low) and value <= self.high


ANY = Band(low=-math.inf)
WHOLE_YEAR = Window("")


def divide(
    name: str,
    above: tuple[str, str, Sequence[Term | Quantity]],
    below: tuple[str, str, Sequence[Term | Quantity]],
    unit: str,
    window: Window,
    band: Band = ANY,
    *,
    scale: float = 1.0,
    category: str | None = None,
    method: str = "ratio@1",
    explanation: str | None = None,
    flags: Sequence[Flag] = (),
) -> Ratio:
    """Return one indicator of a window: name, unit and terms of numerator and denominator.

    The value is ``scale`` × numerator / denominator in ``unit``, or ``None`` with ``NO_DATA``,
    ``PARTIAL``, ``DIV0`` or ``OUT_OF_BAND``. An ``explanation`` of an impossible result lets it
    stand with a flag. Raises ``ValueError`` for terms in another unit.
    """
    terms, bottom_terms = _terms(above[2]), _terms(below[2])
    top, bottom = total(above[0], terms, above[1]), total(below[0], bottom_terms, below[1])
    quality = worst((top.quality, bottom.quality))
    result = Ratio(
        name, None, unit, quality, None, None, min(top.completeness, bottom.completeness),
        None, method, top, bottom, terms, bottom_terms, scale, None, category, window.label,
        (*flags, *_coverage_flags(top, bottom)),
    )  # fmt: skip
    reason = _why_not(result, window)
    if reason is not None:
        return replace(result, reason=reason)
    raw = scale * (top.value or 0.0) / (bottom.value or 1.0)
    ends = worst_case(terms, bottom_terms, scale)
    lower, upper = ends if ends is not None else (None, None)
    interim = _interim_flags(result, window)
    found = replace(result, value=raw, raw=raw, lower=lower, upper=upper,
                    flags=(*result.flags, *interim))  # fmt: skip
    return _within(found, band, explanation)


def _terms(given: Sequence[Term | Quantity]) -> tuple[Term, ...]:
    return tuple(term if isinstance(term, Term) else Term(term) for term in given)


def _why_not(result: Ratio, window: Window) -> str | None:
    top, bottom = result.numerator, result.denominator
    if top.value is None or bottom.value is None:
        nothing = NO_DATA in (top.reason, bottom.reason)
        return NO_DATA if nothing else PARTIAL
    if result.completeness < window.enough and not window.allow_partial:
        return PARTIAL
    return DIV0 if bottom.value == 0.0 else None


def _interim_flags(result: Ratio, window: Window) -> tuple[Flag, ...]:
    if result.completeness < window.enough:
        share = f"{100 * result.completeness:.3g} % of the period was seen"
        return (Flag(PARTIAL, f"{share}; the figure is interim"),)
    if not window.is_year:
        return (Flag("INTERIM", "the period is not a year; the figure is interim", "note"),)
    return ()


def _coverage_flags(top: Quantity, bottom: Quantity) -> tuple[Flag, ...]:
    """Flag that numerator and denominator cannot be of the same hours."""
    if top.value is None or bottom.value is None:
        return ()
    if math.isclose(top.completeness, bottom.completeness, rel_tol=1e-9):
        return ()
    shares = f"{100 * top.completeness:.5g} % and {100 * bottom.completeness:.5g} %"
    sentence = f"numerator and denominator cover {shares} of the period, not the same hours"
    return (Flag("NOT_COINCIDENT", sentence),)


def _within(result: Ratio, band: Band, explanation: str | None) -> Ratio:
    """Cap, refuse or flag a quotient."""
    raw = result.raw
    assert raw is not None
    if band.is_capped:
        ends = _at_most(result.lower, band.high), _at_most(result.upper, band.high)
        result = replace(result, cap=band.high, lower=ends[0], upper=ends[1])
    if band.is_capped and raw > band.high:
        sentence = f"{raw:.6g} is capped at {band.high:g}"
        flag = Flag("CAPPED", sentence, "note")
        return replace(result, value=band.high, flags=(*result.flags, flag))
    if not band.holds(raw):
        sentence = f"{result.name} is {raw:.6g}; {band.why}"
        if explanation:
            flag = Flag("EXPLAINED", f"{sentence}; explained: {explanation}")
            return replace(result, flags=(*result.flags, flag))
        flag = Flag(OUT_OF_BAND, sentence, "error")
        return replace(result, value=None, lower=None, upper=None, reason=OUT_OF_BAND,
                       flags=(*result.flags, flag))  # fmt: skip
    if raw > band.likely:
        sentence = f"{result.name} is {raw:.6g}, above {band.likely:g}, which is unusual"
        return replace(result, flags=(*result.flags, Flag("UNUSUAL", sentence)))
    return result


def _at_most(number: float | None, high: float) -> float | None:
    return None if number is None else min(number, high)
