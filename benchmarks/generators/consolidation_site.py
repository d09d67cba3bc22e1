"""Consolidation instances: watts against moves, on sites that a fleet rebalancer can load too.

Hosts of three kinds in racks of twenty; workloads with cpu and memory; services whose replicas keep
to different racks; a legal start that is spread thin over all hosts. Energy costs 1 a watt-hour and
a plan is judged over one hour, so that its objective is the site's power in watts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.generators.fleet import GIB
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.schema.site import Site
from optimiser.schema.study import Study

HOSTS_PER_RACK = 20
SIZES = ((1_000, 100), (4_000, 400), (20_000, 2_000))
"""Workloads and hosts of the instances."""
SEED = 1
FILL_LIMIT = 0.95
"""Share of a host's capacity that the start uses at most."""


@dataclass(frozen=True)
class Kind:
    """One of the three servers; power is linear between idle and full load."""

    name: str
    cores: int
    gib: int
    idle_w: float
    full_w: float

    def card(self) -> dict[str, Any]:
        """Return its server card."""
        curve = np.linspace(self.idle_w, self.full_w, 11)
        return {
            "kind": "server",
            "name": self.name,
            "source": "invented",
            "curve_w": [round(float(point), 3) for point in curve],
            "standby_w": 0.0,
            "capacity": {"cpu": self.cores * 1000, "memory": self.gib * GIB},
        }


KINDS = (
    Kind("small", 32, 96, 80.0, 250.0),
    Kind("middle", 48, 144, 110.0, 340.0),
    Kind("large", 64, 192, 170.0, 480.0),
)
FLAVOURS = ((1, 2), (2, 4), (2, 8), (4, 8), (4, 16), (6, 32))
"""Cores and GiB of a workload."""
SHARES = (0.25, 0.25, 0.2, 0.15, 0.1, 0.05)


@dataclass(frozen=True)
class Drawn:
    """An instance in arrays: ``kind`` and ``rack`` (host,), ``flavour``, ``service`` and ``host``
    (workload,), the last one its start."""

    kind: np.ndarray
    rack: np.ndarray
    flavour: np.ndarray
    service: np.ndarray
    host: np.ndarray


def draw(workloads: int, hosts: int, seed: int = SEED) -> Drawn:
    """Return an instance; one seed gives one instance."""
    rng = np.random.default_rng([seed, workloads, hosts])
    rack = np.arange(hosts) // HOSTS_PER_RACK
    racks = int(rack[-1]) + 1
    size = rng.integers(1, min(8, racks) + 1, workloads)
    # one size after the other until all workloads belong to a service
    service = np.repeat(np.arange(workloads), size)[:workloads]
    flavour = rng.choice(len(FLAVOURS), workloads, p=SHARES)[service]
    kind = rng.choice(len(KINDS), hosts, p=(0.4, 0.35, 0.25))
    host = _spread(np.array(FLAVOURS)[flavour], service, kind, rack, rng)
    return Drawn(kind, rack, flavour, service, host)


def _spread(
    amount: np.ndarray, service: np.ndarray, kind: np.ndarray, rack: np.ndarray, rng: Any
) -> np.ndarray:
    """Return a start (workload,): replicas in racks of their own, on the least filled host there.

    Raises ``RuntimeError`` when a workload finds no room.
    """
    room = np.array([[k.cores, k.gib] for k in KINDS], dtype=float)[kind] * FILL_LIMIT
    used, racks = np.zeros_like(room), int(rack[-1]) + 1
    host, first = np.full(len(service), -1), rng.integers(0, racks, len(service))
    replica = np.arange(len(service)) - np.searchsorted(service, service)
    for workload, number in enumerate(replica.tolist()):
        # services begin anywhere and take one rack after the other
        inside = np.flatnonzero(rack == (first[service[workload]] + number) % racks)
        share = ((used[inside] + amount[workload]) / room[inside]).max(axis=1)
        best = int(share.argmin())
        if share[best] > 1.0:
            raise RuntimeError("the hosts of a rack are too small for its share of the workloads")
        host[workload] = inside[best]
        used[inside[best]] += amount[workload]
    return host


def make_consolidation(
    folder: Path,
    workloads: int,
    hosts: int,
    *,
    seed: int = SEED,
    max_moves: int | None = None,
    force: bool = False,
) -> Path:
    """Write an instance as a site folder and return the folder; ``max_moves`` limits its study."""
    name = f"consolidation-{workloads}x{hosts}"
    provenance = Provenance(
        title=f"Consolidation instance: {workloads:,} workloads on {hosts:,} hosts",
        origin="invented; no real site, service or customer is in it",
        licence="Apache-2.0",
        how=f"python -m benchmarks.generators.sites {name}, seed {seed}",
    )
    site_folder = SiteFolder(
        Site.model_validate(_document(name)),
        _tables(draw(workloads, hosts, seed)),
        provenance,
        Study.model_validate({**STUDY, "policies": _budget(max_moves)}),
        with_schemas=False,
    )
    return write_site(site_folder, folder, force=force)


def _budget(max_moves: int | None) -> list[dict[str, Any]]:
    if max_moves is None:
        return []
    return [{"kind": "max_moves", "name": "moves", "limit": max_moves}]


STUDY = {
    "format": "dcopt.study/1",
    "name": "watts",
    "horizon": {"hours": 1.0},
    "weights": {
        "carbon_price_per_t": 0.0, "water": False, "move_cost": 0.0, "move_cost_per_gib": 0.0,
        "host_on_cost_per_h": 0.0,
    },
}  # fmt: skip


def _document(name: str) -> dict[str, Any]:
    return {
        "format": "dcopt.site/1",
        "name": name,
        "description": "Generated consolidation instance; the objective is watts.",
        "currency": "XXX",
        "resources": [
            {"name": "cpu", "unit": "millicore", "drives_power": True},
            {"name": "memory", "unit": "MiB"},
        ],
        "tables": {"placement": "placement.csv"},
        # 1 for each Wh
        "environment": {"price_per_kwh": 1000.0, "carbon_g_per_kwh": 0.0},
        "policies": [{"kind": "anti_affinity", "name": "apart", "workloads": {}, "domain": "rack"}],
        "equipment": [kind.card() for kind in KINDS],
    }


def _tables(drawn: Drawn) -> dict[str, pd.DataFrame]:
    hosts = [f"h{number:04d}" for number in range(len(drawn.kind))]
    workloads = np.array([f"w{number:05d}" for number in range(len(drawn.service))], dtype=object)
    racks = [f"r{number:03d}" for number in range(int(drawn.rack[-1]) + 1)]
    cores, gib = np.array(FLAVOURS)[drawn.flavour].T
    return {
        "racks.csv": pd.DataFrame({"name": racks}),
        "hosts.csv": pd.DataFrame(
            {
                "name": hosts,
                "rack": [racks[r] for r in drawn.rack],
                "card": [KINDS[k].name for k in drawn.kind],
            }
        ),
        "workloads.csv": pd.DataFrame(
            {
                "name": workloads,
                "service": [f"s{number:05d}" for number in drawn.service],
                "cpu": cores * 1000,
                "memory": gib * GIB,
            }
        ),
        "placement.csv": pd.DataFrame(
            {"workload": workloads, "host": [hosts[h] for h in drawn.host]}
        ),
    }
