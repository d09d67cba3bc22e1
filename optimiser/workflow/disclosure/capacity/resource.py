"""Resources of the capacity plan: from the model, from meters and as told in the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from optimiser.analysis.inventory import Element
from optimiser.analysis.kpi.forecast import Forecast, declared_growth, trend
from optimiser.analysis.kpi.quantity import NO_DATA, Quality
from optimiser.schema.capacity import CapacityPlanning
from optimiser.workflow.disclosure.cells import number
from optimiser.workflow.disclosure.cells import text as known_text
from optimiser.workflow.disclosure.material import MEASURED, MODELLED, Material, Source

RESOURCES, DEMAND = "capacity_resources", "capacity_demand"
TOLD, METER, MODEL = "told", "meter", "model"


@dataclass(frozen=True)
class Resource:
    """One resource with its capacity, use, planning data and past demand, in ``unit``.

    ``section`` keeps modelled and measured apart; ``growth`` is P10, P50 and P90 per month,
    ``history`` demand by month (NaN unknown, the last entry is the last month of the period).
    """

    name: str
    group: str
    unit: str
    section: str
    quality: Quality
    nameplate: float | None = None
    derated: float | None = None
    usable: float | None = None
    mean: float | None = None
    p95: float | None = None
    peak: float | None = None
    stranded: float | None = None
    completeness: float = 1.0
    reserve: str = ""
    source: str = ""
    note: str = ""
    warn: float = 0.8
    act: float = 0.9
    lead: float | None = None
    commissioning: float | None = None
    growth: tuple[float, float, float] | None = None
    history: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def reason(self) -> str | None:
        """Why use or capacity is missing, ``None`` when both are known."""
        return NO_DATA if self.peak is None or self.usable is None else None

    def forecast(self, horizon: int) -> Forecast | None:
        """Return demand by month: the trend of its history where long enough, else as declared."""
        found = trend(self.history, horizon) if len(self.history) else None
        if found is not None:
            return found
        if self.growth is None or self.peak is None:
            return None
        return declared_growth(self.peak, self.growth, horizon)


def resources_of(material: Material) -> list[Resource]:
    """Return the resources that are told, then the elements of the model that no row names."""
    planning = material.reporting.capacity or CapacityPlanning()
    elements = {} if isinstance(material.capacity, str) else {e.id: e for e in material.capacity}
    told, named = [], set[str]()
    for cells in _rows(material.tables.get(RESOURCES)):
        told.append(_told(cells, planning, elements, material))
        named.add(text(cells["series"]) if cells["known_from"] == MODEL else "")
    return [*told, *(_modelled(e, planning) for id, e in elements.items() if id not in named)]


def unknown_elements(table: pd.DataFrame, elements: Sequence[Element]) -> Iterator[tuple[str, str]]:
    """Yield resource and series of the rows that name an element which the model does not have."""
    known = {one.id for one in elements}
    for cells in _rows(table):
        if cells["known_from"] == MODEL and text(cells["series"]) not in known:
            yield str(cells["resource"]), text(cells["series"])


def text(cell: object) -> str:
    """Return a cell as text, empty when it holds nothing."""
    return known_text(cell) or ""


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _modelled(element: Element, planning: CapacityPlanning) -> Resource:
    return Resource(
        element.id, "technical", element.unit, MODELLED, Quality.MODELLED, element.rated,
        element.rated, element.usable, element.mean, element.p95, element.peak, element.stranded,
        reserve=element.reserve, source="model of the site", warn=planning.warn_fraction,
        act=planning.act_fraction,
    )  # fmt: skip


def _told(
    cells: Mapping[str, Any], planning: CapacityPlanning, elements: Mapping[str, Element],
    material: Material,
) -> Resource:  # fmt: skip
    element = elements.get(text(cells["series"]))
    if cells["known_from"] == MODEL and element is not None:
        known = _modelled(element, planning)
    elif cells["known_from"] == METER:
        known = _metered(cells, material)
    elif cells["known_from"] == MODEL:
        known = Resource("", "", text(cells["unit"]), MODELLED, Quality.MISSING, completeness=0.0)
    else:
        known = _as_told(cells)
    return _with_planning(known, cells, planning, material)


def _as_told(cells: Mapping[str, Any]) -> Resource:
    mean, p95, peak = (number(cells[f"use_{part}"]) for part in ("mean", "p95", "peak"))
    is_known = peak is not None
    quality = Quality[str(cells["quality"]).upper()] if is_known else Quality.MISSING
    return Resource(
        "",
        "",
        text(cells["unit"]),
        MEASURED,
        quality,
        mean=mean,
        p95=p95,
        peak=peak,
        completeness=1.0 if is_known else 0.0,
    )


def _metered(cells: Mapping[str, Any], material: Material) -> Resource:
    """Return the use of a resource from hourly energy: the mean power of each hour [kW]."""
    source = next((one for one in material.sources if one.section == MEASURED), None)
    role = text(cells["series"])
    if source is None or role not in source.components.roles:
        return Resource("", "", "kW", MEASURED, Quality.MISSING, completeness=0.0)
    hourly = source.components.hourly(role, source.period)
    power = hourly["value"].to_numpy(dtype=float) / source.components.data.grid.step_h
    seen = power[np.isfinite(power)]
    if not len(seen):
        return Resource("", "", "kW", MEASURED, Quality.MISSING, completeness=0.0)
    return Resource(
        "", "", "kW", MEASURED, source.part(role).quality,
        mean=float(seen.mean()), p95=float(np.quantile(seen, 0.95)), peak=float(seen.max()),
        completeness=len(seen) / len(power), history=_monthly_peaks(source, role),
    )  # fmt: skip


def _monthly_peaks(source: Source, role: str) -> np.ndarray:
    """Return the greatest hourly power of each whole month [kW]; NaN where hours are missing."""
    peaks = []
    for month in source.period.months():
        energy = source.components.hourly(role, month)["value"].to_numpy(dtype=float)
        whole = len(energy) > 0 and np.isfinite(energy).all()
        peaks.append(energy.max() / source.components.data.grid.step_h if whole else np.nan)
    return np.array(peaks)


def _with_planning(
    known: Resource, cells: Mapping[str, Any], planning: CapacityPlanning, material: Material
) -> Resource:
    nameplate, derated, usable = (number(cells[n]) for n in ("nameplate", "derated", "usable"))
    if cells["known_from"] != MODEL:
        derated = nameplate if derated is None else derated
        usable = derated if usable is None else usable
    growth = [number(cells[f"growth_{level}"]) for level in ("p10", "p50", "p90")]
    name = str(cells["resource"])
    history = _history(material, name)
    return replace(
        known, name=name, group=str(cells["resource_class"]),
        nameplate=known.nameplate if nameplate is None else nameplate,
        derated=known.derated if derated is None else derated,
        usable=known.usable if usable is None else usable,
        source=text(cells["source"]) or known.source, note=text(cells["note"]),
        warn=_first(number(cells["warn_fraction"]), planning.warn_fraction),
        act=_first(number(cells["act_fraction"]), planning.act_fraction),
        lead=number(cells["lead_months"]), commissioning=number(cells["commissioning_months"]),
        growth=None if None in growth else tuple(growth),  # type: ignore[arg-type]
        history=known.history if history is None else history,
    )  # fmt: skip


def _first(given: float | None, default: float) -> float:
    return default if given is None else given


def _history(material: Material, name: str) -> np.ndarray | None:
    """Return told demand by month up to the last month of the period, ``None`` without any."""
    table = material.tables.get(DEMAND)
    if table is None:
        return None
    mine = table[(table["resource"] == name) & table["demand"].notna()]
    months = np.array([month_number(str(month)) for month in mine["month"]], dtype=int)
    last = material.last_day.year * 12 + material.last_day.month - 1
    counts = months <= last
    if not counts.any():
        return None
    found = np.full(last - int(months[counts].min()) + 1, np.nan)
    found[months[counts] - months[counts].min()] = mine["demand"].to_numpy(dtype=float)[counts]
    return found


def month_number(month: str) -> int:
    """Return months since year 0 of a month such as 2025-03."""
    year, number_of = month.split("-")
    return int(year) * 12 + int(number_of) - 1
