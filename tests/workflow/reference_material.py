"""DC-REF-1 of the specification as hourly series: 4 MW of IT in 2026, flat over the year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.quantity import Quantity
from optimiser.analysis.kpi.ratio import Window
from optimiser.library.meters.grid import grid_of
from optimiser.library.meters.series import (
    MISSING,
    QUALITY_COLUMNS,
    SeriesData,
    facts_frame,
    no_bridges,
)
from optimiser.library.rulesets import choose_rulesets, load_rulesets
from optimiser.schema.period import parse_period
from optimiser.schema.reporting import Reporting
from optimiser.schema.roles import ROLES
from optimiser.workflow.disclosure.material import ChosenFactor, Material, Settings, Source

YEAR = {
    "e_grid": 44_992_800.0,
    "e_onsite": 1_200_000.0,
    "e_generator": 60_000.0,
    "e_it_ups": 35_040_000.0,
    "e_cooling": 7_708_800.0,
    "e_losses": 2_803_200.0,
    "e_other": 700_800.0,
    "e_reuse": 4_625_280.0,
    "q_removed": 37_843_200.0,
    "win": 42_048.0,
    "win_pot": 21_024.0,
    "win_fre": 35_040.0,
    "fuel_l": 16_200.0,
}
PREVIEWS = ("EU-C-2026-3472", "DE-EnEfG-draft-2026-04")
FACTORS = {
    "grid_location": (0.350, "kgCO2e/kWh"),
    "residual_mix": (0.480, "kgCO2e/kWh"),
    "fuel": (2.66, "kgCO2e/L"),
}
REPORTING = {
    "boundary": "Hall 1 with its plant, behind the main meters.",
    "facility": {
        "name": "DC-REF-1",
        "owner": {"name": "Reference Owner"},
        "operator": {"name": "Reference Operator"},
        "kind": "enterprise",
        "country": "DE",
        "start": "2019-05",
        "rated_it_kw": 5000,
    },
    "time_zone": "Europe/Berlin",
    "jurisdictions": ["EU", "DE"],
}


def make_material(
    amounts: dict[str, float] | None = None,
    *,
    gap_h: int = 0,
    gap_role: str = "e_it_ups",
    code: int = 0,
    section: str = "measured",
    reverse: bool = False,
    reporting: dict | None = None,
    settings: Settings | None = None,
    year: str = "2026",
    tables: dict | None = None,
) -> Material:
    """The reference data centre; ``gap_h`` hours of one role are missing, ``code`` is the class."""
    amounts = amounts or YEAR
    settings = settings or Settings(year)
    document = Reporting.model_validate({**REPORTING, **(reporting or {})})
    period = parse_period(year, document.time_zone or "UTC")
    roles = list(reversed(amounts)) if reverse else list(amounts)
    data = series_data(amounts, roles, period, gap_h, gap_role, code)
    window = Window.of(period, settings.allow_partial)
    source = Source(section, Components(data), period, window)
    return Material(
        site="dc-ref-1",
        reporting=document,
        period=period,
        settings=settings,
        sources=(source,),
        files={"reporting.yaml": "a" * 64, "meters.csv": "b" * 64},
        defaults=("site: price = 0.2",),
        texts={"reporting.yaml": b"boundary: Hall 1\n", "meters.csv": b"meter,role\n"},
        tables=tables or {},
        rulesets=tuple(choose_rulesets(settings.rulesets, document.jurisdictions)),
        previews=tuple(
            one
            for one in load_rulesets().values()
            if one.id in PREVIEWS and one.id not in settings.rulesets
        ),
        factors={
            use: ChosenFactor(Quantity(f"ef {use}", value, unit), f"{use}-id")
            for use, (value, unit) in FACTORS.items()
        },
    )


def series_data(amounts, roles, period, gap_h, gap_role, code) -> SeriesData:
    """One series per role, flat over the hours of the period."""
    grid = grid_of(period)
    shape = (len(roles), grid.num)
    value = np.stack([np.full(grid.num, amounts[r] / (grid.num if ROLES[r].is_amount else 1))
                      for r in roles])  # fmt: skip
    codes = np.full(shape, code, dtype=np.uint8)
    coverage = np.ones(shape, dtype=np.float32)
    if gap_h:
        row = roles.index(gap_role)
        value[row, 100 : 100 + gap_h] = 0.0
        codes[row, 100 : 100 + gap_h] = MISSING
        coverage[row, 100 : 100 + gap_h] = 0.0
    facts = facts_frame([_fact(role, line) for line, role in enumerate(roles, start=2)])
    checks = pd.DataFrame(
        [_check(role, grid.num, gap_h if role == gap_role else 0, code) for role in roles],
        columns=list(QUALITY_COLUMNS),
    )
    return SeriesData(grid, facts, value, coverage, codes, no_bridges(), checks)


def _fact(role: str, line: int) -> dict[str, object]:
    return {
        "series": f"meter-{role}", "role": role, "unit": ROLES[role].unit, "kind": "counter",
        "method": "counter@1", "accuracy_percent": 1.0 if role.startswith("e_it") else 0.5,
        "calibrated": "2025-06-30", "group": "", "zone": "", "point": "hand-over", "serial": "",
        "file": "meters/2026.parquet", "line": line, "quality": "measured",
    }  # fmt: skip


def _check(role: str, hours: int, gap_h: int, code: int) -> dict[str, object]:
    counts = dict.fromkeys(QUALITY_COLUMNS, 0)
    name = "modelled" if code == 5 else "measured"
    return {
        **counts, "series": f"meter-{role}", "expected": hours, "seen": hours - gap_h,
        "longest_gap_h": float(gap_h), "completeness": 1 - gap_h / hours, "missing": gap_h,
        name: hours - gap_h, "first": "2026-01-01", "last": "2026-12-31",
    }  # fmt: skip
