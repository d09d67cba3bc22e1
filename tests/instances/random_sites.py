"""Tiny random sites: small enough to try every placement, mixed enough to hit every rule.

Amounts are small integers and curves are convex with whole watts, so that no answer hangs on the
last digit of a float.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from instances.tiny import GPU_RESOURCES, RESOURCES, tiny

from optimiser.library.site import SiteInput
from optimiser.schema.study import Weights
from optimiser.twin.rules import Rule

Row = dict[str, Any]
Maker = Callable[["Recipe"], Row | None]

KINDS = (
    "domain_capacity", "redundant_feed", "cooling_capacity", "inlet_temperature", "headroom",
    "spread", "anti_affinity", "affinity", "ban", "fence", "require_label", "pin", "drain",
    "quarantine", "preserve", "max_moves", "max_hosts_on",
)  # fmt: skip
POWER_CARDS: Sequence[Row] = (
    {"kind": "ups", "name": "ups", "rating_kw": 4, "no_load_fraction": 0.01,
     "proportional_fraction": 0.02, "square_fraction": 0.01},
    {"kind": "pdu", "name": "pdu", "rating_kw": 2, "no_load_fraction": 0.005,
     "proportional_fraction": 0.01, "square_fraction": 0.02},
    {"kind": "crah", "name": "crah", "rated_cooling_kw": 2, "rated_flow_m3_s": 0.5,
     "rated_fan_kw": 0.05},
)  # fmt: skip


class Recipe:
    """The random choices of one site; ``pick`` and friends draw from one generator."""

    def __init__(self, seed: int, soft: bool, shares: Sequence[int] = ()) -> None:
        self.rng = np.random.default_rng(seed)
        self.soft = soft
        self.num_hosts = self.integer(2, 4)
        self.num_workloads = self.integer(3, 7 if self.num_hosts < 4 else 6)
        self.num_steps = self.integer(1, 3)
        self.num_racks = self.integer(1, min(3, self.num_hosts))
        self.has_power = self.chance(0.45)
        self.has_cooling = self.chance(0.4)
        self.has_gpus = self.chance(0.25) or bool(shares)
        self.shares = shares or (0, 0, 30, 50, 100)
        self.services = [f"s{i}" for i in range(self.integer(1, 3))]

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]

    def host(self) -> str:
        return f"h{self.integer(1, self.num_hosts)}"

    def some_hosts(self) -> Row:
        count = self.integer(1, max(1, self.num_hosts - 1))
        chosen = self.rng.choice(self.num_hosts, count, replace=False)
        return {"names": [f"h{int(i) + 1}" for i in sorted(chosen)]}

    def some_workloads(self) -> Row:
        if self.chance(0.4):
            return {"services": [self.pick(self.services)]}
        count = self.integer(1, 2)
        chosen = self.rng.choice(self.num_workloads, count, replace=False)
        return {"names": [f"w{int(i) + 1}" for i in sorted(chosen)]}


def random_site(
    seed: int,
    *,
    soft: bool = False,
    kinds: Sequence[str] = KINDS,
    more: Callable[[Recipe], Row] | None = None,
    shares: Sequence[int] = (),
) -> tuple[SiteInput, xr.Dataset, list[Rule]]:
    """Return the site, twin and rules of a seed; ``soft`` lets some rules carry a price.

    2–4 hosts of up to two kinds, 3–7 workloads (some new, some misplaced), 1–3 steps, one to four
    policies of ``kinds``; a power chain, cooling and shared devices now and then. ``more`` gets the
    choices of the site with a generator of its own, and may add ``policies`` and other options;
    ``arriving`` are the workloads that do not run yet. With ``shares`` there are devices, of which
    workloads ask for one of those percentages.
    """
    recipe = Recipe(seed, soft, shares)
    policies = _policies(recipe, kinds)
    options: Row = {
        "cards": [*_servers(recipe), *POWER_CARDS],
        "resources": GPU_RESOURCES if recipe.has_gpus else RESOURCES,
        "racks": _racks(recipe),
        "demand": {"wave": [recipe.pick([0.3, 0.5, 0.8, 1.0]) for _ in range(recipe.num_steps)]},
        "environment": {
            "price_per_kwh": recipe.pick([0.1, 0.2, 0.3]),
            "carbon_g_per_kwh": recipe.pick([0.0, 100.0, 400.0]),
        },
        "weights": random_weights(seed).model_dump(),
    }
    if recipe.has_power:
        options["power"] = _power(recipe)
    if recipe.has_cooling:
        options["cooling"] = _cooling(recipe)
    hosts = _own_on_costs(_hosts(recipe), seed)
    workloads = _workloads(recipe, hosts)
    if more is not None:
        other = copy.copy(recipe)
        other.rng = np.random.default_rng([seed, 3])
        added = more(other)
        policies = [*added.pop("policies"), *policies]
        arriving = added.pop("arriving", ())
        workloads = [
            {**row, "host": None if index in arriving else row["host"]}
            for index, row in enumerate(workloads)
        ]
        options |= added
    site_input, twin, rules = tiny(hosts, workloads, policies, **options)
    if any(p["kind"] == "not_worse" and not p["policies"] for p in policies):
        twin.attrs["capacity_not_worse"] = True
    return site_input, twin, rules


def random_weights(seed: int) -> Weights:
    """Return the weights that go with a seed."""
    rng = np.random.default_rng([seed, 1])
    return Weights(
        host_on_cost_per_h=float(rng.choice([0.0, 0.004, 0.02])),
        move_cost=float(rng.choice([0.0, 0.02, 0.5])),
        move_cost_per_gib=0.0,
        hold_days=float(rng.choice([1.0, 30.0])),
        embodied=seed % 4 == 1,
        energy_bill=float(rng.choice([1.0, 1.0, 0.0, 2.0])),
        energy_per_kwh=float(rng.choice([0.0, 0.1])),
        water_per_m3=float(rng.choice([0.0, 5.0])),
    )


def _servers(recipe: Recipe) -> list[Row]:
    """Return two kinds of servers with convex curves in whole watts."""
    cards = []
    for name in ("small", "large"):
        idle, step, bend = recipe.integer(40, 120), recipe.integer(2, 8), recipe.integer(0, 2)
        curve = [idle + step * i + bend * i * (i - 1) // 2 for i in range(11)]
        cpu = 10 * recipe.integer(4, 8) * (2 if name == "large" else 1)
        card: Row = {
            "kind": "server", "name": name, "curve_w": curve, "standby_w": recipe.integer(0, 8),
            "capacity": {"cpu": cpu, "memory": 10 * recipe.integer(6, 20)},
            "rack_units": recipe.integer(1, 2),
            "embodied_kgco2e": 3000.0 if name == "large" else None,
            "labels": {"tier": name, "sockets": "2" if name == "large" else "1"},
        }  # fmt: skip
        if recipe.has_gpus:
            count = recipe.integer(1, 2)
            card["capacity"]["gpu"] = 100 * count
            card["gpus"] = {"model": name, "count": count, "idle_w": 10, "max_w": 60}
        cards.append(card)
    return cards


def _hosts(recipe: Recipe) -> list[Row]:
    rows = []
    for index in range(recipe.num_hosts):
        state = recipe.pick(["on", "on", "on", "on", "off", "off", "maintenance"])
        rack = index if index < recipe.num_racks else recipe.integer(0, recipe.num_racks - 1)
        rows.append(
            {"rack": f"r{rack + 1}", "card": recipe.pick(["small", "large"]), "state": state,
             "labels": f"disk={recipe.pick(['ssd', 'hdd'])}" + HOST_LABELS[index % 4]}
        )  # fmt: skip
    return rows


def _own_on_costs(hosts: list[Row], seed: int) -> list[Row]:
    """Return the hosts of every third seed with a cost of their own for some of them."""
    if seed % 3:
        return hosts
    cost = np.random.default_rng([seed, 2]).choice([np.nan, 0.0, 0.01, 0.05], len(hosts))
    return [{**host, "on_cost_per_h": float(c)} for host, c in zip(hosts, cost, strict=True)]


def _workloads(recipe: Recipe, hosts: Sequence[Row]) -> list[Row]:
    rows = []
    running = [f"h{i + 1}" for i, host in enumerate(hosts) if host["state"] != "off"]
    alike = [(10 * recipe.integer(1, 4), 10 * recipe.integer(0, 4)) for _ in range(2)]
    for index in range(recipe.num_workloads):
        cpu, memory = recipe.pick(alike)
        gpu = recipe.pick(recipe.shares) if recipe.has_gpus else 0
        rows.append(
            {"name": f"w{index + 1}", "service": recipe.pick(recipe.services), "cpu": cpu,
             "memory": memory, "gpu": gpu, "profile": recipe.pick(["", "wave"]),
             "labels": _disk(recipe) + WORKLOAD_LABELS[index % 4],
             "host": recipe.pick(running) if running and recipe.chance(0.85) else None}
        )  # fmt: skip
    return rows


def _disk(recipe: Recipe) -> str:
    return f"disk={recipe.pick(['ssd', 'hdd', 'ssd|hdd'])}"


def _racks(recipe: Recipe) -> list[Row]:
    rows = []
    for index in range(recipe.num_racks):
        row: Row = {"name": f"r{index + 1}", "row": f"row{index % 2}", "units": 3.0}
        if recipe.chance(0.7):
            row["power_limit_kw"] = recipe.integer(15, 60) / 100
        if recipe.has_power:
            row |= {"pdu_a": "PA", "pdu_b": "" if recipe.chance(0.2) else "PB"}
        if recipe.has_cooling:
            row |= {"zone": recipe.pick(["Z1", "Z1", "Z2"]), "airflow_m3_s": 0.05}
        rows.append(row)
    return rows


def _power(recipe: Recipe) -> Row:
    ratings = [recipe.integer(40, 110) / 100 for _ in range(2)]
    return {
        "feeds": [{"name": "A", "rating_kw": ratings[0]}, {"name": "B", "rating_kw": ratings[1]}],
        "ups": [{"name": f"U{s}", "card": "ups", "feed": s} for s in "AB"],
        "pdus": [{"name": f"P{s}", "card": "pdu", "ups": f"U{s}"} for s in "AB"],
    }


def _cooling(recipe: Recipe) -> Row:
    zone = {"crah": "crah", "crah_count": 1, "supply_air_c": 20.0}
    return {"zones": [{"name": "Z1", **zone}, {"name": "Z2", **zone}]}


def _policies(recipe: Recipe, kinds: Sequence[str]) -> list[Row]:
    """Return one to four policies, each named after its kind, and perhaps a ``not_worse``."""
    found: list[Row] = []
    for index in range(recipe.integer(1, 4)):
        kind = recipe.pick(kinds)
        policy = MAKERS[kind](recipe)
        if policy is None:
            continue
        policy |= {"kind": kind, "name": f"{kind}-{index}"}
        if recipe.soft and recipe.chance(0.3):
            policy["soft"] = {"weight": recipe.integer(1, 20) / 100}
        found.append(policy)
    if recipe.chance(0.25):
        found.append({"kind": "not_worse", "name": "lenient", "policies": []})
    return found


def _domain_capacity(recipe: Recipe) -> Row:
    resource = recipe.pick(["power", "power", "space", "cpu", "memory"])
    levels = ["rack", "row", "site"]
    if resource == "power" and recipe.has_power:
        levels += ["pdu", "ups", "feed"]
    policy: Row = {"domain": recipe.pick(levels), "resource": resource}
    if recipe.chance(0.6):
        policy["limit"] = {
            "power": recipe.integer(20, 90) / 100, "space": recipe.integer(1, 4),
            "cpu": 10 * recipe.integer(4, 14), "memory": 10 * recipe.integer(4, 14),
        }[resource]  # fmt: skip
    return policy | {"limit_fraction": recipe.pick([1.0, 0.75])}


def _spread(recipe: Recipe) -> Row:
    policy: Row = {"domain": recipe.pick(["host", "rack", "row"])}
    bound = recipe.pick(["min_domains", "max_per_domain", "max_per_domain_fraction", "max_skew"])
    value = recipe.pick([0.4, 0.5, 0.7]) if bound.endswith("fraction") else recipe.integer(1, 2)
    return policy | {bound: value}


HOST_LABELS = (
    ";country=DE;access=DE;pod=p1", ";country=CH;access=CH|IN;pod=p2",
    ";country=US;met=dpf;access=US", ";access=DE;pod=p1",
)  # fmt: skip
WORKLOAD_LABELS = (";data_class=health;users=par", ";data_class=mail", "", ";users=par|rome")


MAKERS: dict[str, Maker] = {
    "domain_capacity": _domain_capacity,
    "redundant_feed": lambda r: {"level": r.pick(["feed", "ups", "pdu"])} if r.has_power else None,
    "cooling_capacity": lambda r: {"redundant": False} if r.has_cooling else None,
    "inlet_temperature": lambda r: (
        {"limit_c": 20.0 + r.integer(10, 60) / 100} if r.has_cooling else None
    ),
    "headroom": lambda r: {
        "resource": r.pick(["cpu", "memory"]), "fraction": r.pick([0.0, 0.1, 0.25]),
        "amount": r.pick([0, 10]), "domain": r.pick(["host", "rack", "site", "site"]),
    },
    "spread": _spread,
    "anti_affinity": lambda r: {
        "workloads": r.some_workloads(), "each": r.pick(["service", "all"]),
        "domain": r.pick(["host", "host", "rack"]),
    },
    "affinity": lambda r: {
        "workloads": r.some_workloads(), "each": r.pick(["service", "all"]),
        "domain": r.pick(["host", "rack", "row"]),
    },
    "ban": lambda r: {"workloads": r.some_workloads(), "hosts": r.some_hosts()},
    "fence": lambda r: {"workloads": r.some_workloads(), "hosts": r.some_hosts()},
    "require_label": lambda r: (
        {"label": "disk"} if r.chance(0.5)
        else {"label": "tier", "values": ["large"], "workloads": r.some_workloads()}
    ),
    "pin": lambda r: {"workloads": r.some_workloads(), "host": r.host()},
    "drain": lambda r: {"hosts": {"names": [r.host()]}},
    "quarantine": lambda r: {"hosts": {"names": [r.host()]}},
    "preserve": lambda r: {"workloads": r.some_workloads()},
    "max_moves": lambda r: {"limit": r.integer(0, r.num_workloads)},
    "max_hosts_on": lambda r: {"limit": r.integer(1, r.num_hosts)},
}  # fmt: skip
