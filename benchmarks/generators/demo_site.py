"""The demo: 600 hosts of five models in 30 racks, 4,000 workloads in 150 services."""

from __future__ import annotations

from typing import Any

from benchmarks.generators.documents import SPRING_DAY, STUDY_COMMENTS, german_site
from benchmarks.generators.facility import plant, plant_cards, two_feeds
from benchmarks.generators.fleet import GIB, FleetSpec, LabelRule, RackGroup
from benchmarks.generators.load import LoadSpec, ServiceGroup
from benchmarks.generators.reporting import (
    DEMO_COMMENTS,
    DEMO_REPORTING,
    demo_columns,
    demo_tables,
)
from benchmarks.generators.spec import Built, SiteSpec
from benchmarks.generators.start import PlacementRules

RX2540 = "fujitsu-rx2540-m2"
DL380 = "hpe-dl380-gen10"
S6029P = "supermicro-6029p"
DL325 = "hpe-dl325-gen10-plus"
SR665 = "lenovo-sr665"
EPYC = frozenset({DL325, SR665})


def _racks(
    card: str, zone: str, racks: int, threads: int, gib: int, limit_kw: float, pdu: str = "pdu-11"
) -> RackGroup:
    return RackGroup(card, zone, racks, 20, threads * 1000, gib * GIB, limit_kw, pdu)


GROUPS = (
    _racks(RX2540, "north", 8, 88, 256, 5.5),
    _racks(DL380, "north", 3, 112, 384, 7.5),
    _racks(S6029P, "north", 3, 112, 384, 7.0),
    _racks(DL325, "north", 1, 128, 512, 4.6),
    _racks(DL325, "south", 1, 128, 512, 5.5),
    _racks(RX2540, "south", 4, 88, 256, 5.5),
    _racks(DL380, "south", 3, 112, 384, 7.5),
    _racks(S6029P, "south", 2, 112, 384, 7.0),
    _racks(DL325, "south", 1, 128, 512, 5.5),
    _racks(S6029P, "south", 1, 112, 384, 7.0),
    _racks(SR665, "south", 1, 256, 1024, 7.0),
    _racks(SR665, "south", 1, 256, 1024, 9.0, "pdu-7-4"),
    _racks(S6029P, "south", 1, 112, 384, 7.0),
)
AREAS = (
    "shop", "search", "billing", "payments", "catalog", "orders", "stock", "shipping",
    "account", "media", "news", "maps", "mail", "chat", "forum",
)  # fmt: skip
SERVICE_GROUPS = (
    ServiceGroup("web", "gold", ("shop", "evening"), 15, (2, 3), (8, 16), (2, 4, 8), (2,)),
    ServiceGroup("api", "gold", ("office", "shop"), 12, (1, 3), (8, 16), (4, 8), (2, 4)),
    ServiceGroup("db", "gold", ("flat", "night"), 6, (1, 2), (3, 5), (8, 16), (4, 8)),
    ServiceGroup("hsm", "gold", ("flat",), 2, (1, 1), (1, 1), (2,), (4,)),
    ServiceGroup("cache", "silver", ("shop", "evening"), 15, (1, 2), (6, 14), (1, 2, 4), (8,)),
    ServiceGroup("queue", "silver", ("office", "flat"), 12, (1, 2), (8, 18), (4, 8), (2, 4)),
    ServiceGroup("auth", "silver", ("office", "morning"), 15, (1, 2), (8, 18), (4, 8), (2,)),
    ServiceGroup("gateway", "silver", ("flat",), 3, (1, 1), (2, 3), (4,), (2,)),
    ServiceGroup("batch", "bronze", ("night", "overseas"), 20, (2, 3), (6, 15), (4, 8, 16), (2, 4)),
    ServiceGroup("report", "bronze", ("night", "morning"), 15, (2, 3), (6, 14), (4, 8), (2, 4)),
    ServiceGroup("build", "bronze", ("office", "evening"), 15, (2, 3), (9, 24), (8, 16), (2,)),
    ServiceGroup(
        "render", "bronze", ("overseas", "night"), 8, (1, 2), (6, 12), (8, 16), (2,),
        labels="cpu_family=amd-epyc",
    ),
    ServiceGroup("mesh", "bronze", ("office", "shop"), 5, (2, 2), (3, 5), (2, 4), (2, 4)),
    ServiceGroup("edge", "bronze", ("overseas", "evening"), 7, (1, 2), (6, 20), (2, 4), (2, 4)),
)  # fmt: skip
PROFILES = {
    "office": 4, "shop": 3, "evening": 3, "night": 4, "morning": 2, "overseas": 2, "flat": 2,
}  # fmt: skip
RULES = PlacementRules(
    apart_classes=frozenset({"gold", "silver"}),
    rack_fraction={"gold": 0.34},
    needs_label={"db": "licence=database"},
    avoids_label={"bronze": "licence=database"},
    together_roles=frozenset({"mesh"}),
    allowed_cards={"render": EPYC},
)


def demo_spec() -> SiteSpec:
    """Return the specification of the demo site."""
    return SiteSpec(
        name="demo",
        title="Demo site: 600 hosts, 30 racks, 4,000 workloads in 150 services",
        seed=20250715,
        fleet=FleetSpec(
            GROUPS,
            racks_per_row=5,
            label_rules=(LabelRule("licence=database", S6029P, per_rack=6),),
            maintenance_every=211,
        ),
        load=LoadSpec(SERVICE_GROUPS, AREAS, PROFILES, workloads=4000),
        rules=RULES,
        document=_document,
        study=SPRING_DAY,
        head=_HEAD,
        comments=_COMMENTS,
        study_comments=STUDY_COMMENTS,
        reporting=DEMO_REPORTING,
        reporting_comments=DEMO_COMMENTS,
        reporting_tables=demo_tables,
        columns=demo_columns,
    )


def _document(built: Built) -> dict[str, Any]:
    return german_site(
        "demo",
        "A company's own data centre, half way through a hardware refresh.",
        location={
            "country": "DE",
            "time_zone": "Europe/Berlin",
            "latitude": 50.1,
            "longitude": 8.7,
            "altitude_m": 112,
        },
        power=two_feeds("transformer-dry-150", "ups-modern-100", ups_modules=2),
        cooling=_cooling(),
        environment={
            "weather": "weather.csv",
            "price_per_kwh": "prices.csv",
            "carbon_g_per_kwh": "carbon.csv",
            "carbon_basis": "synthetic, location based",
            "water_price_per_m3": 4.2,
            "grid_water_l_per_kwh": 1.3,
        },
        policies=[*_facility_policies(), *_service_policies(built)],
        equipment=plant_cards(60),
    )


def _cooling() -> dict[str, Any]:
    return {
        "zones": [
            {
                "name": "north",
                "crah": "crah-30",
                "crah_count": 4,
                "crah_redundant": 1,
                "supply_air_c": 22.0,
                "bypass_fraction": 0.15,
            },
            {
                "name": "south",
                "crah": "crah-30",
                "crah_count": 4,
                "crah_redundant": 1,
                "supply_air_c": 24.2,
                "bypass_fraction": 0.1,
                "recirculation": {
                    "own_fraction": 0.12,
                    "neighbour_fraction": 0.08,
                    "facing_fraction": 0.03,
                },
            },
        ],
        "plant": plant("chiller-60", 60, "tower-75", heat_kw=150),
    }


def _facility_policies() -> list[dict[str, Any]]:
    electrical = [
        {
            "kind": "domain_capacity",
            "name": f"{level}-power",
            "why": why,
            "domain": level,
            "resource": "power",
            "limit_fraction": fraction,
        }
        for level, fraction, why in (
            ("rack", 1.0, "the breaker of the rack"),
            ("pdu", 0.9, "continuous load of a rack PDU"),
            ("ups", 0.9, "keeps the UPS in its efficient and safe range"),
            ("feed", 0.9, "transformer loading agreed with the landlord"),
        )
    ]
    redundant = [
        {
            "kind": "redundant_feed",
            "name": f"one-{level}-lost",
            "why": f"with one {level} lost the other side carries everything",
            "level": level,
        }
        for level in ("feed", "ups", "pdu")
    ]
    return [
        *electrical,
        *redundant,
        {
            "kind": "cooling_capacity",
            "name": "cooling",
            "why": "one air handler per zone and one chiller may fail",
        },
        {
            "kind": "inlet_temperature",
            "name": "inlet",
            "why": "ASHRAE recommended envelope",
            "envelope": "recommended",
        },
    ]


def _service_policies(built: Built) -> list[dict[str, Any]]:
    return [
        _headroom("cpu", 0.08, "room for the next deployment and for a failed host"),
        _headroom("memory", 0.05, "room for a failed host"),
        *_spread_policies(built),
        *_placement_policies(built),
        *_pins(built),
    ]


def _spread_policies(built: Built) -> list[dict[str, Any]]:
    return [
        {
            "kind": "spread",
            "name": "gold-over-racks",
            "why": "losing a rack takes at most a third of a gold service",
            "workloads": {"sla_classes": ["gold"]},
            "domain": "rack",
            "max_per_domain_fraction": 0.34,
        },
        {
            "kind": "anti_affinity",
            "name": "replicas-apart",
            "why": "losing a host takes at most one replica of a gold or silver service",
            "workloads": {"sla_classes": ["gold", "silver"]},
            "domain": "host",
        },
        {
            "kind": "affinity",
            "name": "mesh-in-one-rack",
            "why": "its members talk to each other all the time",
            "workloads": {"services": _services(built, "mesh")},
            "domain": "rack",
        },
    ]


def _placement_policies(built: Built) -> list[dict[str, Any]]:
    return [
        {
            "kind": "fence",
            "name": "database-licence",
            "why": "databases are licensed for these hosts only",
            "workloads": {"services": _services(built, "db")},
            "hosts": {"labels": {"licence": "database"}},
        },
        {
            "kind": "ban",
            "name": "no-bronze-on-licensed-hosts",
            "why": "licensed cores are dear",
            "workloads": {"sla_classes": ["bronze"]},
            "hosts": {"labels": {"licence": "database"}},
        },
        {
            "kind": "require_label",
            "name": "cpu-family",
            "why": "built for one processor family; the workload's label says which",
            "label": "cpu_family",
        },
        {
            "kind": "preserve",
            "name": "gateways-stay",
            "why": "their addresses are in the customers' firewalls",
            "workloads": {"services": _services(built, "gateway")},
        },
    ]


def _pins(built: Built) -> list[dict[str, Any]]:
    return [
        {
            "kind": "pin",
            "name": f"pin-{name}",
            "why": "the signing module is plugged into this host",
            "workloads": {"names": [name]},
            "host": built.host_of(name),
        }
        for name in _components(built, "hsm")
    ]


def _headroom(resource: str, fraction: float, why: str) -> dict[str, Any]:
    return {
        "kind": "headroom",
        "name": f"{resource}-reserve",
        "why": why,
        "resource": resource,
        "fraction": fraction,
        "domain": "site",
    }


def _services(built: Built, role: str) -> list[str]:
    return [name for name in built.load.services["name"] if name.split("-")[1] == role]


def _components(built: Built, role: str) -> list[str]:
    table = built.load.workloads
    return table.loc[table["service"].isin(_services(built, role)), "name"].tolist()


_HEAD = (
    "The demo site: 600 hosts of five server models in 30 racks, two cooling zones, two feeds,",
    "4,000 workloads in 150 services. Invented and seeded; dataset.yaml says how it was made.",
)
_COMMENTS = {
    "resources": "Integers everywhere: 1000 millicores are one hardware thread.",
    "tables": "Files beside this one. Racks, hosts and PDUs are tables because there are many.",
    "power": "Two feeds, one UPS of two modules each (2N); every rack has a PDU on both.",
    "cooling": "Chilled water at 18 °C; the towers cool it alone when the air is cool enough.",
    "cooling.zones": "The south zone is warmer and has no containment: its dense racks bind.",
    "environment": "An invented year, hour by hour; see series.py in benchmarks/generators.",
    "sla_classes": "Gold reserves each profile's peak all day; the others follow their profile.",
    "policies": "The rules every plan keeps. Today's placement keeps them too.",
    "equipment": "Chiller and tower of this site; every other card named here is the library's.",
}
