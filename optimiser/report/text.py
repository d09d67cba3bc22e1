"""Numbers as people read them, and the sentences at the top of the report.

Plain text with plain spaces: the console and the page share it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from optimiser.report.payload import ProofLevel, ReportData

MINUS = "\u2212"
NONE = "\u2013"
Verdict = Literal["better", "worse", "same", "neutral"]
LOAD_TERMS = ("safety_load", "balance", "service_moves", "host_moves")
"""Objective terms about loads and moves that no simulation of energy knows."""
SAME_FRACTION = 0.0005
"""Changes below 0.05 % are told as no change."""

_LADDERS: dict[str, tuple[tuple[float, float, str], ...]] = {
    # base unit -> (from this magnitude, divide by, unit), largest first
    "kWh": ((1e7, 1e6, "GWh"), (1e4, 1e3, "MWh"), (0.0, 1.0, "kWh")),
    "kg CO₂e": ((1e7, 1e6, "kt CO₂e"), (1e3, 1e3, "t CO₂e"), (0.0, 1.0, "kg CO₂e")),
    "kW": ((1e4, 1e3, "MW"), (0.0, 1.0, "kW")),
    "GiB": ((1e4, 1024.0, "TiB"), (0.0, 1.0, "GiB")),
}


def number(value: float | None) -> str:
    """Format with about three significant digits and thousands separators: ``12,346``, ``0.031``.

    ``None`` gives a dash.
    """
    if value is None:
        return NONE
    size = abs(value)
    if size == 0:
        return "0"
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    if size < 0.0995:
        return _signed(f"{value:.2g}")
    return _signed(f"{value:,.{decimals}f}")


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def count(value: int) -> str:
    """Format a count with thousands separators."""
    return _signed(f"{value:,}")


def percent(fraction: float | None) -> str:
    """Format a fraction as ``41 %``, ``4.1 %``, ``0.25 %`` or ``<0.01 %``."""
    if fraction is None:
        return NONE
    size = abs(fraction) * 100
    if 0 < size < 0.005:
        return f"<{MINUS if fraction < 0 else ''}0.01 %"
    decimals = 0 if size >= 9.95 or size == 0 else 1 if size >= 0.95 else 2
    if 99 <= size < 100:  # what is not quite full must not be told as full
        return _signed(f"{math.copysign(math.floor(size * 10) / 10, fraction):.1f} %")
    return _signed(f"{fraction * 100:.{decimals}f} %")


def scaled(unit: str, *values: float | None) -> tuple[str, ...]:
    """Format values of one base unit in one common larger unit that suits the largest of them.

    ``scaled("kWh", 3.1e6, 1.2e6)`` gives ``("3,100 MWh", "1,200 MWh")``. Unknown units stay.
    """
    known = [abs(value) for value in values if value is not None]
    top = max(known, default=0.0)
    ladder = _LADDERS.get(unit, ((0.0, 1.0, unit),))
    _, divisor, symbol = next(step for step in ladder if top >= step[0])
    return tuple(NONE if v is None else f"{number(v / divisor)} {symbol}" for v in values)


def quantity(value: float | None, unit: str) -> str:
    """Format one value with its unit, scaled to a unit that suits it."""
    return scaled(unit, value)[0] if unit else number(value)


def duration(seconds: float | None) -> str:
    """Format a time span as ``45 s``, ``12 min``, ``3.4 h`` or ``2.1 days``."""
    if seconds is None:
        return NONE
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for limit, divisor, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{number(seconds / divisor)} {unit}"
    return f"{number(seconds / 86_400)} days"


def clock(moment: str) -> str:
    """Format a local time in ISO 8601 as ``4 Mar 18:00``; an empty one stays empty."""
    if not moment:
        return ""
    when = datetime.fromisoformat(moment)
    return f"{when.day} {when:%b %H:%M}"


def horizon(hours: float) -> str:
    """Format a horizon as ``24 h`` or, from two days on, ``7 days``."""
    if hours >= 48 and hours % 24 == 0:
        return f"{hours / 24:,.0f} days"
    return f"{hours:,g} h"


def plural(amount: int, noun: str) -> str:
    """Count and noun: ``1 move``, ``812 moves``."""
    return f"{count(amount)} {noun}" if amount == 1 else f"{count(amount)} {noun}s"


def listed(parts: Sequence[str]) -> str:
    """Join parts as ``a``, ``a and b`` or ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def saving_fraction(before: float | None, after: float | None) -> float | None:
    """Share of ``before`` that is saved; negative when it grew, ``None`` when it has no meaning."""
    if before is None or after is None or before == 0:
        return None
    return (before - after) / abs(before)  # money can be negative


def change(before: float | None, after: float | None) -> str:
    """Relative change as ``−41 %``, ``+3.0 %`` or ``no change``."""
    if before is None or after is None:
        return NONE
    saved = saving_fraction(before, after)
    if saved is None:
        return "no change" if after == before else "from zero"
    if abs(saved) < SAME_FRACTION:
        return "no change"
    return f"{MINUS if saved > 0 else '+'}{percent(abs(saved))}"


@dataclass(frozen=True)
class Comparison:
    """One quantity before and after, formatted, with a verdict."""

    key: str
    label: str
    before: str
    after: str
    change: str
    verdict: Verdict
    before_value: float
    after_value: float


def comparisons(data: ReportData) -> tuple[Comparison, ...]:
    """Compare what the site reports: amounts a year, peak, hosts, PUE, WUE, service levels."""
    before, after, year = data.before, data.after, data.per_year
    asleep = (data.hosts_total - before.hosts_on, data.hosts_total - after.hosts_on)
    hosts = (before.hosts_cost_per_h, after.hosts_cost_per_h)
    embodied = (before.embodied_kg, after.embodied_kg)
    rows = (
        _amount("energy", "Energy a year", "kWh", before.energy_kwh, after.energy_kwh, year),
        _amount("cost", "Cost a year", data.currency, before.cost, after.cost, year),
        _amount("co2e", "Emissions a year", "kg CO₂e", before.co2e_kg, after.co2e_kg, year),
        _amount("water", "Water a year", "m³", before.water_m3, after.water_m3, year),
        _amount("placement", "Cost of loads and moves", data.currency, *_placement_cost(data)),
        _counted("asleep", "Hosts asleep", *asleep, more_is_better=True),
        _amount("hosts", "Cost of hosts an hour", data.currency, *hosts),
        _amount("embodied", "Embodied carbon in use a year", "kg CO₂e", *embodied, year),
        _counted(
            "sla",
            "Service-level violations",
            before.sla_violation_count,
            after.sla_violation_count,
        ),
        _without_host(data),
        _amount("it", "IT energy a year", "kWh", before.it_kwh, after.it_kwh, year),
        _amount("peak", "Peak power", "kW", before.peak_kw, after.peak_kw),
        _ratio("pue", "PUE", before.pue, after.pue, ""),
        _ratio("wue", "WUE", before.wue_l_per_kwh, after.wue_l_per_kwh, " l/kWh"),
    )
    known = tuple(row for row in rows if row is not None)
    return tuple(map(_alone, known)) if data.is_first_placement else known


def _without_host(data: ReportData) -> Comparison | None:
    """Return how many have no host; nothing where nobody may wait."""
    if not data.unserved:
        return None
    before, after = (sum(getattr(s, side) for s in data.unserved) for side in ("before", "after"))
    return _counted("unserved", "Workloads without a host", before, after)


def _placement_cost(data: ReportData) -> tuple[float | None, float | None]:
    """Return what loads and moves cost before and after; nothing where loads have no price."""
    found = [t for t in data.terms if t.term in LOAD_TERMS]
    if not any(term.before or term.believed for term in found):
        return None, None
    found += [term for term in data.terms if term.term == "migration"]
    return sum(term.before or 0.0 for term in found), sum(term.believed for term in found)


def _alone(row: Comparison) -> Comparison:
    """Return a quantity without anything to compare it with."""
    return replace(row, before=NONE, change="", verdict="neutral", before_value=0.0)


def _verdict(before: float, after: float) -> Verdict:
    if abs(after - before) <= SAME_FRACTION * abs(before):
        return "same"
    return "better" if after < before else "worse"


def _amount(
    key: str, label: str, unit: str, before: float | None, after: float | None, factor: float = 1.0
) -> Comparison | None:
    if before is None or after is None:
        return None
    old, new = before * factor, after * factor
    was, now = scaled(unit, old, new)
    return Comparison(key, label, was, now, change(old, new), _verdict(old, new), old, new)


def _ratio(
    key: str, label: str, before: float | None, after: float | None, unit: str
) -> Comparison | None:
    if before is None or after is None:
        return None
    was, now = f"{before:.2f}{unit}", f"{after:.2f}{unit}"
    # A ratio may rise while everything it is made of falls, so it gets no verdict.
    return Comparison(key, label, was, now, change(before, after), "neutral", before, after)


def _counted(
    key: str, label: str, before: int, after: int, more_is_better: bool = False
) -> Comparison:
    rise = after - before
    told = "no change" if rise == 0 else f"{MINUS if rise < 0 else '+'}{count(abs(rise))}"
    verdict: Verdict = (
        "same" if rise == 0 else "better" if (rise > 0) == more_is_better else "worse"
    )
    return Comparison(key, label, count(before), count(after), told, verdict, before, after)


def summary_rows(data: ReportData) -> list[tuple[str, str, str, str]]:
    """Rows (label, before, after, change) for a console table."""
    rows = [(c.label, c.before, c.after, c.change) for c in comparisons(data)]
    moves = (count(data.workloads_moved), f"in {plural(data.wave_count, 'wave')}")
    return [*rows, ("Workloads to move", NONE, *moves)]


def headline(data: ReportData) -> str:
    """Say in one sentence what the plan does and what it saves."""
    if data.is_first_placement:
        return _first_headline(data)
    changed = sum(setting.before != setting.after for setting in data.settings)
    results = listed(_results(data))
    if data.workloads_moved:
        waves = "one wave" if data.wave_count == 1 else plural(data.wave_count, "wave")
        return f"Moving {plural(data.workloads_moved, 'workload')} in {waves} {results}."
    if changed:
        return f"Changing {plural(changed, 'facility setting')} without moving anything {results}."
    return "No workload needs to move: within the rules, no better placement was found."


def _first_headline(data: ReportData) -> str:
    after, year = data.after, data.per_year
    amounts = [(after.energy_kwh, "kWh"), (after.cost, data.currency), (after.co2e_kg, "kg CO₂e")]
    needs = listed([quantity(v * year, unit) for v, unit in amounts if v is not None])
    hosts = f"{count(after.hosts_on)} of {plural(data.hosts_total, 'host')}"
    if after.hosts_cost_per_h is not None:
        hosts += f" at {quantity(after.hosts_cost_per_h, data.currency)} an hour"
    return (
        f"Placing {plural(data.workloads_moved, 'workload')} needs {hosts}, and {needs} a year. "
        "Nothing is known to run today, so there is no saving to state."
    )


def _results(data: ReportData) -> list[str]:
    slept = data.before.hosts_on - data.after.hosts_on
    parts = []
    if slept > 0:
        parts.append(f"puts {count(slept)} of {plural(data.hosts_total, 'host')} to sleep")
    elif slept < 0:
        parts.append(f"wakes {plural(-slept, 'host')}")
    return [*parts, _energy_result(data) + _worth(data)]


def _energy_result(data: ReportData) -> str:
    was, now = _placement_cost(data)
    if data.before.energy_kwh == data.after.energy_kwh and was and now is not None and now < was:
        return f"saves {percent((was - now) / was)} of the cost of loads and moves"
    saved = saving_fraction(data.before.energy_kwh, data.after.energy_kwh) or 0.0
    if saved >= SAME_FRACTION:
        return f"saves {percent(saved)} of the energy"
    if saved <= -SAME_FRACTION:
        return f"needs {percent(-saved)} more energy"
    return "leaves energy use as it is"


def _worth(data: ReportData) -> str:
    rows = {row.key: row for row in comparisons(data)}
    units = {"cost": data.currency, "co2e": "kg CO₂e"}
    gains = {key: rows[key] for key in units if key in rows and rows[key].verdict == "better"}
    texts = [
        quantity(_three_digits(c.before_value - c.after_value), units[key])
        for key, c in gains.items()
    ]
    if not texts:
        return ""
    saves = (data.before.energy_kwh - data.after.energy_kwh) > 0
    return f", {'worth' if saves else 'yet saves'} {listed(texts)} a year"


def _three_digits(value: float) -> float:
    return float(f"{value:.3g}")


def sla_sentence(data: ReportData) -> str:
    """Say what becomes of the service levels."""
    before, after = data.before.sla_violation_count, data.after.sla_violation_count
    if data.is_first_placement and after == 0:
        return "Every service level is kept."
    if after == 0:
        if before == 0:
            return "Every service level is kept, before and after."
        return f"It ends the {plural(before, 'service-level violation')} of today."
    if after == before:
        return f"{plural(after, 'service-level violation')} of today can not be mended by moving."
    if after < before:
        return f"Of today's {plural(before, 'service-level violation')}, {count(after)} remain."
    return f"Service-level violations grow from {count(before)} to {count(after)}."


def unserved_sentence(data: ReportData) -> str:
    """Say how many of those that may wait get no host, and their price; nothing if none may."""
    if not data.unserved:
        return ""
    may, waits = (sum(getattr(s, name) for s in data.unserved) for name in ("may_wait", "after"))
    if not waits:
        return f"Every workload has a host, also {plural(may, 'workload')} that may wait."
    cost = quantity(sum(s.cost for s in data.unserved), data.currency)
    verb = "has" if waits == 1 else "have"
    return (
        f"{count(waits)} of {plural(may, 'workload')} that may wait {verb} no host, which costs "
        f"{cost} over {horizon(data.horizon_h)}."
    )


OPTIMAL_GAP = 1e-6
"""Below this gap a checked bound is told as optimal."""
_WITH_GAP: dict[ProofLevel, str] = {
    "bound-checked": "At most {gap} from the best possible, proven by a checked bound.",
    "verified-feasible": "Every rule was checked exactly; by the solver's own bound the plan is at "
    "most {gap} from the best possible.",
    "solver-claimed": "By the solver's claim at most {gap} from the best possible; not checked "
    "independently.",
    "none": "Nothing was proven about this plan.",
}
_WITHOUT_GAP: dict[ProofLevel, str] = {
    "bound-checked": "A bound was checked, but the gap to it is not known.",
    "verified-feasible": "Every rule was checked exactly; how close the plan is to the best "
    "possible is not proven.",
    "solver-claimed": "The solver claims that the plan keeps every rule; not checked "
    "independently.",
    "none": "Nothing was proven about this plan.",
}


def proof_sentence(data: ReportData) -> str:
    """Say how far from the best possible the plan can be; "optimal" only with a checked bound."""
    gap, level = data.proof.gap_fraction, data.proof.level
    if gap is None:
        return _WITHOUT_GAP[level]
    if level == "bound-checked" and gap <= OPTIMAL_GAP:
        return "Optimal: a checked bound shows that no plan is better."
    return _WITH_GAP[level].format(gap=percent(gap))
