"""For each constraint one instance where it costs something, and one where it does not.

``CASES[name]`` is ``(tight, loose)``, both arguments of :func:`instances.tiny.tiny`; with
``is_merged`` alike hosts form one class in the model. Unless said otherwise there are two hosts of
100 W idle and 1 W per percent, with one workload of 10 % on each, and the cheapest plan puts both
on one host.
"""

from __future__ import annotations

from typing import Any

from instances.tiny import GPU_RESOURCES
from instances.tiny_facility import CURVED, facility_options

Case = dict[str, Any]
FREE_WEIGHTS: Case = {
    "carbon_price_per_t": 0.0, "water": False, "move_cost": 0.0, "move_cost_per_gib": 0.0,
    "host_on_cost_per_h": 0.0,
}  # fmt: skip
FREE: Case = {
    "environment": {"price_per_kwh": 0.0, "carbon_g_per_kwh": 0.0},
    "weights": FREE_WEIGHTS,
}
CHEAP_MOVES: Case = {"weights": {"move_cost": 2.0, "hold_days": 365.0}}
DEAR_MOVES: Case = {"weights": {"move_cost": 100.0}}
GPU_CARD: Case = {
    "kind": "server", "name": "gpu", "curve_w": [100.0] * 11, "standby_w": 5.0,
    "capacity": {"cpu": 100, "memory": 1000, "gpu": 200},
    "gpus": {"model": "X", "count": 2, "idle_w": 0.0, "max_w": 100.0},
}  # fmt: skip


def facility(policies: list[Case] | None = None, free: bool = False, **changes: Any) -> Case:
    """Four hosts in four racks behind the whole facility.

    Two workloads of 40 % on each of h1 and h3, which share PDUs, row and zone.
    """
    options = facility_options(4, 2, changes.pop("handler", None))
    if free:
        options["environment"] = {
            **options["environment"],
            "price_per_kwh": 0.0,
            "carbon_g_per_kwh": 0.0,
        }
        options["weights"] = FREE_WEIGHTS
    hosts = [{"rack": f"r{i + 1}", "card": "plain"} for i in range(4)]
    workloads = [{"cpu": 40, "host": f"h{1 + i // 2 * 2}"} for i in range(4)]
    return {
        "hosts": hosts, "workloads": workloads, "policies": policies or [], **options, **changes
    }  # fmt: skip


def gpus(share: int, count: int, **options: Any) -> Case:
    """Two hosts of two GPUs with so many shares of a device, all on the first host today."""
    return {
        "hosts": [{"card": "gpu"}, {"card": "gpu"}],
        "workloads": [{"gpu": share, "cpu": 1, "replicas": count, "host": "h1"}],
        "cards": [GPU_CARD],
        "resources": GPU_RESOURCES,
        **options,
    }


def overfull(**options: Any) -> Case:
    """Three whole GPUs on a host of two, which may stay so; one of them has to leave.

    Half a GPU is new. It does not fit beside the two that stay, and the host they leave for is
    full, so it needs the third host.
    """
    policies = [
        {"kind": "fence", "workloads": {"names": ["leaving"]}, "hosts": {"names": ["h2"]}},
        {"kind": "pin", "workloads": {"names": ["settled"]}, "host": "h2"},
    ]
    return {
        "hosts": [{"card": "gpu"}] * 3,
        "workloads": [
            {"name": "staying", "gpu": 100, "cpu": 1, "replicas": 2, "host": "h1"},
            {"name": "leaving", "gpu": 100, "cpu": 2, "host": "h1"},
            {"name": "settled", "gpu": 100, "cpu": 3, "host": "h2"},
            {"name": "arriving", "gpu": 50, "cpu": 4, "host": None},
        ],
        "policies": policies,
        "cards": [GPU_CARD],
        "resources": GPU_RESOURCES,
        "capacity_not_worse": True,
        **options,
    }


def replicas(count: int, **policy: Any) -> Case:
    """Three hosts in three racks and a service with replicas, one rule about it."""
    hosts = [f"h{i % 3 + 1}" for i in range(count)]
    return {
        "hosts": 3,
        "workloads": [{"replicas": count, "service": "web", "host": hosts}],
        "policies": [policy] if policy else [],
    }


def available(needed: int, target: float, replicas: int = 2, **options: Any) -> Case:
    """Replicas, one on each host today, in racks that are down 4 % of the time."""
    rack = {"name": "room", "failures_per_year": 365.0, "repair_h": 1.0}
    policy = {
        "kind": "availability", "target": target, "needed": needed, "components": ["room"],
        "figures": [rack, {"name": "box", "failures_per_year": 0.0, "repair_h": 1.0}],
        "server": "box", "common_cause": 0.0,
    }  # fmt: skip
    hosts = [f"h{index + 1}" for index in range(replicas)]
    web = {"replicas": replicas, "service": "web", "host": hosts}
    return {"hosts": replicas, "workloads": [web], "policies": [policy], **options}


def at_a_price(target: float) -> Case:
    """Two replicas in two racks, down 4 % of the time if together, whose target has a price."""
    case = available(needed=1, target=target)
    return {**case, "policies": [{**case["policies"][0], "soft": {"weight": 1.0}}]}


def waiting_for(case: Case, weight: float) -> Case:
    """Let no workload of a case run yet, and each wait at a price."""
    assign = {"kind": "assign", "soft": {"weight": weight}}
    new = [{**one, "host": None} for one in case["workloads"]]
    return {**case, "workloads": new, "policies": [*case["policies"], assign]}


def five(needed: int, target: float) -> Case:
    """Five replicas on five hosts in as many racks."""
    return available(needed, target, 5)


def fanned_out(limit: float) -> Case:
    """One service sends 50 Mbit/s to another whose two replicas take in half of it each."""
    traffic = [{"sender": "a", "receiver": "b", "mbit_s": 50.0}]
    workloads = [
        {"service": "a", "host": "h1"},
        {"service": "b", "host": "h2"},
        {"service": "b", "host": "h3"},
    ]
    policy = rule(kind="flow", limit_mbit_s=limit, traffic=traffic)
    return {**policy, "hosts": 3, "workloads": workloads, **DEAR_MOVES}


def linked(limit: float) -> Case:
    """Two services on a host each, of which one sends 50 Mbit/s to the other; moves are dear."""
    traffic = [{"sender": "s1", "receiver": "s2", "mbit_s": 50.0}]
    return {**rule(kind="flow", limit_mbit_s=limit, traffic=traffic), **DEAR_MOVES}


def distant(ms: float, to_all: bool = False) -> Case:
    """One web in p1 and two db of 60 % each in p2 and p3, p3 so far from p1; moves are dear."""
    ways = [
        {"a": "p1", "b": "p2", "ms": ms if not to_all else 1.0},
        {"a": "p1", "b": "p3", "ms": ms},
    ]
    hosts = [{"labels": f"pod=p{i}"} for i in (1, 2, 3)]
    names = ("web", "db", "db")
    policy = {
        "kind": "latency", "workloads": {"services": ["web"]}, "services": ["db"], "limit_ms": 5.0,
        "near_to": "all" if to_all else "any", "distances": ways,
    }  # fmt: skip
    workloads = [{"service": s, "cpu": 60, "host": f"h{i + 1}"} for i, s in enumerate(names)]
    return {"hosts": [*hosts, hosts[1]], "workloads": workloads, "policies": [policy], **DEAR_MOVES}


def routed(limit_ms: float, **policy: Any) -> Case:
    """One a in p1 asks b, whose replicas are in p2 and p3, 2 and 10 ms away; moves are dear."""
    ways = [{"a": "p1", "b": "p2", "ms": 2.0}, {"a": "p1", "b": "p3", "ms": 10.0}]
    hosts = [{"labels": f"pod=p{i}"} for i in (1, 2, 3)]
    workloads = [{"service": s, "host": f"h{i + 1}"} for i, s in enumerate(("a", "b", "b"))]
    routes = [{"sender": "a", "receiver": "b"}]
    told = rule(kind="routing_latency", routes=routes, limit_ms=limit_ms, distances=ways, **policy)
    return {**told, "hosts": hosts, "workloads": workloads, **DEAR_MOVES}


def merged(**options: Any) -> Case:
    """Two workloads on each of two hosts that the model merges into one class."""
    workloads = [{"cpu": 10 + i, "host": f"h{i // 2 + 1}"} for i in range(4)]
    return {"workloads": workloads, "is_merged": True, **options}


def together(**policy: Any) -> Case:
    """Two workloads of 60 % in racks of one and two hosts; both must be in one rack."""
    return {
        "hosts": [{"rack": "r1"}, {"rack": "r2"}, {"rack": "r2"}],
        "workloads": [
            {"service": "web", "cpu": 60, "host": "h1"},
            {"service": "web", "cpu": 60, "host": "h2"},
        ],
        "policies": [{"kind": "affinity", "workloads": {}, "domain": "rack", **policy}],
    }


def apart(**policy: Any) -> Case:
    """The usual two hosts and workloads, of two tenants."""
    services = [{"name": "s1", "tenant": "red"}, {"name": "s2", "tenant": "blue"}]
    return {"policies": [policy], "services": services}


def scattered(**policy: Any) -> Case:
    """Two workloads of one service where they are dear to move, on hosts of two sockets."""
    selector = {} if policy["kind"] != "licence" else {"workloads": {}}
    return {
        "hosts": [{"labels": "sockets=2"}, {"labels": "sockets=2"}],
        "workloads": [{"service": "web", "host": "h1"}, {"service": "web", "host": "h2"}],
        "policies": [{**policy, **selector}],
        **DEAR_MOVES,
    }


def near(**policy: Any) -> Case:
    """Two services of 60 % that need each other, in racks of one and two hosts."""
    return together(kind="dependency", workloads={"services": ["web"]}, needs=["db"], **policy) | {
        "workloads": [
            {"service": "web", "cpu": 60, "host": "h1"},
            {"service": "db", "cpu": 60, "host": "h2"},
        ]
    }


def leaving(resource: str) -> Case:
    """One workload must leave for another host, and a second may take its place.

    While both are on their way the first still counts where it was; then the second needs a host
    that would sleep otherwise.
    """
    return {
        "hosts": 3,
        "workloads": [
            {"name": "goes", "cpu": 45, "host": "h1"},
            {"name": "yields", "cpu": 50, "host": "h2"},
            {"name": "stays", "cpu": 10, "host": "h1"},
        ],
        "policies": [
            {"kind": "pin", "workloads": {"names": ["goes"]}, "host": "h2"},
            {"kind": "ban", "workloads": {"names": ["yields"]}, "hosts": {"names": ["h2"]}},
            {"kind": "pin", "workloads": {"names": ["stays"]}, "host": "h1"},
            {"kind": "transient_capacity", "resources": [resource]},
        ],
    }


def priced(**weights: Any) -> Case:
    """The usual two hosts, with a safety capacity of 15 % and prices of loads and moves."""
    return {"hosts": [{"cpu_safety": 15}, {"cpu_safety": 15}], "weights": weights}


def rule(**policy: Any) -> Case:
    """The usual two hosts with one rule."""
    return {"policies": [policy]}


def soft(kind: str, weight: float = 0.001, **policy: Any) -> Case:
    """Both workloads run on the first host today; one soft rule about where they may be."""
    return {
        "workloads": [{"host": "h1"}, {"host": "h1"}],
        "policies": [{"kind": kind, "soft": {"weight": weight}, **policy}],
        "weights": {"move_cost": 100.0},
    }


def reserve(limit: float) -> Case:
    """Two curved hosts whose reserve stands between them and a limit on the site."""
    return {
        "hosts": [{"card": "curved"}, {"card": "curved"}],
        "cards": [CURVED],
        "workloads": [{"cpu": 40, "host": "h1"}, {"cpu": 40, "host": "h2"}],
        "policies": [
            {"kind": "domain_capacity", "domain": "rack", "resource": "power", "limit": limit}
        ],
    }


NAMES: dict[str, list[str]] = {"names": ["w2"]}


def newcomers(weight: float) -> Case:
    """Two workloads that do not run yet and may be left out; serving them wakes the one host."""
    return {
        "hosts": [{}],
        "workloads": [{"host": None}, {"host": None}],
        "policies": [{"kind": "assign", "soft": {"weight": weight}}],
    }


def gang(*cpu: int) -> Case:
    """Workloads of one service that come together or not at all, on two hosts."""
    wait = {"kind": "assign", "soft": {"weight": 1.0}}
    return {
        "workloads": [{"host": None, "service": "web", "cpu": one} for one in cpu],
        "policies": [wait, {"kind": "group_together_or_not_at_all"}],
    }


def banned(host: str) -> Case:
    """Both workloads are not wanted on one host, as part of a combination."""
    return {"kind": "ban", "name": f"off-{host}", "workloads": NAMES, "hosts": {"names": [host]}}


def either(first: str, second: str) -> Case:
    """Both workloads run on the first host and want to be on one of two."""
    wanted = [banned(name) | {"kind": "fence", "name": f"on-{name}"} for name in (first, second)]
    return soft("any_of", rules=wanted) | {"hosts": 3}


def abroad(*allowed: str) -> Case:
    """Both workloads process data on a host in the US; only some countries are allowed."""
    classes = [{"name": "personal", "allow": list(allowed)}]
    hosts = [{"labels": "country=US"}, {"labels": "country=DE"}]
    return soft("residency", classes=classes) | {"hosts": hosts}


def far_from(place: str) -> Case:
    """Both workloads run 2 ms from Paris and 9 ms from Rome, and may be 5 ms from their users."""
    ways = [{"a": "p1", "b": "paris", "ms": 2}, {"a": "p1", "b": "rome", "ms": 9}]
    hosts = [{"labels": "pod=p1"}, {"labels": "pod=p2"}]
    near = [{"a": "p2", "b": "rome", "ms": 1}]
    return soft("latency", limit_ms=5, users=[place], distances=ways + near) | {"hosts": hosts}


LABELLED = [{"labels": "disk=ssd"}, {"labels": "disk=hdd"}]
SKEW: Case = {"kind": "spread", "max_skew": 0}
FLAT: Case = {"kind": "spread", "max_skew": 3}

CASES: dict[str, tuple[Case, Case]] = {
    "assign": ({}, FREE),
    "capacity": ({"workloads": [{"cpu": 60}, {"cpu": 60}]}, FREE),
    "device_packing": (gpus(60, 3), gpus(50, 3)),
    "overfull_devices": (overfull(), overfull(**FREE)),
    "host_load": ({}, FREE),
    "device_load": (gpus(50, 2), gpus(50, 2, **FREE)),
    "host_power": ({}, FREE),
    "asleep_is_empty": (
        {"workloads": [{"cpu": 0, "memory": 0}]},
        {"hosts": 1, "workloads": [{"cpu": 0, "memory": 0}, {}]},
    ),
    "rack_reserve": (reserve(0.252), reserve(0.9)),
    "rack_power": ({}, FREE),
    "pdu_input": (facility(), facility(free=True)),
    "ups_input": (facility(), facility(free=True)),
    "feed_input": (facility(), facility(free=True)),
    "room_heat": (facility(), facility(free=True)),
    "zone_fan": (facility(), facility(free=True)),
    "plant_power": (facility(), facility(free=True)),
    "water_use": (facility(), facility(weights={"water": False})),
    "grid_import": ({}, FREE),
    "domain_capacity": (
        rule(kind="domain_capacity", resource="power", limit=0.115),
        rule(kind="domain_capacity", resource="power", limit=0.15),
    ),
    "redundant_feed": (
        facility([{"kind": "redundant_feed", "limit_fraction": 0.16}]),
        facility([{"kind": "redundant_feed"}]),
    ),
    "cooling_capacity": (
        facility(
            [{"kind": "cooling_capacity"}],
            handler={"rated_cooling_kw": 0.38, "rated_fan_kw": 0.01},
        ),
        facility([{"kind": "cooling_capacity"}]),
    ),
    "inlet_temperature": (
        facility([{"kind": "inlet_temperature", "limit_c": 22.35}]),
        facility([{"kind": "inlet_temperature", "limit_c": 27.0}]),
    ),
    "headroom": (rule(kind="headroom", fraction=0.85), rule(kind="headroom", fraction=0.5)),
    "survive_domain": (
        rule(kind="survive_domain"),
        {**rule(kind="survive_domain"), **DEAR_MOVES},
    ),
    "free_units_room": (
        rule(kind="free_units", size={"cpu": 85}, count=2),
        rule(kind="free_units", size={"cpu": 75}, count=2),
    ),
    "free_units": (
        rule(kind="free_units", size={"cpu": 85}, count=2),
        rule(kind="free_units", size={"cpu": 75}, count=2),
    ),
    "spread_max_per_domain": (
        replicas(3, kind="spread", max_per_domain=2),
        replicas(3, kind="spread", max_per_domain=3),
    ),
    "spread_presence": (
        replicas(3, kind="spread", min_domains=2),
        replicas(3, kind="spread", min_domains=1),
    ),
    "spread_min_domains": (
        replicas(3, kind="spread", min_domains=2),
        replicas(3, kind="spread", min_domains=1),
    ),
    "spread_fullest": (replicas(3, **SKEW), replicas(3, **FLAT)),
    "spread_emptiest": (replicas(3, **SKEW), replicas(3, **FLAT)),
    "spread_max_skew": (replicas(3, **SKEW), replicas(3, **FLAT)),
    "anti_affinity": (
        rule(kind="anti_affinity", workloads={}, each="all"),
        rule(kind="anti_affinity", workloads={}, each="service"),
    ),
    "availability_above": (
        five(needed=1, target=0.999), five(needed=1, target=0.9),
    ),
    "availability": (available(needed=1, target=0.99), available(needed=1, target=0.9)),
    "availability_members": (
        available(needed=2, target=0.95, **DEAR_MOVES),
        available(needed=2, target=0.8, **DEAR_MOVES),
    ),
    "availability_domains": (
        available(needed=2, target=0.95, **DEAR_MOVES),
        available(needed=2, target=0.8, **DEAR_MOVES),
    ),
    "availability_served": (
        waiting_for(available(needed=1, target=0.9), 0.0001),
        waiting_for(available(needed=1, target=0.9), 1000.0),
    ),
    **dict.fromkeys(
        ("availability_way", "availability_holding", "availability_reach", "missing_availability"),
        (at_a_price(0.99), at_a_price(0.9)),
    ),
    "affinity_members": (together(), together(domain="site")),
    "affinity": (together(), together(domain="site")),
    "hosting_members": (apart(kind="isolation"), apart(kind="isolation", each="all")),
    "isolation_limit": (
        scattered(kind="isolation_limit", each="service", limit=1),
        scattered(kind="isolation_limit", each="service", limit=2),
    ),
    "licence": (
        scattered(kind="licence", units_label="sockets", limit=3),
        scattered(kind="licence", limit=2),
    ),
    "group_count": (apart(kind="group_count", limit=1), apart(kind="group_count", limit=2)),
    "group_capacity": (
        {**rule(kind="group_capacity", each="all", resource="cpu", limit=15, domain="host")},
        {**rule(kind="group_capacity", each="service", resource="cpu", limit=15, domain="host")},
    ),
    "presence_overhead": (
        rule(kind="presence_overhead", resource="memory", amount=450),
        rule(kind="presence_overhead", resource="memory", amount=350),
    ),
    "response_time": (
        rule(kind="response_time", service_ms=85, limit_ms=100),
        rule(kind="response_time", service_ms=75, limit_ms=100),
    ),
    "isolation": (apart(kind="isolation"), apart(kind="isolation", each="all")),
    "ban": (
        soft("ban", workloads=NAMES, hosts={"names": ["h1"]}),
        soft("ban", workloads=NAMES, hosts={"names": ["h2"]}),
    ),
    "fence": (
        soft("fence", workloads=NAMES, hosts={"names": ["h2"]}),
        soft("fence", workloads=NAMES, hosts={"names": ["h1"]}),
    ),
    "require_label": (
        {**soft("require_label", workloads=NAMES, label="disk", values=["hdd"]), "hosts": LABELLED},
        {**soft("require_label", workloads=NAMES, label="disk", values=["ssd"]), "hosts": LABELLED},
    ),
    "pin": (
        soft("pin", workloads=NAMES, host="h2"),
        soft("pin", workloads=NAMES, host="h1"),
    ),
    "drain": (soft("drain", hosts={"names": ["h1"]}), soft("drain", hosts={"names": ["h2"]})),
    "quarantine": (
        rule(kind="quarantine", hosts={"names": ["h1"]}, soft={"weight": 0.001}),
        {**rule(kind="quarantine", hosts={"names": ["h1"]}, soft={"weight": 0.001}), **DEAR_MOVES},
    ),
    "preserve": (
        rule(kind="preserve", workloads={}, soft={"weight": 0.001}),
        {**soft("preserve", workloads={}), "hosts": 2},
    ),
    "disruption_budget": (
        rule(kind="disruption_budget", never_evict=True, soft={"weight": 0.001}),
        {**soft("disruption_budget", never_evict=True), "hosts": 2},
    ),
    "unserved_workloads": (newcomers(0.001), {**newcomers(0.001), **FREE}),
    "group_together_or_not_at_all": (gang(60, 60, 60), gang(10, 10, 10)),
    "residency": (abroad("DE", "CH"), abroad("CH", "US")),
    "latency": (far_from("rome"), far_from("paris")),
    "any_of": (either("h2", "h3"), either("h1", "h3")),
    "all_of": (
        soft("all_of", rules=[banned("h1"), banned("h3")]),
        soft("all_of", rules=[banned("h2"), banned("h3")]),
    ),
    "stay": (replicas(2), {**replicas(2), "weights": {"move_cost": 0.0, "move_cost_per_gib": 0.0}}),
    "kept_hosts": (merged(), merged(weights={"move_cost": 0.0, "move_cost_per_gib": 0.0})),
    "stay_where_on": (merged(), merged(weights={"move_cost": 0.0, "move_cost_per_gib": 0.0})),
    "max_moves": (rule(kind="max_moves", limit=0), rule(kind="max_moves", limit=2)),
    "max_moves_per_service": (
        rule(kind="max_moves_per_service", limit=0), rule(kind="max_moves_per_service", limit=1),
    ),
    "move_budget": (
        {**rule(kind="move_budget", limit=1), **CHEAP_MOVES},
        {**rule(kind="move_budget", limit=3), **CHEAP_MOVES},
    ),
    "dependency_presence": (near(), near(domain="site")),
    "dependency": (near(), near(domain="site")),
    "crossing_traffic": (fanned_out(40.0), fanned_out(100.0)),
    "flow": (linked(40.0), linked(100.0)),
    "latency_to_any": (distant(9.0), distant(4.0)),
    "latency_to_all": (distant(9.0, to_all=True), distant(4.0, to_all=True)),
    "latency_to_services": (distant(9.0), distant(4.0)),
    "routed_out": (routed(5.0), routed(6.0)),
    "routed_in": (routed(5.0), routed(6.0)),
    "routed_whole": (routed(5.0), routed(6.0)),
    "routing_latency": (routed(5.0, percentile=95.0), routed(5.0, percentile=50.0)),
    "transient_capacity": (leaving("cpu"), leaving("memory")),
    "safety_excess": (
        priced(safety=[{"resource": "cpu", "price": 1.0}]),
        priced(safety=[{"resource": "memory", "price": 1.0}]),
    ),
    "balance_shortage": (
        priced(balance=[{"resource": "memory", "per": "cpu", "ratio": 20, "price": 1.0}]),
        priced(balance=[{"resource": "memory", "per": "cpu", "ratio": 1, "price": 1.0}]),
    ),
    "service_most_moves": (priced(service_move_cost=1.0), priced(service_move_cost=0.0)),
    "min_hosts_on": (rule(kind="min_hosts_on", limit=2), rule(kind="min_hosts_on", limit=1)),
    "budget": (
        {**rule(kind="budget", measure="power", limit=0.2), **DEAR_MOVES},
        {**rule(kind="budget", measure="power", limit=0.3), **DEAR_MOVES},
    ),
    "max_hosts_on": (
        {**rule(kind="max_hosts_on", limit=1), **DEAR_MOVES},
        {**rule(kind="max_hosts_on", limit=2), **DEAR_MOVES},
    ),
}  # fmt: skip
