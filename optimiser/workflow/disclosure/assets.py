"""Embodied carbon of the assets that a site names: output 11."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from optimiser.analysis.kpi.embodied import Asset, Footprint, booked_in, footprint_of
from optimiser.analysis.kpi.quantity import Quantity
from optimiser.library.embodied import bottom_up_constants, load_embodied
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.workflow.disclosure.cells import number, text
from optimiser.workflow.disclosure.material import Material

NAME, TITLE, FRAMEWORK = "embodied_assets", "Embodied carbon", "GHG Protocol 3.2, SCI"
_COLUMNS = (
    Column("asset", "Asset", is_key=True),
    Column("kind", "Kind"),
    Column("count", "Count", Kind.NUMBER),
    Column("acquired", "Acquired"),
    Column("lifetime", "Life", Kind.NUMBER, "a"),
    Column("tier", "Source tier"),
    Column("low", "Low", Kind.NUMBER, "kgCO2e"),
    Column("value", "Mid", Kind.NUMBER, "kgCO2e"),
    Column("high", "High", Kind.NUMBER, "kgCO2e"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("source", "Source"),
    Column("inputs", "Given and default inputs", is_provenance=True),
)


@dataclass(frozen=True)
class Inventory:
    """Assets with a footprint and a life; ``lacking`` says of the others what is not known."""

    assets: tuple[Asset, ...]
    lacking: Mapping[str, str]


def assets_of(material: Material) -> Inventory | None:
    """Return the assets of the site, ``None`` when it names none.

    Figures of the row come before those of its card, the life of the row before that of the card.
    """
    frame = material.tables.get("assets")
    if frame is None:
        return None
    found, lacking = [], {}
    for row in frame.to_dict("records"):
        cells = {str(key): value for key, value in row.items()}
        name = str(cells["asset"])
        footprint, life = _footprint(cells), _life(cells)
        if footprint is None:
            lacking[name] = "neither figures nor card"
        elif life is None:
            lacking[name] = "no expected life"
        else:
            retired = text(cells["retired"])
            found.append(
                Asset(
                    name, str(cells["kind"]), footprint, date.fromisoformat(str(cells["acquired"])),
                    life, number(cells["count"]) or 1.0,
                    date.fromisoformat(retired) if retired else None,
                )
            )  # fmt: skip
    return Inventory(tuple(found), lacking)


def _footprint(cells: Mapping[str, object]) -> Footprint | None:
    mid, name = number(cells["mid_kgco2e"]), text(cells["card"])
    if mid is not None:
        low, high = (number(cells[one]) for one in ("low_kgco2e", "high_kgco2e"))
        source = text(cells["source"]) or f"assets#{cells['asset']}"
        return Footprint(mid if low is None else low, mid, mid if high is None else high,
                         text(cells["tier"]) or "spend", source)  # fmt: skip
    if not name:
        return None
    return footprint_of(load_embodied()[name], bottom_up_constants())


def _life(cells: Mapping[str, object]) -> float | None:
    own, name = number(cells["lifetime_years"]), text(cells["card"])
    if own is not None or not name:
        return own
    return getattr(load_embodied()[name], "lifetime_years", None)


def booked_embodied(material: Material) -> Quantity | None:
    """Return the embodied carbon of assets acquired in the period [kgCO2e], booked at once."""
    known = assets_of(material)
    if known is None or not known.assets:
        return None
    return booked_in(known.assets, material.first_day, material.last_day + timedelta(days=1))


def embodied_assets(material: Material) -> Output:
    """Return embodied carbon per asset: booked when acquired, and amortised, in two tables."""
    known = assets_of(material)
    if known is None or not (known.assets or known.lacking):
        return Output(NAME, TITLE, FRAMEWORK, not_applicable="the site names no assets")
    tables = (_table(material, known, is_booked=True), _table(material, known, is_booked=False))
    findings = [
        Finding(NAME, Level.FLAG, f"{n}: {why}") for n, why in sorted(known.lacking.items())
    ]
    return Output(NAME, TITLE, FRAMEWORK, tables, tuple(findings))


def _table(material: Material, known: Inventory, *, is_booked: bool) -> Table:
    start, end = material.first_day, material.last_day + timedelta(days=1)
    rows = []
    for asset in known.assets:
        share = asset.booked(start, end) if is_booked else asset.amortised(start, end)
        rows.append(_row(asset, share))
    for name, why in known.lacking.items():
        rows.append({"asset": name, "class": "MISSING", "completeness": 0.0, "reason": "NO_DATA",
                     "source": why})  # fmt: skip
    if is_booked:
        return make_table(
            "embodied_booked", "Booked in the year of acquisition", "embodied, booked", _COLUMNS,
            rows, notes=("What was acquired outside of the period counts 0 here.",),
        )  # fmt: skip
    return make_table(
        "embodied_amortised", "Amortised over the expected life", "embodied, amortised", _COLUMNS,
        rows, notes=("For product views; never added to the booked figures.",),
    )  # fmt: skip


def _row(asset: Asset, share: Quantity) -> dict[str, object]:
    print_ = asset.footprint
    return {
        "asset": asset.name, "kind": asset.kind, "count": asset.count, "acquired": asset.acquired,
        "lifetime": asset.lifetime_years, "tier": print_.tier, "low": share.lower,
        "value": share.value, "high": share.upper, "class": share.quality.name,
        "completeness": share.completeness, "reason": share.reason, "source": print_.source,
        "inputs": "; ".join(f"{name} {status}" for name, status in print_.status) or None,
    }  # fmt: skip
