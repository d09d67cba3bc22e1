"""Sites of a dozen hosts from ``tiny()``: too large for brute force, large enough to search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from instances.tiny import tiny

from optimiser.library.site import SiteInput
from optimiser.twin.rules import Rule

Row = dict[str, Any]
LARGE: Row = {
    "kind": "server", "name": "large", "standby_w": 8.0,
    "curve_w": [90, 130, 150, 172, 196, 222, 250, 280, 312, 346, 382],
    "capacity": {"cpu": 200, "memory": 2000},
}  # fmt: skip
POLICIES: Sequence[Row] = (
    {"kind": "domain_capacity", "name": "rack-power", "domain": "rack", "resource": "power"},
    {"kind": "headroom", "name": "reserve", "resource": "cpu", "fraction": 0.1},
    {"kind": "anti_affinity", "name": "apart", "workloads": {"services": ["s1"]}},
    {"kind": "spread", "name": "over-racks", "domain": "rack", "max_per_domain_fraction": 0.5,
     "workloads": {"services": ["s2"]}},
)  # fmt: skip


def medium_parts(
    seed: int = 0, num_hosts: int = 10, num_workloads: int = 30, steps: int = 6
) -> tuple[list[Row], list[Row], list[Row], Row]:
    """Return hosts, workloads, policies and options for ``tiny()``; all workloads differ."""
    rng = np.random.default_rng([seed, 77])
    hosts = [
        {"name": f"h{i + 1}", "rack": f"r{i % 4 + 1}", "card": "large" if i % 2 else "plain"}
        for i in range(num_hosts)
    ]
    workloads = [
        {"name": f"w{i + 1}", "service": f"s{i % 4 if i < 12 else 3}",
         "cpu": int(rng.integers(5, 40)), "memory": int(rng.integers(20, 300)),
         "profile": ["day", "night", ""][i % 3], "host": f"h{i % num_hosts + 1}"}
        for i in range(num_workloads)
    ]  # fmt: skip
    wave = 0.6 + 0.4 * np.sin(np.arange(steps) * 2 * np.pi / steps)
    options: Row = {
        "cards": [LARGE],
        "racks": [{"name": f"r{i + 1}", "power_limit_kw": 0.9} for i in range(4)],
        "demand": {"day": wave.round(2).tolist(), "night": (1.2 - wave).round(2).tolist()},
        "environment": {"price_per_kwh": 0.2, "carbon_g_per_kwh": 300.0},
    }
    return hosts, workloads, [dict(policy) for policy in POLICIES], options


def medium_site(
    seed: int = 0, num_hosts: int = 10, num_workloads: int = 30, steps: int = 6
) -> tuple[SiteInput, xr.Dataset, list[Rule]]:
    """Return site input, twin and rules of a medium site."""
    hosts, workloads, policies, options = medium_parts(seed, num_hosts, num_workloads, steps)
    return tiny(hosts, workloads, policies, **options)
