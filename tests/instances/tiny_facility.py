"""Options for ``tiny()``: a small power chain with sides A and B, two zones and a plant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

CARDS: list[dict[str, Any]] = [
    {"kind": "pdu", "name": "rpp", "rating_kw": 2.0, "no_load_fraction": 0.01,
     "proportional_fraction": 0.0, "square_fraction": 0.01},
    {"kind": "ups", "name": "modern", "rating_kw": 4.0, "no_load_fraction": 0.01,
     "proportional_fraction": 0.01, "square_fraction": 0.02},
    {"kind": "transformer", "name": "dry", "rating_kw": 8.0, "no_load_fraction": 0.002,
     "proportional_fraction": 0.0, "square_fraction": 0.01},
    {"kind": "crah", "name": "handler", "rated_cooling_kw": 3.0, "rated_flow_m3_s": 0.3,
     "rated_fan_kw": 0.2},
    {"kind": "chiller", "name": "screw", "rated_cooling_kw": 6.0, "rated_cop": 5.0,
     "reference_evaporator_c": 18.0, "reference_condenser_c": 30.0,
     "carnot": {"efficiency": 0.5}},
    {"kind": "tower", "name": "cell", "rated_heat_kw": 8.0, "rated_fan_kw": 0.15},
    {"kind": "pump", "name": "pump", "head_kpa": 150.0},
]  # fmt: skip
# its planning power lies above its envelope
CURVED = {
    "kind": "server", "name": "curved", "standby_w": 5.0,
    "curve_w": [60, 110, 125, 140, 158, 175, 200, 214, 250, 290, 330],
    "capacity": {"cpu": 100, "memory": 1000},
}  # fmt: skip
POWER: dict[str, Any] = {
    "feeds": [{"name": "A", "transformer": "dry"}, {"name": "B", "transformer": "dry"}],
    "ups": [
        {"name": "UA", "card": "modern", "feed": "A"},
        {"name": "UB", "card": "modern", "feed": "B"},
    ],
    "pdus": [
        {"name": "PA1", "card": "rpp", "ups": "UA"},
        {"name": "PB1", "card": "rpp", "ups": "UB"},
        {"name": "PA2", "card": "rpp", "ups": "UA"},
        {"name": "PB2", "card": "rpp", "ups": "UB"},
    ],
}
COOLING: dict[str, Any] = {
    "zones": [
        {"name": "Z1", "crah": "handler", "crah_count": 2, "crah_redundant": 1},
        {"name": "Z2", "crah": "handler", "crah_count": 2, "crah_redundant": 1},
    ],
    "plant": {
        "chiller": "screw", "chiller_count": 2, "chiller_redundant": 1, "tower": "cell",
        "tower_count": 2, "chilled_water_pump": "pump", "condenser_pump": "pump",
        "economiser": "waterside",
    },
}  # fmt: skip


def facility_options(
    num_racks: int = 4, hours: int = 3, handler: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return options for :func:`instances.tiny.tiny`: racks ``r1`` … in two rows and zones.

    ``handler`` replaces fields of the air handlers' card.
    """
    racks = [
        {
            "name": f"r{i + 1}",
            "row": f"row{i % 2 + 1}",
            "zone": f"Z{i % 2 + 1}",
            "pdu_a": f"PA{i % 2 + 1}",
            "pdu_b": f"PB{i % 2 + 1}",
            "power_limit_kw": 2.0,
        }
        for i in range(num_racks)
    ]
    times = pd.date_range("2026-01-15T00:00:00", periods=hours, freq="h")
    stamps = times.strftime("%Y-%m-%dT%H:%M:%S")
    dry = 12.0 + 8.0 * np.sin(np.arange(hours))
    weather = pd.DataFrame({"time": stamps, "dry_bulb_c": dry, "wet_bulb_c": dry - 3.0})
    prices = pd.DataFrame({"time": stamps, "price_per_kwh": 0.1 + 0.05 * np.arange(hours)})
    return {
        "cards": [{**c, **(handler or {})} if c["kind"] == "crah" else c for c in CARDS] + [CURVED],
        "racks": racks,
        "power": POWER,
        "cooling": COOLING,
        "environment": {"weather": "weather.csv", "price_per_kwh": "prices.csv"},
        "series": {"weather": weather, "price_per_kwh": prices},
        "hours": hours,
    }
