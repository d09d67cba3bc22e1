"""Where data may be processed: declared facts of hosts and workloads against dated rules.

An engineering aid: what passes violates no rule of the set for the facts declared, no more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr

from optimiser.library.transfers import load_transfers
from optimiser.schema.policy import DataClass, Residency
from optimiser.schema.rulesets import Transfers

Labels = dict[str, str]
Fact = TypeVar("Fact", bound=Hashable)


@dataclass(frozen=True)
class PlaceFacts:
    """What is declared about a host: country, countries of its administrators, conditions met.

    ``country`` is empty and ``access`` ``None`` where that is not known.
    """

    country: str
    access: tuple[str, ...] | None = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFacts:
    """Facts of a residency rule.

    ``of_host`` (H,) index into ``places``; ``of_workload`` (W,) index into ``data``, the names of
    the classes that a workload processes. ``first`` and ``last`` are the days of the horizon.
    """

    places: tuple[PlaceFacts, ...]
    of_host: np.ndarray
    data: tuple[tuple[str, ...], ...]
    of_workload: np.ndarray
    first: dt.date
    last: dt.date


def facts_of(
    policy: Residency,
    twin: xr.Dataset,
    country: str,
    host_labels: Sequence[Labels],
    row_labels: Sequence[Labels],
    row: np.ndarray,
) -> DataFacts:
    """Return the facts of one rule; ``country`` is that of the site.

    ``host_labels`` are (H,); ``row`` (W,) is the row of ``row_labels`` of each workload.
    """
    everything = tuple(one.name for one in policy.classes)
    places, of_host = distinct([_place(policy, country, one) for one in host_labels])
    data, of_row = distinct(
        [parts_of(one.get(policy.data_label)) or everything for one in row_labels]
    )
    first, last = _days(twin)
    return DataFacts(tuple(places), of_host, tuple(data), of_row[row], first, last)


def _place(policy: Residency, country: str, labels: Labels) -> PlaceFacts:
    access: tuple[str, ...] | None = ()
    if policy.access_label:
        access = parts_of(labels.get(policy.access_label)) or None
    conditions = parts_of(labels.get(policy.condition_label)) if policy.condition_label else ()
    return PlaceFacts(labels.get(policy.place_label) or country, access, conditions)


def parts_of(text: str | None) -> tuple[str, ...]:
    """Return the parts of a label's value joined by ``|``."""
    return tuple(part for part in (text or "").split("|") if part)


def distinct(facts: Sequence[Fact]) -> tuple[list[Fact], np.ndarray]:
    """Return the different facts in order of appearance, and the index of each."""
    number: dict[Fact, int] = {}
    index = [number.setdefault(fact, len(number)) for fact in facts]
    return list(number), np.array(index, dtype=np.int32)


def _days(twin: xr.Dataset) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of the horizon (UTC)."""
    start = twin["time"].values
    seconds = np.timedelta64(round(float(twin["period_h"].values[-1]) * 3600) - 1, "s")
    day = [np.datetime64(moment, "D").astype(dt.date) for moment in (start[0], start[-1] + seconds)]
    return day[0], day[1]


def allowed_places(policy: Residency, facts: DataFacts) -> np.ndarray:
    """Return whether each set of classes may be at each place (data, place) bool."""
    table = [
        [not objection(policy, names, place, facts.first, facts.last) for place in facts.places]
        for names in facts.data
    ]
    return np.array(table, dtype=bool).reshape(len(facts.data), len(facts.places))


def objection(
    policy: Residency, names: Sequence[str], place: PlaceFacts, first: dt.date, last: dt.date
) -> str:
    """Return why some classes of data may not be processed at a place; empty when they may."""
    known = {one.name: one for one in policy.classes}
    for name in names:
        if name not in known:
            return f"nothing is known about {name} data"
        found = _objection_of(known[name], place, first, last)
        if found:
            return found
    return ""


def _objection_of(data: DataClass, place: PlaceFacts, first: dt.date, last: dt.date) -> str:
    if not data.allow and not data.deny:
        return ""
    if not place.country:
        return f"the country of the host is not known, and {data.name} data is restricted"
    if place.access is None:
        return f"who reaches the host is not known, and {data.name} data is restricted"
    for country, how in ((place.country, "in"), *((c, "reached from") for c in place.access)):
        if any(_covers(one, country, place, data, first, last) for one in data.deny):
            return f"{data.name} data must not be {how} {country}"
        allowed = (_covers(one, country, place, data, first, last) for one in data.allow)
        if data.allow and not any(allowed):
            return f"{data.name} data has no basis to be {how} {country}"
    return ""


def _covers(
    one: str, country: str, place: PlaceFacts, data: DataClass, first: dt.date, last: dt.date
) -> bool:
    """Whether a country or a set of countries holds a country over the whole horizon."""
    law = load_transfers()
    if one == "EU":
        return country in law.eu
    if one == "EEA":
        return country in law.eu or country in law.eea_besides_eu
    if one == "adequacy":
        return _is_adequate(law, country, place, data.special, first, last)
    return one == country


def _is_adequate(
    law: Transfers, country: str, place: PlaceFacts, special: bool, first: dt.date, last: dt.date
) -> bool:
    return any(
        row.country == country
        and row.valid_from <= first
        and (row.valid_to is None or last <= row.valid_to)
        and (not row.condition or row.condition in place.conditions)
        and not (special and row.at_risk)
        for row in law.adequacy
    )
