"""The ledger of certificates and contracts: each unit of energy is used once.

Sources: GHG Protocol Scope 2 Guidance (2015), table 6.2 (hierarchy) and 7.1 (quality criteria);
greedy allocation by site, market and period is our own decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from optimiser.analysis.kpi.quantity import Quantity

Kind = Literal["go", "rec", "irec", "ppa", "supplier", "onsite"]
CERTIFICATES = ("go", "rec", "irec")
_RANK = {"onsite": 0, "go": 1, "rec": 1, "irec": 1, "ppa": 2, "supplier": 3}
NON_RENEWABLE = ("nuclear",)
REFUSALS = {
    "NOT_CANCELLED": "a certificate counts only when it was cancelled for this site",
    "CANCELLED_LATE": "it was cancelled after the report's date",
    "OTHER_MARKET": "it was issued in another market",
    "OTHER_VINTAGE": "its generation does not fall into the period",
    "BUNDLED": "it arises from a contract or plant that is listed too",
    "SAME_SERIALS": "its serial numbers are in another lot of this ledger",
    "OWN_GENERATION": "own generation counts where it is metered, not against energy bought",
    "NO_FACTOR": "a supplier's tariff needs the factor that it conveys",
}
"""Why a lot is not used, in words."""
_SERIAL = re.compile(r"^(.*?)(\d+)$")


@dataclass(frozen=True, slots=True)
class Instrument:
    """One lot: energy [kWh], market, first and last day of generation, day of cancellation.

    ``factor`` [kgCO2e/kWh] is what it conveys; certificates and contracts of renewable or nuclear
    energy convey 0 where none is given.
    """

    name: str
    kind: Kind
    kwh: float
    zone: str
    start: date
    end: date
    technology: str = "other"
    cancelled: date | None = None
    factor: float | None = None
    is_bundled: bool = False
    serials: tuple[str, str] | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Electricity of one site [kWh] in one market from ``start`` to ``end`` (last day)."""

    site: str
    zone: str
    start: date
    end: date
    energy: Quantity


@dataclass(frozen=True, slots=True)
class Use:
    """Energy [kWh] of a lot that covers a load."""

    instrument: Instrument
    site: str
    kwh: float

    @property
    def factor(self) -> float:
        """Factor that the lot conveys [kgCO2e/kWh]."""
        return self.instrument.factor or 0.0


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which lot covers what; energies in kWh.

    ``uncovered`` is what no lot covers, by site; ``left`` the surplus of each lot by name;
    ``refused`` says by name why a lot was not used.
    """

    uses: tuple[Use, ...]
    uncovered: dict[str, float]
    left: dict[str, float]
    refused: dict[str, str]

    def of_site(self, site: str) -> tuple[Use, ...]:
        """Return the uses of one site."""
        return tuple(use for use in self.uses if use.site == site)

    def renewable(self, site: str, kinds: Iterable[str]) -> float:
        """Return renewable energy [kWh] that a site uses from lots of some kinds."""
        wanted = set(kinds)
        return sum(
            use.kwh
            for use in self.of_site(site)
            if use.instrument.kind in wanted and use.instrument.technology not in NON_RENEWABLE
        )


def allocate(
    instruments: Sequence[Instrument], loads: Sequence[Load], as_of: date | None = None
) -> Ledger:
    """Use lots for loads, best kind first, oldest generation first; the order of rows is no matter.

    Loads must have a value. A lot covers a load of its own market whose period its generation
    overlaps, and a certificate only when it was cancelled (by ``as_of``, if given). Of a lot that
    was generated over a longer time than the period only the part by days is there, so that reports
    of several periods never use more than the whole. What is left is surplus, never a negative
    emission. Raises ``ValueError`` for a lot or load that is negative, missing or
    ends before it starts.
    """
    _check(instruments, loads)
    ordered = sorted(instruments, key=lambda one: (_RANK[one.kind], one.start, one.name))
    refused = _refusals(ordered, as_of)
    left = {one.name: one.kwh for one in ordered}
    open_kwh = {load: load.energy.value or 0.0 for load in sorted(loads, key=_order)}
    uses: list[Use] = []
    for one in ordered:
        if one.name in refused:
            continue
        fitting = [load for load in open_kwh if load.zone == one.zone]
        matching = [load for load in fitting if one.start <= load.end and load.start <= one.end]
        if not matching:
            refused[one.name] = "OTHER_VINTAGE" if fitting else "OTHER_MARKET"
        for load, kwh in _covered(one, matching, open_kwh):
            uses.append(Use(one, load.site, kwh))
            left[one.name] -= kwh
            open_kwh[load] -= kwh
    uncovered: dict[str, float] = {}
    for load, kwh in open_kwh.items():
        uncovered[load.site] = uncovered.get(load.site, 0.0) + kwh
    return Ledger(tuple(uses), uncovered, left, refused)


def _covered(
    one: Instrument, loads: Sequence[Load], open_kwh: dict[Load, float]
) -> list[tuple[Load, float]]:
    """Return what a lot covers of each load; loads of one period share what is there for it."""
    found, left = [], one.kwh
    there: dict[tuple[date, date], float] = {}
    for load in loads:
        span = (load.start, load.end)
        there.setdefault(span, one.kwh * _share_within(one, load))
        kwh = min(left, there[span], open_kwh[load])
        if kwh > 0:
            found.append((load, kwh))
            left -= kwh
            there[span] -= kwh
    return found


def _share_within(one: Instrument, load: Load) -> float:
    """Return the share of a lot's days of generation that lies in the load's period."""
    days = (min(one.end, load.end) - max(one.start, load.start)).days + 1
    whole = (one.end - one.start).days + 1
    return max(0, days) / whole


def _order(load: Load) -> tuple[date, str, str]:
    return load.start, load.site, load.zone


def _check(instruments: Sequence[Instrument], loads: Sequence[Load]) -> None:
    names = [one.name for one in instruments]
    wrong = [f"{name} is listed twice" for name in sorted({n for n in names if names.count(n) > 1})]
    wrong += [f"{one.name} has {one.kwh:g} kWh" for one in instruments if one.kwh < 0]
    wrong += [f"{one.name} ends before it starts" for one in instruments if one.end < one.start]
    for load in loads:
        if load.energy.value is None or load.energy.value < 0:
            wrong.append(f"the load of {load.site} is {load.energy.value} kWh")
    if wrong:
        raise ValueError("; ".join(wrong))


def _refusals(ordered: Sequence[Instrument], as_of: date | None) -> dict[str, str]:
    refused: dict[str, str] = {}
    taken: dict[str, list[tuple[int, int]]] = {}
    for one in ordered:
        reason = _own_refusal(one, as_of)
        spans = _spans(one)
        if reason is None and any(_overlap(spans, taken)):
            reason = "SAME_SERIALS"
        if reason is not None:
            refused[one.name] = reason
            continue
        for prefix, first, last in spans:
            taken.setdefault(prefix, []).append((first, last))
    return refused


def _own_refusal(one: Instrument, as_of: date | None) -> str | None:
    if one.kind == "onsite":
        return "OWN_GENERATION"
    if one.is_bundled:
        return "BUNDLED"
    if one.kind in CERTIFICATES:
        if one.cancelled is None:
            return "NOT_CANCELLED"
        if as_of is not None and one.cancelled > as_of:
            return "CANCELLED_LATE"
    return "NO_FACTOR" if one.kind == "supplier" and one.factor is None else None


def _spans(one: Instrument) -> list[tuple[str, int, int]]:
    """Return registry prefix, first and last number of the serials, as far as they have numbers."""
    if one.serials is None:
        return []
    ends = [_SERIAL.match(serial.strip()) for serial in one.serials]
    first, last = ends
    if first is None or last is None or first[1] != last[1]:
        return []
    return [(first[1], int(first[2]), int(last[2]))]


def _overlap(
    spans: Iterable[tuple[str, int, int]], taken: dict[str, list[tuple[int, int]]]
) -> Iterable[bool]:
    for prefix, first, last in spans:
        for low, high in taken.get(prefix, []):
            yield first <= high and low <= last
