"""Numbers that say where they come from: quantities, the terms of a ratio, and ratios.

A :class:`Quantity` is one component of one window (kWh, m3, kgCO2e …). Indicators are ratios of two
sums of terms, so every indicator of a window is made of that window's own sums: the mean of
ratios of parts never appears. A missing number is ``None`` with a reason, never zero, infinity or
"not a number".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

NO_DATA = "NO_DATA"
"""Reason: nothing was seen in the window."""
PARTIAL = "PARTIAL"
"""Reason: less of the window was seen than the indicator needs."""
DIV0 = "DIV0"
"""Reason: the denominator is zero."""
OUT_OF_BAND = "OUT_OF_BAND"
"""Reason: the result is impossible; it is kept as ``raw`` and an error flag says why."""
OUT_OF_SCOPE = "OUT_OF_SCOPE"
"""Reason: the indicator is not defined for what was measured."""


class Quality(IntEnum):
    """How a value was obtained; the worst of several is the largest."""

    MEASURED = 0
    PROXY = 1
    ESTIMATED = 2
    INTERPOLATED = 3
    MISSING = 4
    MODELLED = 5
    FORECAST = 6


def worst(classes: Iterable[Quality]) -> Quality:
    """Return the worst class of those that contribute, ``MEASURED`` of none."""
    return max(classes, default=Quality.MEASURED)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One component of one window.

    ``value`` is in the canonical ``unit`` or ``None`` with a ``reason``; ``lower`` and ``upper``
    are the worst-case interval at 95 %; ``relative`` is the relative accuracy of the source at
    95 % (0 when exact); ``completeness`` is the share of the window that was seen; ``sources``
    name series or file rows; quantities of one ``group`` share their error.

    Raises ``ValueError`` for a value that is not finite, a value with a reason or neither.
    """

    name: str
    value: float | None
    unit: str
    quality: Quality = Quality.MEASURED
    lower: float | None = None
    upper: float | None = None
    relative: float = 0.0
    completeness: float = 1.0
    reason: str | None = None
    method: str = "given@1"
    sources: tuple[str, ...] = ()
    group: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.reason is None:
            raise ValueError(f"{self.name}: a missing value needs a reason")
        if self.value is not None and self.reason is not None:
            raise ValueError(f"{self.name}: a value with the reason {self.reason!r} to be missing")
        numbers = (self.value, self.lower, self.upper, self.relative, self.completeness)
        if any(number is not None and not math.isfinite(number) for number in numbers):
            raise ValueError(f"{self.name}: a number is not finite")

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Worst-case interval; from ``relative`` where none was given, ``None`` when missing."""
        if self.value is None:
            return None
        spread = abs(self.value) * self.relative
        lower = self.value - spread if self.lower is None else self.lower
        upper = self.value + spread if self.upper is None else self.upper
        return lower, upper

    def scaled(self, factor: float, name: str | None = None, unit: str | None = None) -> Quantity:
        """Return the quantity times a positive exact factor, under a new name or unit."""
        return replace(
            self,
            name=name or self.name,
            unit=unit or self.unit,
            value=_times(self.value, factor),
            lower=_times(self.lower, factor),
            upper=_times(self.upper, factor),
        )


def _times(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor


def missing(name: str, unit: str, reason: str = NO_DATA) -> Quantity:
    """Return a quantity that was not seen; missing is not zero."""
    return Quantity(name, None, unit, Quality.MISSING, completeness=0.0, reason=reason)


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of a numerator or denominator: coefficient × quantity × factor.

    ``factor`` is an uncertain multiplier such as an emission factor, ``coefficient`` an exact one.
    """

    quantity: Quantity
    coefficient: float = 1.0
    factor: Quantity | None = None

    @property
    def parts(self) -> tuple[Quantity, ...]:
        """The quantities that enter."""
        return (self.quantity,) if self.factor is None else (self.quantity, self.factor)

    @property
    def value(self) -> float | None:
        """The amount, ``None`` when a part is missing."""
        amount = self.coefficient
        for part in self.parts:
            if part.value is None:
                return None
            amount *= part.value
        return amount

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Worst-case interval of the term, ``None`` when a part is missing."""
        corners = [self.coefficient]
        for part in self.parts:
            ends = part.bounds
            if ends is None:
                return None
            corners = [corner * end for corner in corners for end in ends]
        return min(corners), max(corners)

    @property
    def unit(self) -> str:
        """Unit of the amount. Raises ``ValueError`` when the factor is per another unit."""
        if self.factor is None:
            return self.quantity.unit
        over, _, per = self.factor.unit.rpartition("/")
        if per != self.quantity.unit:
            told = f"{self.factor.name} is in {self.factor.unit}"
            raise ValueError(f"{self.quantity.name} is in {self.quantity.unit}, {told}")
        return over

    def __str__(self) -> str:
        text = " × ".join(f"{part.name} {_shown(part)}" for part in self.parts)
        return text if self.coefficient == 1.0 else f"{self.coefficient:g} × {text}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A remark on a result. An ``error`` means that the result cannot stand as it is."""

    code: str
    sentence: str
    severity: Literal["error", "warning", "note"] = "warning"


@dataclass(frozen=True, slots=True)
class Ratio:
    """An indicator: sum of the numerator's terms over the sum of the denominator's.

    ``raw`` is the quotient before capping (at ``cap``) or refusal; ``lower`` and ``upper`` are the
    worst-case interval at 95 %; ``category`` says which measuring category the name carries.
    """

    name: str
    value: float | None
    unit: str
    quality: Quality
    lower: float | None
    upper: float | None
    completeness: float
    reason: str | None
    method: str
    numerator: Quantity
    denominator: Quantity
    terms: tuple[Term, ...]
    below: tuple[Term, ...] = ()
    scale: float = 1.0
    raw: float | None = None
    category: str | None = None
    period: str | None = None
    flags: tuple[Flag, ...] = ()
    cap: float | None = None

    @property
    def label(self) -> str:
        """The name as it is printed, such as ``PUE2(2026)``."""
        period = f"({self.period})" if self.period else ""
        return f"{self.name}{self.category or ''}{period}"

    @property
    def sources(self) -> tuple[str, ...]:
        """All series and rows that enter, in order and once."""
        parts = [part for term in (*self.terms, *self.below) for part in term.parts]
        return tuple(dict.fromkeys(source for part in parts for source in part.sources))

    def arithmetic(self) -> list[str]:
        """Return the calculation line by line, with units."""
        lines = [f"numerator: {term}" for term in self.terms]
        lines.append(f"numerator: {self.numerator.name} = {_shown(self.numerator)}")
        lines += [f"denominator: {term}" for term in self.below]
        lines.append(f"denominator: {self.denominator.name} = {_shown(self.denominator)}")
        scale = "" if self.scale == 1.0 else f" × {self.scale:g}"
        unit = "" if self.unit == "1" else f" {self.unit}"
        result = self.reason if self.value is None else f"{self.value:.10g}{unit}"
        quotient = f"{_number(self.numerator)} / {_number(self.denominator)}{scale}"
        return [*lines, f"{self.label} = {quotient} = {result}"]


def _number(quantity: Quantity) -> str:
    return str(quantity.reason) if quantity.value is None else f"{quantity.value:.10g}"


def _shown(quantity: Quantity) -> str:
    return f"{_number(quantity)} {quantity.unit}".strip()


def total(name: str, terms: Sequence[Term | Quantity], unit: str) -> Quantity:
    """Return the sum of terms with the worst class and the lowest completeness among them.

    A missing term makes the sum missing: ``NO_DATA`` when nothing was seen, else ``PARTIAL``.
    The relative accuracy is that of independent errors, except that terms of one correlation
    group add up linearly. Raises ``ValueError`` for a term in another unit.
    """
    summands = [term if isinstance(term, Term) else Term(term) for term in terms]
    for term in summands:
        if term.unit != unit:
            raise ValueError(f"{name} is in {unit}; {term.quantity.name} gives {term.unit}")
    parts = [part for term in summands for part in term.parts]
    quality = worst(part.quality for part in parts)
    completeness = min((part.completeness for part in parts), default=0.0)
    sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
    amounts = [term.value for term in summands]
    known = [amount for amount in amounts if amount is not None]
    common = {"unit": unit, "completeness": completeness, "sources": sources, "method": "sum@1"}
    if len(known) < len(amounts) or not amounts:
        reason = PARTIAL if known else NO_DATA
        return Quantity(name, None, quality=max(quality, Quality.MISSING), reason=reason, **common)  # type: ignore[arg-type]
    ends = [term.bounds or (0.0, 0.0) for term in summands]
    value = math.fsum(known)
    return Quantity(
        name,
        value,
        quality=quality,
        lower=math.fsum(low for low, _ in ends),
        upper=math.fsum(high for _, high in ends),
        relative=_relative_of_sum(summands, value),
        **common,  # type: ignore[arg-type]
    )


def _relative_of_sum(terms: Sequence[Term], value: float) -> float:
    if value == 0.0:
        return 0.0
    shared: dict[str, float] = {}
    square = 0.0
    for term in terms:
        amount = term.value or 0.0
        for part in term.parts:
            error = amount * part.relative
            if part.group is None:
                square += error**2
            else:
                shared[part.group] = shared.get(part.group, 0.0) + error
    return math.sqrt(square + sum(error**2 for error in shared.values())) / abs(value)
