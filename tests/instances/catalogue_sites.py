"""Tiny random sites with the further kinds of the catalogue, beside the usual ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import xarray as xr
from instances.random_sites import Recipe, random_site

from optimiser.twin.rules import Rule

Row = dict[str, Any]


PRICED = ("assign", "group_together_or_not_at_all")
"""Kinds that say by themselves whether they have a price."""


def catalogue_site(
    seed: int, *, soft: bool = False, kinds: Sequence[str] = (), shares: Sequence[int] = ()
) -> tuple[xr.Dataset, list[Rule]]:
    """Return the twin and the rules of a seed: one or two further ``kinds`` on a random site."""

    def more(recipe: Recipe) -> Row:
        return _more(recipe, kinds or KINDS)

    _, twin, rules = random_site(seed, soft=soft, more=more, shares=shares)
    return twin, rules


def _more(recipe: Recipe, kinds: Sequence[str]) -> Row:
    found = []
    for index in range(recipe.integer(1, 2)):
        kind = recipe.pick(kinds)
        policy = MAKERS[kind](recipe) | {"kind": kind, "name": f"{kind}-{index}-more"}
        if (
            kind not in (*PRICED, "safety_capacity", "disruption_budget", "availability")
            and recipe.soft
            and recipe.chance(0.3)
        ):
            policy["soft"] = {"weight": recipe.integer(1, 20) / 100}
        found.append(policy)
        if kind == "group_together_or_not_at_all":
            found.append({"kind": "assign", "name": f"wait-{index}", **_assign(recipe)})
    arriving: list[int] = []
    if {policy["kind"] for policy in found} & set(PRICED):
        arriving = [i for i in range(recipe.num_workloads) if recipe.chance(0.5)]
    country = {"arriving": arriving, "location": {"country": recipe.pick(["", "FR"])}}
    services = [_service(recipe, name) for name in recipe.services]
    for policy in found:  # drawn last, so that seeds found before stay what they were
        if policy["kind"] == "availability" and recipe.soft and recipe.chance(0.4):
            policy["soft"] = {"weight": recipe.pick([1e-6, 1e-5, 1e-4, 1e-3])}
    return {"policies": found, **country, "services": services}


def _service(recipe: Recipe, name: str) -> Row:
    return {"name": name, "tenant": recipe.pick(["red", "blue", ""])}


def _each(recipe: Recipe) -> Row:
    return {"each": recipe.pick(["service", "tenant", "all", {"label": "disk"}]), **_some(recipe)}


def _some(recipe: Recipe) -> Row:
    return {"workloads": recipe.some_workloads()} if recipe.chance(0.3) else {}


def _move_budget(recipe: Recipe) -> Row:
    if recipe.chance(0.5):
        return {"measure": "gib", "limit": recipe.pick([0, 0.02, 0.04, 0.08]), **_some(recipe)}
    return {"measure": "cost", "limit": recipe.pick([0.0, 0.03, 0.5, 1.2]), **_some(recipe)}


def _residency(recipe: Recipe) -> Row:
    allow = recipe.pick([["EEA"], ["DE"], ["EU", "adequacy"], ["adequacy"], []])
    health = {"name": "health", "allow": allow, "special": recipe.chance(0.5)}
    mail = {"name": "mail", "deny": recipe.pick([[], ["US"], ["EU"]])}
    return {
        "classes": [health, mail], **_some(recipe),
        "access_label": recipe.pick(["", "", "access"]),
        "condition_label": recipe.pick(["", "met"]),
    }  # fmt: skip


def _latency(recipe: Recipe) -> Row:
    ways = [("p1", "par", 4), ("p2", "par", 9), ("p1", "rome", 11), ("p2", "rome", 3)]
    return {
        "limit_ms": recipe.pick([4, 9, 12]), "users": recipe.pick([[], ["par"], ["p1"]]),
        "distances": [{"a": a, "b": b, "ms": ms} for a, b, ms in ways],
    }  # fmt: skip


def _service_latency(recipe: Recipe) -> Row:
    label = recipe.pick(["pod", "country", "disk"])
    ends = {"pod": ["p1", "p2"], "country": ["DE", "CH", "US"], "disk": ["ssd", "hdd"]}[label]
    ways = [
        {"a": a, "b": b, "ms": recipe.pick([2, 5, 8])}
        for i, a in enumerate(ends)
        for b in ends[i + 1 :]
        if recipe.chance(0.85)
    ]
    named = [recipe.pick(recipe.services) for _ in range(recipe.integer(1, 2))]
    return {
        "limit_ms": recipe.pick([1, 4, 6]), "services": named, "place_label": label,
        "near_to": recipe.pick(["any", "all"]), "inside_ms": recipe.pick([0, 0, 0.5, 3]),
        "distances": ways, **_some(recipe),
    }  # fmt: skip


def _combined(recipe: Recipe, kinds: Sequence[str]) -> Row:
    makers = {"ban": _banned, "fence": _banned, "residency": _residency, "latency": _latency}
    return {
        "rules": [
            {**makers[kind](recipe), "kind": kind, "name": f"part-{index}"}
            for index, kind in enumerate(recipe.pick(kinds) for _ in range(2))
        ]
    }


def _assign(recipe: Recipe) -> Row:
    return {"soft": {"weight": recipe.pick([0.001, 0.01, 0.03, 5.0])}, **_some(recipe)}


def _banned(recipe: Recipe) -> Row:
    return {"workloads": recipe.some_workloads(), "hosts": recipe.some_hosts()}


def _availability(recipe: Recipe) -> Row:
    figures = [
        {"name": "room", "failures_per_year": recipe.pick([10, 30]), "repair_h": 8},
        {"name": "box", "failures_per_year": recipe.pick([0, 1, 4]), "repair_h": 24},
    ]
    needed = recipe.pick([{}, {}, {"needed_fraction": 0.5}, {"needed_fraction": 1.0}])
    return {
        "target": recipe.pick([0.9, 0.95, 0.97, 0.98, 0.99, 0.995]), "figures": figures,
        "components": ["room"], "server": "box", "common_cause": recipe.pick([0.0, 0.05]),
        "domain": recipe.pick(["host", "rack", "row", {"label": "disk"}]), **needed,
        **_some(recipe),
    }  # fmt: skip


def _flow(recipe: Recipe) -> Row:
    names = recipe.services if len(recipe.services) > 1 else [*recipe.services, "other"]
    traffic = []
    for _ in range(recipe.integer(1, 2)):
        sender = recipe.pick(names)
        receiver = recipe.pick([name for name in names if name != sender])
        rate = recipe.pick([30, 60, 100])
        traffic.append({"sender": sender, "receiver": receiver, "mbit_s": rate})
    domain = recipe.pick(["host", "host", "rack", "row", {"label": "disk"}])
    return {"traffic": traffic, "limit_mbit_s": recipe.pick([0, 10, 20, 34, 50]), "domain": domain}


def _routing(recipe: Recipe) -> Row:
    ends = {"pod": ["p1", "p2"], "country": ["DE", "CH", "US"], "disk": ["ssd", "hdd"]}
    label = recipe.pick(list(ends))
    pairs = [(a, b) for i, a in enumerate(ends[label]) for b in ends[label][i + 1 :]]
    ways = [{"a": a, "b": b, "ms": recipe.pick([2, 5, 8])} for a, b in pairs]
    names = recipe.services if len(recipe.services) > 1 else [*recipe.services, "other"]
    routes = []
    for _ in range(recipe.integer(1, 2)):
        sender = recipe.pick(names)
        receiver = recipe.pick([name for name in names if name != sender])
        routes.append({"sender": sender, "receiver": receiver})
    return {
        "routes": routes, "limit_ms": recipe.pick([1, 2, 3, 4, 6]), "place_label": label,
        "inside_ms": recipe.pick([0, 0, 0.5, 3]), "unknown_ms": recipe.pick([10, 1000]),
        "distances": [way for way in ways if recipe.chance(0.9)],
        **recipe.pick([{}, {"percentile": 50}, {"percentile": 70}, {"percentile": 99}]),
    }  # fmt: skip


def _budget(recipe: Recipe) -> Row:
    steps = recipe.num_steps
    ranges = {
        "energy": (10, 90), "carbon": (1, 30), "cost": (1, 25), "power": (10, 80), "water": (0, 1),
    }  # fmt: skip
    measure = recipe.pick(["energy", "energy", "carbon", "cost", "power", "power", "water"])
    low, high = ranges[measure]
    hours = recipe.pick([{}, {}, {"from_hour": 1}, {"from_hour": 23, "until_hour": 1}])
    limit = recipe.integer(low, high) / 100 * (1 if measure == "power" else steps)
    per = {"per": "day", "limit": limit * 24 / steps} if recipe.chance(0.2) else {}
    return {"measure": measure, "limit": limit, **hours, **per}


MAKERS: dict[str, Callable[[Recipe], Row]] = {
    "budget": _budget,
    "flow": _flow,
    "routing_latency": _routing,
    "availability": _availability,
    "residency": _residency,
    "latency": lambda r: _service_latency(r) if r.chance(0.7) else _latency(r),
    "safety_capacity": lambda r: {
        "resource": r.pick(["cpu", "memory"]), "fraction": r.pick([0.2, 0.5, 0.8]),
        "soft": {"weight": r.pick([0.0001, 0.001, 0.05])},
        **({"hosts": r.some_hosts()} if r.chance(0.3) else {}),
    },
    "assign": _assign,
    "group_together_or_not_at_all": _each,
    "disruption_budget": lambda r: (
        r.pick([{"never_evict": True}, {"min_up": r.integer(1, 2)}, {"min_up_fraction": 0.6}])
        | {"workloads": r.some_workloads(), "each": r.pick(["service", "tenant", "all"])}
    ),
    "any_of": lambda r: _combined(r, ["ban", "fence", "residency", "latency"]),
    "all_of": lambda r: _combined(r, ["ban", "fence", "latency"]),
    "min_hosts_on": lambda r: (
        {"limit": r.integer(1, r.num_hosts)}
        | ({"hosts": r.some_hosts()} if r.chance(0.4) else {})
    ),
    "max_moves_per_service": lambda r: {"limit": r.integer(0, 2), **_some(r)},
    "move_budget": _move_budget,
    "group_count": lambda r: {
        "limit": r.integer(1, 2), "domain": r.pick(["host", "rack", "row"]), **_each(r),
    },
    "group_capacity": lambda r: {
        "resource": r.pick(["cpu", "memory"]), "domain": r.pick(["host", "rack", "row", "site"]),
        **_each(r), **r.pick([{"limit": 10 * r.integer(2, 8)}, {"limit_fraction": 0.5}]),
    },
    "isolation_limit": lambda r: {
        "limit": r.integer(1, 2), "domain": r.pick(["host", "rack", {"label": "disk"}]), **_each(r),
    },
    "isolation": lambda r: {"domain": r.pick(["host", "host", "rack"]), **_each(r)},
    "presence_overhead": lambda r: {
        "resource": r.pick(["cpu", "memory"]), "amount": 10 * r.integer(1, 3), **_each(r),
    },
    "response_time": lambda r: {
        "service_ms": 10, "limit_ms": r.pick([12, 16, 20, 30, 60]), "server_size": 40, **_some(r),
        **r.pick([{}, {}, {"queue": "mmc"}, {"queue": "mmc", "percentile": 50, "limit_ms": 20}]),
    },
    "free_units": lambda r: {
        "size": r.pick([{"cpu": 20}, {"memory": 30}, {"cpu": 30, "memory": 20}]),
        "count": r.integer(1, 5), "domain": r.pick(["host", "rack", "site", {"label": "disk"}]),
        **({"hosts": r.some_hosts()} if r.chance(0.3) else {}),
    },
    "survive_domain": lambda r: {
        "domain": r.pick(["host", "rack", "row", {"label": "disk"}]),
        "resources": r.pick([["cpu"], ["memory"], []]),
    },
    "licence": lambda r: {
        "limit": r.integer(1, 3), "workloads": r.some_workloads(),
        "units_label": r.pick(["", "sockets"]),
    },
}  # fmt: skip
KINDS = tuple(MAKERS)
