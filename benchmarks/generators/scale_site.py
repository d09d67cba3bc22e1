"""Scale instances: hosts of eight models in four generations, about 300 flavours of workload.

A fifth of the workloads is under spread, anti-affinity and licence rules. Today's placement is
legal and wasteful.
"""

from __future__ import annotations

import math
from typing import Any

from benchmarks.generators.demo_site import AREAS, DL325, DL380, PROFILES, RX2540, S6029P, SR665
from benchmarks.generators.documents import SPRING_DAY, german_site
from benchmarks.generators.facility import plant, transformer_card, two_feeds
from benchmarks.generators.fleet import GIB, FleetSpec, LabelRule, RackGroup
from benchmarks.generators.load import LoadSpec, ServiceGroup
from benchmarks.generators.spec import Built, SiteSpec
from benchmarks.generators.start import PlacementRules

HOSTS_PER_RACK = 20
RACKS_PER_ROW = 10
RACKS_PER_ZONE = 50
WORKLOADS_PER_SERVICE = 25
ZONE_KW = 240
"""IT load that a full zone may draw."""
RS500A = "asus-rs500a-e10"
D43K = "quanta-d43k"
# card, threads, GiB, rack limit kW; oldest generation first
MODELS = (
    (RX2540, 88, 256, 5.5), (DL380, 112, 384, 7.5),
    (S6029P, 112, 384, 7.0), (RS500A, 128, 512, 4.5),
    (DL325, 128, 512, 4.8), (SR665, 256, 1024, 7.0),
    (D43K, 256, 1024, 8.0), ("nettrix-r620-g40", 128, 512, 8.5),
)  # fmt: skip
CORES = (1, 2, 4, 8, 16)
# role, SLA class, demand families, share of the services, GiB per core
ROLES: tuple[tuple[str, str, tuple[str, ...], float, tuple[int, ...]], ...] = (
    ("web", "gold", ("shop", "evening"), 0.16, (2, 4, 8)),
    ("db", "gold", ("flat",), 0.04, (4, 8)),
    ("batch", "bronze", ("night", "overseas"), 0.30, (1, 2, 4)),
    ("report", "bronze", ("morning", "evening"), 0.25, (2, 4)),
    ("build", "bronze", ("office", "shop"), 0.25, (2, 4)),
)


def scale_spec(hosts: int, workloads: int, seed: int = 1) -> SiteSpec:
    """Return the specification of an instance; ``hosts`` is rounded up to whole racks."""
    racks = math.ceil(hosts / HOSTS_PER_RACK)
    name = f"scale-{hosts}x{workloads}"
    return SiteSpec(
        name=name,
        title=f"Scale instance: {racks * HOSTS_PER_RACK:,} hosts, {workloads:,} workloads",
        seed=seed,
        fleet=FleetSpec(
            _groups(racks),
            RACKS_PER_ROW,
            (LabelRule("licence=database", S6029P, per_rack=HOSTS_PER_RACK),),
        ),
        load=LoadSpec(
            _service_groups(round(workloads / WORKLOADS_PER_SERVICE)), AREAS, PROFILES, workloads
        ),
        rules=PlacementRules(
            apart_classes=frozenset({"gold"}),
            rack_fraction={"gold": 0.34},
            needs_label={"db": "licence=database"},
        ),
        document=lambda built: _document(name, built),
        study={**SPRING_DAY, "name": "scale"},
    )


def _groups(racks: int) -> tuple[RackGroup, ...]:
    """Return one group per rack; the models take turns, so every zone has all of them."""
    groups = []
    for rack in range(racks):
        card, threads, gib, limit_kw = MODELS[rack % len(MODELS)]
        zone = f"zone-{rack // RACKS_PER_ZONE + 1}"
        groups.append(
            RackGroup(card, zone, 1, HOSTS_PER_RACK, threads * 1000, gib * GIB, limit_kw, "pdu-11")
        )
    return tuple(groups)


def _service_groups(services: int) -> tuple[ServiceGroup, ...]:
    return tuple(
        ServiceGroup(
            role, sla_class, families, max(round(share * services), 1), (1, 3), (6, 18),
            CORES, gib_per_core,
        )
        for role, sla_class, families, share, gib_per_core in ROLES
    )  # fmt: skip


def _document(name: str, built: Built) -> dict[str, Any]:
    zones = list(dict.fromkeys(built.fleet.racks["zone"]))
    load_kw = ZONE_KW * len(built.fleet.racks) / RACKS_PER_ZONE
    return german_site(
        name,
        "Generated scale instance.",
        power=two_feeds("transformer", "ups-modern-500", ups_modules=math.ceil(load_kw / 400)),
        cooling={
            "zones": [_zone(zone) for zone in zones],
            "plant": plant("carnot-water-500", 500, "tower-800", heat_kw=1.2 * load_kw),
        },
        environment={
            "weather": "weather.csv",
            "price_per_kwh": "prices.csv",
            "carbon_g_per_kwh": "carbon.csv",
        },
        sla_classes=[{"name": "gold"}, {"name": "bronze"}],
        policies=_policies(built),
        equipment=[_transformer(load_kw)],
    )


def _transformer(load_kw: float) -> dict[str, Any]:
    """Return a liquid-filled transformer bank that carries everything when one feed is lost."""
    rating = 500 * math.ceil(load_kw * 1.3 / 500)
    card = transformer_card(rating, 0.9953, at_load=0.5, source="typical liquid-filled unit")
    return card | {"name": "transformer"}


def _zone(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "crah": "crah-60",
        "crah_count": ZONE_KW // 60 + 2,
        "crah_redundant": 1,
        "supply_air_c": 23.0,
    }


def _policies(built: Built) -> list[dict[str, Any]]:
    return [
        {"kind": "domain_capacity", "name": "rack-power", "domain": "rack"},
        {"kind": "redundant_feed", "name": "one-feed-lost", "level": "feed"},
        {"kind": "redundant_feed", "name": "one-ups-lost", "level": "ups"},
        {"kind": "cooling_capacity", "name": "cooling"},
        {"kind": "inlet_temperature", "name": "inlet"},
        {
            "kind": "headroom",
            "name": "cpu-reserve",
            "resource": "cpu",
            "fraction": 0.05,
            "domain": "site",
        },
        *_service_policies(built),
    ]


def _service_policies(built: Built) -> list[dict[str, Any]]:
    services = built.load.services["name"]
    databases = services[services.str.split("-").str[1] == "db"].tolist()
    return [
        {
            "kind": "spread",
            "name": "gold-over-racks",
            "workloads": {"sla_classes": ["gold"]},
            "domain": "rack",
            "max_per_domain_fraction": 0.34,
        },
        {
            "kind": "anti_affinity",
            "name": "gold-apart",
            "workloads": {"sla_classes": ["gold"]},
            "domain": "host",
        },
        {
            "kind": "fence",
            "name": "database-licence",
            "workloads": {"services": databases},
            "hosts": {"labels": {"licence": "database"}},
        },
    ]
