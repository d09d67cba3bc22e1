"""The energy of each month as bars: a drawing in the page, without any script."""

from __future__ import annotations

from typing import Any

from optimiser.report.disclosure.shown import shown
from optimiser.report.disclosure.table import Table

NAME = "energy_by_month"
WIDTH, HEIGHT, TOP, FOOT, LEFT = 960.0, 230.0, 24.0, 26.0, 8.0


def month_bars(table: Table) -> dict[str, Any] | None:
    """Return the geometry of stacked bars of IT and overhead; ``None`` for another table."""
    if not table.name.startswith(NAME):
        return None
    columns = ("month", "e_dc", "e_it", "overhead", "value")
    rows = list(zip(*(table.column(name) for name in columns), strict=True))
    highest = max((float(row[1]) for row in rows if row[1] is not None), default=0.0)
    if highest <= 0:
        return None
    scale, step = (HEIGHT - TOP - FOOT) / highest, (WIDTH - 2 * LEFT) / len(rows)
    bars = [_bar(row, LEFT + number * step, step, scale) for number, row in enumerate(rows)]
    return {"bars": bars, "width": WIDTH, "height": HEIGHT, "base": HEIGHT - FOOT}


def _bar(row: tuple[Any, ...], left: float, step: float, scale: float) -> dict[str, Any]:
    month, whole, it, overhead, pue = row
    base = HEIGHT - FOOT
    it_height = _height(it, scale)
    top = base - it_height - _height(overhead, scale)
    return {
        "label": str(month)[-7:], "x": round(left + 0.14 * step, 1), "width": round(0.72 * step, 1),
        "middle": round(left + step / 2, 1), "it_y": round(base - it_height, 1),
        "it_height": round(it_height, 1), "over_y": round(top, 1),
        "over_height": round(_height(overhead, scale), 1), "text_y": round(top - 6, 1),
        "pue": shown(pue, 2) if pue is not None else "–",
        "title": f"{month}: {shown(whole)} kWh, of which IT {shown(it)} kWh; PUE {shown(pue, 2)}",
    }  # fmt: skip


def _height(value: Any, scale: float) -> float:
    return max(0.0, float(value) * scale) if value is not None else 0.0
