"""Parts of sites whose source knows no energy: what counts is hosts, or moves, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RACK = "all"
ENVIRONMENT = {"price_per_kwh": 0.0, "carbon_g_per_kwh": 0.0, "water_price_per_m3": 0.0}
NO_CURRENCY = "XXX"
"""Code of ISO 4217 for transactions without a currency."""


def powerless_card(name: str, capacity: dict[str, int], **fields: Any) -> dict[str, Any]:
    """Return a server card that draws nothing, on or off."""
    return {
        "kind": "server",
        "name": name,
        "notes": "The source knows no power.",
        "curve_w": [0.0] * 11,
        "standby_w": 0.0,
        "capacity": capacity,
        **fields,
    }


def resources(names: Sequence[str], units: Sequence[str], drives: int = 0) -> list[dict[str, Any]]:
    """Return resources; the one at position ``drives`` measures a host's load."""
    found: list[dict[str, Any]] = []
    for index, (name, unit) in enumerate(zip(names, units, strict=True)):
        given = {"name": name, "unit": unit, "drives_power": index == drives}
        found.append({key: value for key, value in given.items() if value})
    return found


def cost_study(name: str) -> dict[str, Any]:
    """Return a study in which a plan costs what its hosts cost in an hour, and nothing else."""
    return {
        "format": "dcopt.study/1",
        "name": name,
        "horizon": {"hours": 1.0},
        "weights": {**_nothing(), "move_cost": 0.0, "host_on_cost_per_h": 0.0},
    }


def moves_study(name: str) -> dict[str, Any]:
    """Return a study in which a plan costs the number of its moves, and nothing else."""
    return {
        "format": "dcopt.study/1",
        "name": name,
        "horizon": {"hours": 24.0, "step_minutes": 1440},
        # a plan in force for as long as the horizon pays for whole moves
        "weights": {**_nothing(), "move_cost": 1.0, "host_on_cost_per_h": 0.0, "hold_days": 1.0},
    }


def _nothing() -> dict[str, Any]:
    return {"carbon_price_per_t": 0.0, "water": False, "move_cost_per_gib": 0.0}


def site_name(path: Path) -> str:
    """Return a site's name made from a file's: the part before the first dot, in safe letters."""
    stem = path.name.split(".")[0]
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem)
    return kept.strip("-") or "site"


def numbered(word: str, count: int) -> list[str]:
    """Return names such as ``item-001``, as wide as the largest number."""
    width = max(1, math.ceil(math.log10(count + 1)))
    return [f"{word}-{number:0{width}d}" for number in range(1, count + 1)]
