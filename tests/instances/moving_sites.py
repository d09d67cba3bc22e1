"""Tiny random sites with needs, transit, domains by label, and prices of loads and moves."""

from __future__ import annotations

from typing import Any

import xarray as xr
from instances.random_sites import Recipe
from instances.tiny import tiny

from optimiser.schema.study import Weights
from optimiser.twin.rules import Rule

Row = dict[str, Any]
KINDS = (
    "dependency", "dependency", "transient_capacity", "transient_capacity", "spread",
    "anti_affinity", "affinity", "max_moves",
)  # fmt: skip
PLACE = {"label": "place"}


def moving_site(
    seed: int, *, soft: bool = False, energy: bool = True
) -> tuple[xr.Dataset, list[Rule], Weights]:
    """Return the twin, the rules and the weights of a seed; without ``energy`` it has no price.

    2–4 hosts, 3–7 workloads of which most run today, 1–3 steps, one to four policies.
    """
    recipe = Recipe(seed, soft)
    weights = moving_weights(recipe, energy)
    price = 0.2 if energy else 0.0
    options: Row = {
        "services": [{"name": name, "needs": _needs(recipe, name)} for name in recipe.services],
        "demand": {"wave": [recipe.pick([0.3, 0.5, 0.8, 1.0]) for _ in range(recipe.num_steps)]},
        "environment": {"price_per_kwh": price, "carbon_g_per_kwh": 0.0},
        "weights": weights.model_dump(),
    }
    if recipe.chance(0.7):
        options["move_costs"] = _move_costs(recipe)
    _, twin, rules = tiny(_hosts(recipe), _workloads(recipe), _policies(recipe), **options)
    return twin, rules, weights


def moving_weights(recipe: Recipe, energy: bool) -> Weights:
    """Return weights in whole numbers, so that sums are exact."""
    balance = {"resource": "memory", "per": "cpu", "ratio": recipe.integer(1, 12), "price": 1}
    return Weights.model_validate(
        {
            "host_on_cost_per_h": 0.5 if energy else 0.0,
            "move_cost": recipe.pick([0.0, 3.0]),
            "move_cost_per_gib": 0.0,
            "hold_days": recipe.num_steps / 24,
            "safety": [{"resource": "cpu", "price": 2}] if recipe.chance(0.7) else [],
            "balance": [balance] if recipe.chance(0.7) else [],
            "service_move_cost": recipe.pick([0, 0, 25]),
            "host_move_weight": recipe.pick([1, 2]),
        }
    )


def _needs(recipe: Recipe, name: str) -> str:
    return ";".join(other for other in recipe.services if other != name and recipe.chance(0.4))


def _hosts(recipe: Recipe) -> list[Row]:
    cpu = [10 * recipe.integer(4, 9) for _ in range(recipe.num_hosts)]
    return [
        {
            "rack": f"r{1 + index % recipe.num_racks}",
            "cpu": amount,
            "cpu_safety": amount // 2,
            "memory": 100 * recipe.integer(3, 9),
            "labels": f"place=p{recipe.integer(1, 2)}" if recipe.chance(0.9) else "",
            "move_class": ["left", "right"][index % 2],
        }
        for index, amount in enumerate(cpu)
    ]


def _move_costs(recipe: Recipe) -> list[Row]:
    pairs = [("left", "right"), ("right", "left"), ("left", "left")]
    return [{"source": s, "target": t, "cost": 5 * recipe.integer(1, 4)} for s, t in pairs]


def _workloads(recipe: Recipe) -> list[Row]:
    return [
        {
            "name": f"w{index + 1}",
            "service": recipe.pick(recipe.services),
            "cpu": 10 * recipe.integer(1, 4),
            "memory": 50 * recipe.integer(0, 4),
            "profile": recipe.pick(["", "wave"]),
            "host": recipe.host() if recipe.chance(0.9) else None,
        }
        for index in range(recipe.num_workloads)
    ]


def _policies(recipe: Recipe) -> list[Row]:
    found: list[Row] = []
    for index in range(recipe.integer(1, 4)):
        kind = recipe.pick(KINDS)
        policy = _policy(recipe, kind) | {"kind": kind, "name": f"{kind}-{index}"}
        if recipe.soft and recipe.chance(0.3):
            policy["soft"] = {"weight": recipe.integer(1, 20)}
        found.append(policy)
    if recipe.chance(0.3):
        names = [p["name"] for p in found if p["kind"] != "max_moves"]
        if names:
            found.append({"kind": "not_worse", "name": "lenient", "policies": names})
    return found


def _policy(recipe: Recipe, kind: str) -> Row:
    if kind == "dependency":
        some = recipe.chance(0.3)
        needs = [recipe.pick(recipe.services)] if recipe.chance(0.5) else []
        domain = recipe.pick([PLACE, "rack", "host"])
        return {"domain": domain, "needs": needs} | (
            {"workloads": recipe.some_workloads()} if some else {}
        )
    if kind == "transient_capacity":
        return {"resources": recipe.pick([["cpu"], ["memory"], []])}
    if kind == "spread":
        return {"domain": PLACE, "min_domains": 2}
    if kind == "max_moves":
        return {"limit": recipe.integer(1, recipe.num_workloads)}
    return {"workloads": recipe.some_workloads(), "each": "service", "domain": PLACE}
