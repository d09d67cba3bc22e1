"""Equipment cards and structure that generated sites share: power chain, air handlers, plant."""

from __future__ import annotations

import math
from typing import Any

_SOURCE = "engineering default, shaped like makers' curves; not a product"


def transformer_card(
    rating_kw: float, efficiency: float, at_load: float = 0.35, source: str = "10 CFR 431.196"
) -> dict[str, Any]:
    """Return a transformer card from its efficiency at its best load.

    There no-load and load loss are equal: a = (1/η − 1)·x/2, c = (1/η − 1)/(2·x).
    """
    loss = 1 / efficiency - 1
    return {
        "kind": "transformer",
        "name": f"transformer-{rating_kw:g}",
        "title": f"Transformer {rating_kw:g} kVA",
        "source": f"{source}: {efficiency:.2%} at {at_load:.0%} load",
        "rating_kw": rating_kw,
        "no_load_fraction": round(loss * at_load / 2, 6),
        "proportional_fraction": 0.0,
        "square_fraction": round(loss / (2 * at_load), 6),
    }


def ups_card(rating_kw: float) -> dict[str, Any]:
    """Return a modern double-conversion UPS: 95.4 % at a quarter, 96.5 % at half load."""
    return {
        "kind": "ups",
        "name": f"ups-{rating_kw:g}",
        "title": f"Transformerless double-conversion UPS {rating_kw:g} kW",
        "source": _SOURCE,
        "rating_kw": rating_kw,
        "no_load_fraction": 0.008,
        "proportional_fraction": 0.012,
        "square_fraction": 0.016,
    }


def pdu_card(name: str, rating_kw: float, title: str) -> dict[str, Any]:
    """Return a rack PDU without transformer."""
    return {
        "kind": "pdu",
        "name": name,
        "title": title,
        "source": _SOURCE,
        "rating_kw": rating_kw,
        "no_load_fraction": 0.002,
        "proportional_fraction": 0.0,
        "square_fraction": 0.005,
    }


def crah_card(cooling_kw: float) -> dict[str, Any]:
    """Return an air handler: 11 K of air-side temperature fall, 500 Pa at 65 % efficiency."""
    flow_m3_s = round(cooling_kw / (1.19 * 1.005 * 11.0), 2)
    return {
        "kind": "crah",
        "name": f"crah-{cooling_kw:g}",
        "title": f"Chilled-water air handler {cooling_kw:g} kW",
        "source": _SOURCE,
        "rated_cooling_kw": cooling_kw,
        "rated_flow_m3_s": flow_m3_s,
        "rated_fan_kw": round(flow_m3_s * 0.5 / 0.65, 2),
    }


def plant_cards(chiller_kw: float) -> list[dict[str, Any]]:
    """Return a small chiller for warm water and a tower cell that carries its heat."""
    return [
        {
            "kind": "chiller",
            "name": f"chiller-{chiller_kw:g}",
            "title": f"Water-cooled scroll chiller {chiller_kw:g} kW",
            "source": _SOURCE,
            "notes": "Carnot ratio, because published curve sets stop at 12.8 °C leaving water",
            "rated_cooling_kw": chiller_kw,
            "rated_cop": 6.6,
            "reference_evaporator_c": 18.0,
            "reference_condenser_c": 32.0,
            "part_load_curve": [0.05, 0.65, 0.3],
            "valid_condenser_c": [12.0, 40.0],
            "carnot": {"efficiency": 0.42},
        },
        {
            "kind": "tower",
            "name": f"tower-{chiller_kw * 1.25:g}",
            "title": f"Cooling tower {chiller_kw * 1.25:g} kW",
            "source": _SOURCE,
            "rated_heat_kw": chiller_kw * 1.25,
            "rated_fan_kw": round(chiller_kw * 1.25 * 0.015, 2),
        },
    ]


def two_feeds(transformer: str, ups: str, ups_modules: int = 1) -> dict[str, Any]:
    """Return two feeds with one UPS each; PDUs are in their table."""
    return {
        "feeds": [{"name": side, "transformer": transformer} for side in "AB"],
        "ups": [
            {"name": f"ups-{side.lower()}", "card": ups, "feed": side}
            | ({"count": ups_modules} if ups_modules > 1 else {})
            for side in "AB"
        ],
    }


def plant(chiller: str, chiller_kw: float, tower: str, heat_kw: float) -> dict[str, Any]:
    """Return a plant for ``heat_kw`` with one chiller and one tower cell to spare."""
    needed = math.ceil(heat_kw / chiller_kw)
    return {
        "chiller": chiller,
        "chiller_count": needed + 1,
        "chiller_redundant": 1,
        "chilled_water_c": 18.0,
        "tower": tower,
        "tower_count": needed + 1,
        "chilled_water_pump": "pump-chilled-water",
        "condenser_pump": "pump-condenser",
        "economiser": "waterside",
    }
