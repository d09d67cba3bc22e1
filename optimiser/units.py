"""Canonical units and the one place where strings with units are converted.

Inside the optimiser quantities are plain numbers whose unit stands in the name
(``power_limit_kw``). A person may write ``"0.02 MW"`` wherever a number with a unit suffix in its
name is expected; :func:`to_unit` converts it once, at the border.
"""

from __future__ import annotations

import re
from functools import lru_cache

HOURS_PER_YEAR = 8760
MOST_HOURS = 10 * HOURS_PER_YEAR
"""Longest horizon [h]."""
JOULES_PER_KWH = 3.6e6
AIR_DENSITY_KG_M3 = 1.19
AIR_HEAT_CAPACITY_J_KG_K = 1005.0
WATER_HEAT_CAPACITY_J_KG_K = 4186.0
WATER_DENSITY_KG_M3 = 998.0

# unit -> (quantity, factor to the base unit of that quantity)
_LINEAR: dict[str, tuple[str, float]] = {
    "w": ("power", 1.0), "kw": ("power", 1e3), "mw": ("power", 1e6), "gw": ("power", 1e9),
    "tr": ("power", 3516.8528), "btu/h": ("power", 0.29307107),
    "wh": ("energy", 1.0), "kwh": ("energy", 1e3), "mwh": ("energy", 1e6), "gwh": ("energy", 1e9),
    "s": ("time", 1.0), "min": ("time", 60.0), "h": ("time", 3600.0), "d": ("time", 86400.0),
    "m3/s": ("flow", 1.0), "m3/h": ("flow", 1 / 3600), "l/s": ("flow", 1e-3),
    "cfm": ("flow", 0.00047194745),
    "kg/s": ("mass_flow", 1.0),
    "pa": ("pressure", 1.0), "kpa": ("pressure", 1e3),
    "kib": ("data", 2.0**10), "mib": ("data", 2.0**20), "gib": ("data", 2.0**30),
    "tib": ("data", 2.0**40), "kb": ("data", 1e3), "mb": ("data", 1e6), "gb": ("data", 1e9),
    "tb": ("data", 1e12),
    "g": ("mass", 1e-3), "kg": ("mass", 1.0), "t": ("mass", 1e3),
    "l": ("volume", 1e-3), "m3": ("volume", 1.0),
    "fraction": ("share", 1.0), "%": ("share", 0.01),
    "k": ("temperature_difference", 1.0),
    "millicore": ("cpu", 1.0), "core": ("cpu", 1e3), "cores": ("cpu", 1e3),
}  # fmt: skip
SYMBOLS = {
    "w": "W", "kw": "kW", "mw": "MW", "gw": "GW", "tr": "TR", "btu/h": "BTU/h",
    "wh": "Wh", "kwh": "kWh", "mwh": "MWh", "gwh": "GWh", "c": "°C", "k": "K", "pa": "Pa",
    "kpa": "kPa", "kib": "KiB", "mib": "MiB", "gib": "GiB", "tib": "TiB", "kb": "KB", "mb": "MB",
    "gb": "GB", "tb": "TB", "fraction": "a fraction",
}  # fmt: skip
"""How units are shown where that differs from their lower-case name."""
# MW and mW differ only in case; milliwatts are no unit of this field, so "mw" is megawatt.
_QUANTITY = re.compile(r"^\s*([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*(\S+)\s*$")


def to_unit(text: str, unit: str) -> float:
    """Convert a string such as ``"0.02 MW"`` to a number in ``unit`` (``"kw"`` gives 20.0).

    Raises ``ValueError`` with a sentence when the text has no number, an unknown unit or a unit
    of another quantity.
    """
    match = _QUANTITY.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a number with a unit")
    number, found = float(match.group(1)), match.group(2).lower().replace("°", "")
    wanted = unit.lower()
    if wanted == "c" and found in ("c", "f", "k"):
        return _to_celsius(number, found)
    if found not in _LINEAR:
        raise ValueError(f"unknown unit {match.group(2)!r}{_known_units(wanted)}")
    if wanted not in _LINEAR or _LINEAR[wanted][0] != _LINEAR[found][0]:
        raise ValueError(f"{match.group(2)!r} is no unit for this{_known_units(wanted)}")
    return number * _LINEAR[found][1] / _LINEAR[wanted][1]


def _known_units(wanted: str) -> str:
    """Say which units can stand where ``wanted`` is needed."""
    if wanted == "c":
        return "; write °C, °F or K"
    quantity = _LINEAR.get(wanted, ("", 0.0))[0]
    known = [SYMBOLS.get(unit, unit) for unit, (kind, _) in _LINEAR.items() if kind == quantity]
    return f"; write {', '.join(known)}" if known else ""


def _to_celsius(number: float, scale: str) -> float:
    if scale == "f":
        return (number - 32.0) * 5.0 / 9.0
    return number - 273.15 if scale == "k" else number


_SUFFIXES = {
    "_kw": "kw", "_w": "w", "_mw": "mw", "_kwh": "kwh", "_c": "c", "_k": "k", "_pa": "pa",
    "_kpa": "kpa", "_m3_s": "m3/s", "_kg_s": "kg/s", "_mib": "mib", "_gib": "gib",
    "_minutes": "min", "_s": "s", "_h": "h", "_fraction": "fraction", "_kg": "kg",
}  # fmt: skip


@lru_cache(maxsize=4096)
def unit_of_field(name: str) -> str | None:
    """Return the unit that a field name ends with, or ``None`` (longest suffix wins)."""
    if "_per_" in name:  # a rate; strings there name a file
        return None
    found = [suffix for suffix in _SUFFIXES if name.endswith(suffix) or name == "fraction"]
    return _SUFFIXES[max(found, key=len)] if found else None
