"""Units of meter values: the factor (and offset) to the canonical unit of a role."""

from __future__ import annotations

from optimiser.schema.roles import Role

_ENERGY = {
    "Wh": 1e-3, "kWh": 1.0, "MWh": 1e3, "GWh": 1e6, "J": 1 / 3.6e6, "kJ": 1 / 3600, "MJ": 1 / 3.6,
    "GJ": 1e3 / 3.6,
}  # fmt: skip
_POWER = {"W": 1e-3, "kW": 1.0, "MW": 1e3, "GW": 1e6}
_VOLUME_M3 = {"L": 1e-3, "m3": 1.0}
_FLOW_M3_H = {
    "L/h": 1e-3, "L/min": 0.06, "L/s": 3.6, "m3/h": 1.0, "m3/s": 3600.0, "m3/min": 60.0,
}  # fmt: skip
_SHARE = {"1": 1.0, "fraction": 1.0, "%": 0.01}
_CARBON = {"kgCO2e/kWh": 1.0, "gCO2e/kWh": 1e-3, "g/kWh": 1e-3, "kg/MWh": 1e-3, "kg/kWh": 1.0}
_TRAFFIC = {"EB": 1.0, "PB": 1e-3, "TB": 1e-6, "GB": 1e-9}
_TEMPERATURE = {"C": (1.0, 0.0), "K": (1.0, -273.15), "F": (5 / 9, -160 / 9)}
_AMOUNTS = {
    "kWh": _ENERGY,
    "m3": _VOLUME_M3,
    "L": {unit: factor * 1e3 for unit, factor in _VOLUME_M3.items()},
    "EB": _TRAFFIC,
    "1": {"1": 1.0},
}
_RATES = {
    "kWh": _POWER,
    "m3": _FLOW_M3_H,
    "L": {unit: factor * 1e3 for unit, factor in _FLOW_M3_H.items()},
    "EB": {},
    "1": {},
}
_LEVELS = {"1": _SHARE, "kgCO2e/kWh": _CARBON, "kW": _POWER}


def known_units(role: Role, kind: str) -> dict[str, tuple[float, float]]:
    """Return the units that fit a role and kind: unit → (factor, offset) to the canonical unit.

    Rates (kind ``power``) become the canonical amount when multiplied by hours. Empty when the
    kind does not fit the role.
    """
    if not role.is_amount:
        if kind != "level":
            return {}
        if role.unit == "degC":
            return _TEMPERATURE
        return {unit: (factor, 0.0) for unit, factor in _LEVELS[role.unit].items()}
    if kind == "level":
        return {}
    table = _RATES if kind == "power" else _AMOUNTS
    return {unit: (factor, 0.0) for unit, factor in table[role.unit].items()}


def canonical_spelling(unit: str) -> str:
    """Return a unit as the tables write it: no degree sign, m³ as m3."""
    text = unit.strip().replace("°", "").replace("³", "3").replace("degC", "C")
    return {"l": "L", "l/h": "L/h", "l/s": "L/s", "l/min": "L/min"}.get(text, text)
