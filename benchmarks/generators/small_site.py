"""The small site: 40 hosts in four racks, 12 services, to be read in five minutes."""

from __future__ import annotations

from typing import Any

from benchmarks.generators.demo_site import DL325, EPYC, RX2540, S6029P
from benchmarks.generators.documents import SPRING_DAY, STUDY_COMMENTS, german_site
from benchmarks.generators.facility import (
    crah_card,
    pdu_card,
    transformer_card,
    two_feeds,
    ups_card,
)
from benchmarks.generators.fleet import GIB, FleetSpec, LabelRule, RackGroup
from benchmarks.generators.load import LoadSpec, ServiceGroup
from benchmarks.generators.reporting import SMALL_COMMENTS, SMALL_REPORTING
from benchmarks.generators.spec import Built, SiteSpec
from benchmarks.generators.start import PlacementRules

GROUPS = (
    RackGroup(RX2540, "room", 2, 10, 88_000, 256 * GIB, 2.2, "pdu-3.6"),
    RackGroup(S6029P, "room", 1, 10, 112_000, 384 * GIB, 3.2, "pdu-3.6"),
    RackGroup(DL325, "room", 1, 10, 128_000, 512 * GIB, 2.1, "pdu-3.6"),
)
SERVICE_GROUPS = (
    ServiceGroup("web", "gold", ("shop",), 2, (1, 1), (8, 12), (4, 8), (2,)),
    ServiceGroup("db", "gold", ("flat",), 1, (1, 1), (3, 3), (16,), (4,)),
    ServiceGroup("api", "silver", ("office",), 2, (1, 2), (6, 10), (4, 8), (4,)),
    ServiceGroup("cache", "silver", ("shop",), 2, (1, 1), (6, 8), (2,), (8,)),
    ServiceGroup("batch", "bronze", ("night",), 3, (1, 2), (8, 16), (8, 16), (2, 4)),
    ServiceGroup("build", "bronze", ("office",), 1, (2, 2), (8, 12), (8,), (4,)),
    ServiceGroup(
        "render", "bronze", ("night",), 1, (1, 1), (8, 8), (16,), (2,), "cpu_family=amd-epyc"
    ),
)
AREAS = ("shop", "stock", "mail", "search", "billing", "news", "maps", "chat")


def small_spec() -> SiteSpec:
    """Return the specification of the small site."""
    return SiteSpec(
        name="small",
        title="Small site: 40 hosts, 4 racks, 150 workloads in 12 services",
        seed=40,
        fleet=FleetSpec(
            GROUPS,
            racks_per_row=4,
            label_rules=(
                LabelRule("licence=database", S6029P, per_rack=4),
                LabelRule("licence=database", RX2540, per_rack=2),
            ),
        ),
        load=LoadSpec(
            SERVICE_GROUPS, AREAS, {"shop": 1, "office": 1, "night": 1, "flat": 1}, workloads=150
        ),
        rules=PlacementRules(
            apart_classes=frozenset({"gold"}),
            rack_fraction={"gold": 0.5},
            needs_label={"db": "licence=database"},
            allowed_cards={"render": EPYC},
        ),
        document=_document,
        study=SPRING_DAY,
        series=("weather.csv",),
        head=_HEAD,
        comments=_COMMENTS,
        study_comments=STUDY_COMMENTS,
        reporting=SMALL_REPORTING,
        reporting_comments=SMALL_COMMENTS,
    )


def _document(built: Built) -> dict[str, Any]:
    return german_site(
        "small",
        "One room, four racks, three server models.",
        power=two_feeds("transformer-15", "ups-10"),
        cooling=_cooling(),
        environment={
            "weather": "weather.csv",
            "price_per_kwh": 0.19,
            "carbon_g_per_kwh": 340.0,
            "carbon_basis": "a round number, location based",
            "water_price_per_m3": 4.2,
        },
        policies=[*_facility_policies(), *_service_policies()],
        equipment=[
            transformer_card(15, 0.9789),
            ups_card(10),
            pdu_card("pdu-3.6", 3.6, "Rack PDU, 1 × 16 A"),
            crah_card(4),
            _chiller(),
        ],
    )


def _cooling() -> dict[str, Any]:
    return {
        "zones": [
            {
                "name": "room",
                "crah": "crah-4",
                "crah_count": 3,
                "crah_redundant": 1,
                "supply_air_c": 23.0,
            }
        ],
        "plant": {
            "chiller": "air-cooled-8",
            "chiller_count": 2,
            "chiller_redundant": 1,
            "chilled_water_c": 16.0,
            "chilled_water_pump": "pump-chilled-water",
        },
    }


def _chiller() -> dict[str, Any]:
    return {
        "kind": "chiller",
        "name": "air-cooled-8",
        "title": "Air-cooled chiller 8 kW",
        "source": "engineering default, shaped like makers' curves; not a product",
        "rated_cooling_kw": 8.0,
        "rated_cop": 3.65,
        "reference_evaporator_c": 16.0,
        "reference_condenser_c": 35.0,
        "condenser": "air",
        "part_load_curve": [0.05, 0.65, 0.3],
        "valid_condenser_c": [-15.0, 45.0],
        "carnot": {"efficiency": 0.4, "approach_k": 6.0, "min_lift_k": 10.0},
    }


def _facility_policies() -> list[dict[str, Any]]:
    return [
        {
            "kind": "domain_capacity",
            "name": "rack-power",
            "why": "the breaker of the rack",
            "domain": "rack",
            "resource": "power",
        },
        {
            "kind": "redundant_feed",
            "name": "one-feed-lost",
            "why": "with one feed lost the other carries everything",
            "level": "feed",
        },
        {"kind": "cooling_capacity", "name": "cooling", "why": "one air handler may fail"},
        {"kind": "inlet_temperature", "name": "inlet", "why": "ASHRAE recommended envelope"},
    ]


def _service_policies() -> list[dict[str, Any]]:
    return [
        {
            "kind": "headroom",
            "name": "cpu-reserve",
            "why": "room for a failed host",
            "resource": "cpu",
            "fraction": 0.1,
        },
        {
            "kind": "spread",
            "name": "gold-over-racks",
            "why": "losing a rack takes at most half of a gold service",
            "workloads": {"sla_classes": ["gold"]},
            "max_per_domain_fraction": 0.5,
        },
        {
            "kind": "anti_affinity",
            "name": "gold-apart",
            "why": "losing a host takes at most one replica of a gold service",
            "workloads": {"sla_classes": ["gold"]},
        },
        {
            "kind": "fence",
            "name": "database-licence",
            "why": "databases are licensed for these hosts only",
            "workloads": {"services": ["mail-db"]},
            "hosts": {"labels": {"licence": "database"}},
        },
        {
            "kind": "require_label",
            "name": "cpu-family",
            "why": "built for one processor family; the workload's label says which",
            "label": "cpu_family",
        },
    ]


_HEAD = (
    "A small site to read in five minutes: 40 hosts in 4 racks, 150 workloads in 12 services.",
    "",
    "What is where:",
    "  hosts.csv, racks.csv, pdus.csv   the machines, their racks and who feeds those",
    "  services.csv, workloads.csv      what runs: a row per component, with replicas",
    "  demand.csv                       how much of its request a component uses, by hour",
    "  placement.csv                    where each replica runs today",
    "  study.yaml                       the day that a plan is judged over",
)
_COMMENTS = {
    "location": "Times without an offset are local times of this zone.",
    "resources": "What hosts offer and workloads use, in integers: 1000 millicores are one\n"
    "hardware thread. The load of cpu moves a host along its measured power curve.",
    "tables": "Files beside this one; those not named here have their usual names.",
    "power": "Two feeds with one UPS each; pdus.csv gives every rack a PDU on both.",
    "cooling": "One room: three air handlers, of which one may fail, and two small chillers.",
    "cooling.zones": "Rack inlets are warmer than the supply air: some exhaust finds its way\n"
    "round. The default shares of recirculated air are in the field reference.",
    "environment": "A price and a carbon intensity by the hour are files; here one number does.",
    "sla_classes": "Gold reserves the peak of its profile all day; the others share by the hour.",
    "policies": "The rules every plan keeps. A rule with `soft: {weight: …}` may be broken at a\n"
    "price. Names appear in messages and reports, `why` wherever a rule binds.",
    "equipment": "Small facility cards of this site; servers and the pump are the library's\n"
    "(`dcopt library` lists them).",
}
