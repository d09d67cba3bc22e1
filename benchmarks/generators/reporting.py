"""Reporting documents of the bundled sites, and a metered year of the demo.

All invented. The demo has meters (an hourly reading of each counter over 2025), certificates,
assets and services; the small site has none, so that its figures come from its simulation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.generators.series import HOURS, make_clean_energy, make_weather
from optimiser.connect.sitefolder import meaning
from optimiser.schema.capacity import DEMAND, RESOURCES
from optimiser.schema.disclosed import ASSETS, INSTRUMENTS, SERVICES_SCI
from optimiser.schema.meter import METERS

SEED = 20250715
WEATHER_SEED = 2025
METER_FILE = "readings-2025.csv"
CLEAN_FILE, CLEAN_SEED, PPA_MWH = "clean-2025.csv", 2025, 180
ROLLOVER_KWH = 1_000_000
_GAP = slice(2_170, 2_173)
"""Hours in which the reading of grid A is missing: a night in April."""

DEMO_CAPACITY: dict[str, Any] = {
    "horizon_months": 24,
    "owner": "Capacity manager",
    "approver": "Head of operations",
    "review": "2026-06-30",
    "resources": "capacity.csv",
    "demand": "capacity-demand.csv",
    "options": [
        {
            "name": "south-cooling-unit",
            "kind": "buy",
            "resource": "cooling south",
            "adds": 30.0,
            "ready": "2026-11-01",
            "capex": 46_000.0,
            "opex_per_year": 2_400.0,
            "kwh_per_year": 6_100.0,
            "operational_kgco2e_per_year": 2_300.0,
            "embodied_kgco2e": 1_900.0,
            "risk": "one redundant unit is off for two days while it is fitted",
            "sla_effect": "none",
        },
        {
            "name": "night-shift",
            "kind": "other",
            "resource": "operator hours",
            "adds": 40.0,
            "opex_per_year": 31_000.0,
            "sla_effect": "moves may run at night",
        },
    ],
    "chosen": {
        "option": "south-cooling-unit",
        "approved_by": "Head of operations",
        "approved_on": "2026-01-20",
        "changes": ["RFC-2026-014"],
        "depends_on": ["order of the cooling unit"],
    },
    "monitoring": [
        {"metric": "heat of each zone", "frequency": "hourly", "owner": "facility"},
        {"metric": "licences in use", "frequency": "monthly", "owner": "platform"},
    ],
    "assumptions": ["The second hall is not built within the horizon."],
}
DEMO_REPORTING: dict[str, Any] = {
    "format": "dcopt.reporting/1",
    "boundary": "Rooms north and south with their power chain and cooling plant, from the two "
    "grid connections (before the transfer switch) to the racks. Offices are outside.",
    "facility": {
        "name": "Demo data centre",
        "owner": {"name": "Demo Ltd", "contact": "facility@demo.example"},
        "operator": {"name": "Demo Operations Ltd", "contact": "noc@demo.example"},
        "kind": "enterprise",
        "country": "DE",
        "nuts3": "DE712",
        "postcode": "60311",
        "grid_zone": "DE",
        "start": "2019-05",
        "redundancy_electrical": "2N",
        "redundancy_cooling": "N+1",
        "rated_it_kw": 190.0,
        "rated_connection_kw": 300.0,
        "total_area_m2": 620.0,
        "computer_room_area_m2": 310.0,
        "refrigerants": [{"name": "R-1234ze", "charge_kg": 64.0, "leaked_kg": 0.6}],
        "has_water_stress": False,
        "water_source": "potable",
        "has_cool_climate": True,
        "storage_capacity_pb": 1.9,
    },
    "jurisdictions": ["EU", "DE"],
    "meters": {"table": "meters.csv", "default_accuracy_percent": 2.0},
    "instruments": "instruments.csv",
    "assets": "assets.csv",
    "services": "services-sci.csv",
    "capacity": DEMO_CAPACITY,
    "sign_off": {"prepared_by": "", "reviewed_by": ""},
}
DEMO_COMMENTS = {
    "boundary": "What the figures are about; it stands at the head of every report.",
    "facility": "Facts that no meter tells; an authority asks for them.",
    "jurisdictions": "Their rulesets apply; `rulesets` would choose others.",
    "meters": "The register says what each series is and how far to trust it. Without this part\n"
    "figures come from the simulation and are marked MODELLED.",
    "instruments": "Ledgers beside this file.",
    "capacity": "What only people know of capacity; racks, power and cooling come from the model.",
}
SMALL_REPORTING: dict[str, Any] = {
    "format": "dcopt.reporting/1",
    "boundary": "The server room with its two feeds, UPS units and chillers.",
    "facility": {
        "name": "Small server room",
        "owner": {"name": "Small Ltd"},
        "operator": {"name": "Small Ltd"},
        "kind": "enterprise",
        "country": "DE",
        "start": "2021-03",
        "rated_it_kw": 12.0,
        "refrigerants": [{"name": "R-32", "charge_kg": 6.0}],
    },
    "jurisdictions": ["DE"],
}
SMALL_COMMENTS = {
    "facility": "Without meters figures come from the simulation and are marked MODELLED.",
}


def demo_tables() -> dict[str, pd.DataFrame]:
    """Return the tables of the demo's reporting by file name."""
    return {
        METER_FILE: readings(),
        CLEAN_FILE: make_clean_energy(CLEAN_SEED, PPA_MWH),
        "meters.csv": register(),
        "instruments.csv": instruments(),
        "assets.csv": assets(),
        "services-sci.csv": services(),
        "capacity.csv": capacity(),
        "capacity-demand.csv": capacity_demand(),
    }


def demo_columns() -> dict[str, dict[str, str]]:
    """Return what the columns of those tables mean, by file."""
    specs = {
        "meters.csv": METERS,
        "instruments.csv": INSTRUMENTS,
        "assets.csv": ASSETS,
        "services-sci.csv": SERVICES_SCI,
        "capacity.csv": RESOURCES,
        "capacity-demand.csv": DEMAND,
    }
    tables = demo_tables()
    found = {
        name: {c.name: meaning(c) for c in spec.columns if c.name in tables[name]}
        for name, spec in specs.items()
    }
    unit = {"kwh": "kWh", "l": "L"}
    counters = [name for name in tables[METER_FILE] if name != "time"]
    told = {name: f"Reading of the counter. [{unit[name.split('_')[-1]]}]" for name in counters}
    clean = {
        "time": "Start of the hour, UTC.",
        "solar_kwh": "Delivered by the solar contract. [kWh]",
        "grid_cfe": "Carbon-free share of the grid. [1]",
    }
    return {**found, METER_FILE: {"time": "Moment of the reading, UTC.", **told}, CLEAN_FILE: clean}


def readings() -> pd.DataFrame:
    """Return hourly readings of 2025 from its first instant to that of 2026.

    IT energy follows the working day; losses are 1.6 % before the UPS and 6.5 % in it; cooling and
    water grow with the outdoor temperature (the site's weather of 2025). Counters show whole kWh
    and roll over at a million; the water counter shows litres.
    """
    random = np.random.default_rng([SEED, 9])
    weather = make_weather(WEATHER_SEED)["dry_bulb_c"].to_numpy()
    hour = np.arange(HOURS) % 24 + 0.5
    workday = (np.arange(HOURS) // 24 + 2) % 7 < 5
    course = 1.0 + 0.10 * np.sin(2 * np.pi * (hour - 9.0) / 24) * np.where(workday, 1.0, 0.4)
    it = 83.0 * course * (1.0 + 0.01 * random.standard_normal(HOURS))
    warm = np.clip((weather - 8.0) / 22.0, 0.0, 1.2)
    cooling = it * (0.028 + 0.055 * warm)
    water_l = it * (1.35 + 0.9 * warm)
    grid = (it / 0.935 + cooling) / 0.984
    columns = {
        "grid_a_kwh": _counter(0.52 * grid, 412_300),
        "grid_b_kwh": _counter(0.48 * grid, 388_114),
        "ups_a_kwh": _counter(0.51 * it, 712_345),
        "ups_b_kwh": _counter(0.49 * it, 190_022),
        "cooling_kwh": _counter(cooling, 55_210),
        "water_l": _counter(water_l, 8_301_455, 100_000_000),
    }
    frame = pd.DataFrame({"time": _moments(), **columns}).astype({"grid_a_kwh": "Int64"})
    frame.loc[frame.index[_GAP], "grid_a_kwh"] = pd.NA
    return frame


def _moments() -> list[str]:
    times = pd.date_range("2024-12-31T23:00", periods=HOURS + 1, freq="h")
    return [f"{moment:%Y-%m-%dT%H:%MZ}" for moment in times]


def _counter(gain: np.ndarray, start: int, modulus: int = ROLLOVER_KWH) -> np.ndarray:
    read = start + np.concatenate([[0.0], np.cumsum(gain)])
    return np.floor(read).astype(np.int64) % modulus


def register() -> pd.DataFrame:
    """Return the meter register of the demo."""
    rows = [
        ("grid-a", "e_grid", "kWh", "grid_a_kwh", 0.5, "grid", "hand-over A, before the switch"),
        ("grid-b", "e_grid", "kWh", "grid_b_kwh", 0.5, "grid", "hand-over B, before the switch"),
        ("ups-a", "e_it_ups", "kWh", "ups_a_kwh", 1.0, "ups", "UPS output A"),
        ("ups-b", "e_it_ups", "kWh", "ups_b_kwh", 1.0, "ups", "UPS output B"),
        ("cooling", "e_cooling", "kWh", "cooling_kwh", 1.0, "", "mechanical distribution board"),
        ("water", "win", "L", "water_l", 2.0, "water", "make-up water of the towers"),
        ("water-potable", "win_pot", "L", "water_l", 2.0, "water", "the same meter: mains water"),
        ("water-fresh", "win_fre", "L", "water_l", 2.0, "water", "the same meter: mains water"),
    ]
    columns = ["meter", "role", "unit", "column", "accuracy_percent", "group", "point"]
    frame = pd.DataFrame(rows, columns=columns)
    is_water = frame["unit"] == "L"
    counters = pd.DataFrame(
        {
            "meter": frame["meter"],
            "role": frame["role"],
            "kind": "counter",
            "unit": frame["unit"],
            "file": METER_FILE,
            "column": frame["column"],
            "rollover": np.where(is_water, 100_000_000, ROLLOVER_KWH),
            "accuracy_percent": frame["accuracy_percent"],
            "calibrated": np.where(is_water, "2022-10-05", "2024-06-12"),
            "group": frame["group"],
            "point": frame["point"],
        }
    )
    rows_given = [
        ("grid-carbon", "grid_carbon", "level", "g/kWh", "carbon.csv", "carbon_g_per_kwh", 5.0,
         "estimated", "grid, location based (synthetic)"),
        ("outdoor", "t_outdoor", "level", "C", "weather.csv", "dry_bulb_c", 2.0, "measured",
         "weather station on the roof"),
        ("ppa-solar", "cfe_contracted", "amount", "kWh", CLEAN_FILE, "solar_kwh", 0.5, "measured",
         "meter of the solar plant (synthetic)"),
        ("grid-cfe", "grid_cfe", "level", "fraction", CLEAN_FILE, "grid_cfe", 5.0, "estimated",
         "generation mix of the zone (synthetic)"),
    ]  # fmt: skip
    columns = ["meter", "role", "kind", "unit", "file", "column", "accuracy_percent", "quality",
               "point"]  # fmt: skip
    given = pd.DataFrame(rows_given, columns=columns).assign(stamp="start")
    table = pd.concat([counters, given], ignore_index=True)
    return table.astype({"rollover": "Int64"})


def instruments() -> pd.DataFrame:
    """Return the ledger of the demo: two lots of certificates, one agreement."""
    head = "instrument,kind,serial_from,serial_to,mwh,zone,technology,vintage_from,vintage_to"
    columns = [*head.split(","), "cancelled", "beneficiary"]
    year, demo = ("2025-01-01", "2025-12-31"), "Demo Ltd"
    rows = [
        ("go-wind-1", "go", "DE-700001", "DE-700240", 240, "DE", "wind", "2025-01-01",
         "2025-06-30", "2026-02-10", demo),
        ("go-hydro-1", "go", "DE-812001", "DE-812120", 120, "DE", "hydro", "2025-07-01",
         "2025-12-31", "2026-02-10", demo),
        ("ppa-solar-1", "ppa", "", "", PPA_MWH, "DE", "solar", *year, "2026-01-20", demo),
        ("go-unused-1", "go", "DE-900001", "DE-900050", 50, "DE", "wind", "2025-10-01",
         "2025-12-31", "", ""),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def assets() -> pd.DataFrame:
    """Return the assets of the demo, by card or with figures of their own."""
    columns = ["asset", "kind", "card", "count", "low_kgco2e", "mid_kgco2e", "high_kgco2e",
               "tier", "source", "acquired", "lifetime_years"]  # fmt: skip
    rows = [
        ("servers-2019", "server", "server-default", 240, "", "", "", "", "", "2019-05-15", 7),
        ("servers-2022", "server", "server-default", 280, "", "", "", "", "", "2022-09-01", 6),
        ("servers-2025", "server", "", 80, 1100, 1380, 1650, "epd",
         "supplier's declaration (invented)", "2025-04-01", 6),
        ("racks", "rack", "rack-steel", 30, "", "", "", "", "", "2019-05-15", 15),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def capacity() -> pd.DataFrame:
    """Return the resources of the demo's capacity plan: people, licences, money, and growth of what
    the meters and the model know."""
    columns = ["resource", "resource_class", "known_from", "series", "unit", "nameplate", "usable",
               "use_mean", "use_p95", "use_peak", "growth_p10", "growth_p50", "growth_p90",
               "warn_fraction", "act_fraction", "lead_months", "commissioning_months", "source",
               "quality"]  # fmt: skip
    rows = [
        ("IT power", "technical", "meter", "e_it_ups", "kW", 200, 150, "", "", "", "", "", "", "",
         "", 6, 1, "rating of one UPS with 25 % kept", ""),
        ("cooling south", "technical", "model", "zone south", "", "", "", "", "", "", 0.4, 0.9,
         1.6, "", "", 7, 2, "", ""),
        ("processors", "technical", "model", "cpu", "", "", "", "", "", "", 200_000, 450_000,
         900_000, "", "", 3, 1, "", ""),
        ("operator hours", "human", "told", "", "h/week", 160, 130, 84, 96, 104, 0.2, 0.6, 1.2,
         0.75, 0.9, 4, 1, "rota; 30 h stand for leave and training", "measured"),
        ("monitoring licences", "information", "told", "", "hosts", 800, 800, 612, 640, 640, 2, 5,
         9, "", "", 1, 0, "contract of the monitoring tool", "measured"),
        ("investment", "financial", "told", "", "EUR/a", 120_000, 90_000, "", "", 71_500, "", "",
         "", "", "", "", "", "budget of 2025; a quarter is kept for failures", "estimated"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def capacity_demand() -> pd.DataFrame:
    """Return fourteen months of licences in use, and what the last plan foresaw for some."""
    used = [548, 556, 560, 571, 575, 580, 588, 597, 603, 607, 618, 622, 633, 640]
    months = pd.period_range("2024-11", periods=len(used), freq="M").astype(str)
    planned = [pd.NA] * 8 + [600, 606, 612, 618, 624, 630]
    columns = {"resource": "monitoring licences", "month": months, "demand": used}
    return pd.DataFrame(columns).assign(planned=pd.array(planned, dtype="Int64"))


def services() -> pd.DataFrame:
    """Return functional units of two services of the demo in 2025."""
    columns = ["service", "unit", "units", "unit_scale", "it_share_fraction", "embodied_kgco2e",
               "lifetime_years", "resources_reserved", "resources_total", "boundary"]  # fmt: skip
    rows = [
        ("shop-web", "request", 4_200_000_000, 1000, 0.031, 18225, 6, 1920, 1920,
         "web tier with its reserve; network of users left out"),
        ("payments-api", "payment", 61_000_000, 1, 0.012, 7290, 6, 720, 768,
         "API and its share of the message queue"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
