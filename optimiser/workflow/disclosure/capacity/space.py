"""Space and power use: how full the racks are and how much of the rated IT power can be used."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.analysis.inventory import PLANT, Element
from optimiser.analysis.kpi.productivity import SpaceAndPower
from optimiser.analysis.kpi.quantity import NO_DATA, Quality
from optimiser.report.disclosure.table import Column, Kind, Table, make_table
from optimiser.workflow.disclosure.material import MODELLED, Material

_COLUMNS = (
    Column("figure", "Figure", is_key=True),
    Column("value", "Value", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("meaning", "Meaning"),
)
_LEVELS = ("rack", "pdu", "ups", "feed", "zone", PLANT)
"""Kinds of elements that each carry all of the IT power."""


def space_table(material: Material) -> Table:
    """Return space and power use of the site as it is modelled; no rows without a model."""
    known = material.capacity
    rated = material.reporting.facility.rated_it_kw
    rows = [] if isinstance(known, str) else _rows(space_and_power(known, rated))
    return make_table(
        "space_and_power_modelled", "Space and power use", MODELLED, _COLUMNS, rows,
        notes=("Usable is what the scarcest of racks, PDUs, UPS units, feeds, zones and plant can "
               "carry with the agreed redundancy; losses count against those that see them.",),
        keep_order=True,
    )  # fmt: skip


def space_and_power(elements: Sequence[Element], rated_kw: float) -> SpaceAndPower:
    """Return the figures of a site from its elements and its installed IT power [kW].

    Racks peak at different hours: the sum of their peaks is at most reached, never passed.
    """
    racks = [one for one in elements if one.kind == "rack"]
    space = [one for one in elements if one.kind == "rack space"]
    levels = [[one.usable for one in elements if one.kind == kind] for kind in _LEVELS]
    usable = min((sum(level) for level in levels if level), default=rated_kw)
    return SpaceAndPower(
        rated_kw, sum(one.peak for one in racks), min(usable, rated_kw),
        sum(one.rated for one in space), sum(one.peak for one in space), len(space),
    )  # fmt: skip


def _rows(found: SpaceAndPower) -> list[dict[str, object]]:
    told = (
        ("power use", found.power_use, "1", "Peak IT power over installed IT power (PDIT)."),
        ("usable IT power", found.usable_it_kw, "kW", "With the agreed redundancy."),
        ("stranded IT power", found.stranded_kw, "kW", "Installed and not usable."),
        ("rack fill", found.rack_fill, "1", "Used over present rack units."),
        ("power per rack", found.kw_per_rack, "kW", "Peak IT power over racks."),
    )
    return [
        {
            "figure": figure, "value": value, "unit": unit, "meaning": meaning,
            "class": Quality.MISSING.name if value is None else Quality.MODELLED.name,
            "completeness": 0.0 if value is None else 1.0,
            "reason": NO_DATA if value is None else None,
        }
        for figure, value, unit, meaning in told
    ]  # fmt: skip
