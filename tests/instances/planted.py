"""Planted conflicts of 21 kinds, and whether relaxing as told mends them.

``python -m instances.planted FIRST COUNT`` (from the folder ``tests``) tries so many seeds of each
kind and prints every one that is not mended; ``make fuzz`` does that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from instances.constraint_cases import GPU_CARD
from instances.tiny import GPU_RESOURCES, tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.verdict import Placement, Violation
from optimiser.analysis.verify import verify
from optimiser.formulation.frame import prepare
from optimiser.solve.explain import find_relaxations
from optimiser.solve.explain_steps import Relaxation, Step
from optimiser.twin.availability import MINUTES_PER_YEAR
from optimiser.twin.rules import Rule

Case = dict[str, Any]
HOST_KINDS = ("capacity", "devices")


def _some(rng: np.random.Generator, count: int, low: int = 1, high: int = 4) -> list[Case]:
    """Return workloads of 10 to 40 %, spread over the hosts today."""
    return [
        {"cpu": 10 * int(rng.integers(low, high + 1)), "service": f"s{i % 2}",
         "host": f"h{i % 3 + 1}"}
        for i in range(count)
    ]  # fmt: skip


def _ruled(rng: np.random.Generator, count: int = 4, **policy: Any) -> Case:
    return {"hosts": 3, "workloads": _some(rng, count), "policies": [policy]}


def _replicas(rng: np.random.Generator, count: int, cpu: int = 10, **policy: Any) -> Case:
    web = {"replicas": count, "service": "web", "cpu": cpu,
           "host": [f"h{i % 3 + 1}" for i in range(count)]}  # fmt: skip
    return {"hosts": 3, "workloads": [web, *_some(rng, 2, high=2)], "policies": [policy]}


def _way(rng: np.random.Generator, least: int) -> list[Case]:
    return [{"a": "p1", "b": "p2", "ms": int(rng.integers(least, 3 * least))}]


def _apart(**policy: Any) -> Case:
    """Return two workloads that are pinned to hosts in different places, of the only two hosts."""
    pins = [{"kind": "pin", "workloads": {"names": [f"w{i}"]}, "host": f"h{i}"} for i in (1, 2)]
    return {
        "hosts": [{"labels": "pod=p1"}, {"labels": "pod=p2"}],
        "workloads": [{"service": f"s{i}", "cpu": 20, "host": f"h{i + 1}"} for i in range(2)],
        "policies": [policy, *pins],
    }


def _facility(rng: np.random.Generator, **policy: Any) -> Case:
    options = facility_options(4, 2)
    hosts = [{"rack": f"r{i + 1}", "card": "plain"} for i in range(4)]
    return {
        "hosts": hosts,
        "workloads": _some(rng, 4, 2, 4),
        "policies": [policy],
        **options,
    }


def _weak_feeds(rng: np.random.Generator) -> Case:
    case = _facility(rng, kind="redundant_feed")
    power = dict(case["power"])
    rating = int(rng.integers(5, 15)) / 100
    power["feeds"] = [{**feed, "rating_kw": rating} for feed in power["feeds"]]
    return {**case, "power": power}


def _no_cooling(rng: np.random.Generator) -> Case:
    """Return a site whose zones have no working unit left when the redundant one has failed."""
    case = _facility(rng, kind="cooling_capacity")
    cooling = dict(case["cooling"])
    cooling["zones"] = [{**z, "crah_count": 1, "crah_redundant": 1} for z in cooling["zones"]]
    return {**case, "cooling": cooling}


def _full_devices(rng: np.random.Generator) -> Case:
    share = int(rng.integers(51, 90))
    return {
        "hosts": [{"card": "gpu"}, {"card": "gpu"}],
        "workloads": [{"gpu": share, "cpu": 1, "replicas": 5, "host": "h1"}],
        "cards": [GPU_CARD],
        "resources": GPU_RESOURCES,
    }


def _all_sixties(rng: np.random.Generator, *policies: Case) -> Case:
    """Return three hosts of which each can hold one workload, and two or three workloads."""
    big = [{"cpu": 10 * int(rng.integers(6, 9)), "host": f"h{i + 1}"} for i in range(2)]
    return {"hosts": 3, "workloads": big, "policies": list(policies)}


def _all_small(rng: np.random.Generator, policy: Case) -> Case:
    """Return small workloads of two services that all must be on the third host."""
    drained = {"kind": "drain", "hosts": {"names": ["h1", "h2"]}}
    return {"hosts": 3, "workloads": _some(rng, 2), "policies": [policy, drained]}


def _two_racks(rng: np.random.Generator, *policies: Case) -> Case:
    """Return two replicas that a fence keeps in one of two racks."""
    web = {"service": "web", "cpu": 10 * int(rng.integers(1, 5)), "host": "h1"}
    fence = {"kind": "fence", "workloads": {}, "hosts": {"racks": ["r1"]}}
    return {"hosts": 2, "workloads": [web, web], "policies": [*policies, fence]}


DRAINED: Case = {"kind": "drain", "hosts": {"names": ["h1"]}}
TWO: Case = {"names": ["w1", "w2"]}
PLANTED: dict[str, Callable[[np.random.Generator], Case]] = {
    "capacity": lambda r: {
        "hosts": 2,
        "workloads": [{"cpu": 50 + int(r.integers(1, 40)), "host": "h1"} for _ in range(3)],
    },
    "devices": _full_devices,
    "power": lambda r: _ruled(
        r, kind="domain_capacity", domain="site", limit=int(r.integers(20, 99)) / 1000
    ),
    "space": lambda r: _ruled(r, kind="domain_capacity", domain="site", resource="space", limit=0),
    "cpu": lambda r: _ruled(
        r, kind="domain_capacity", domain="site", resource="cpu", limit=int(r.integers(5, 39))
    ),
    "redundant_feed": _weak_feeds,
    "cooling_capacity": _no_cooling,
    "inlet_temperature": lambda r: _facility(
        r, kind="inlet_temperature", limit_c=10 + int(r.integers(0, 100)) / 100
    ),
    "headroom": lambda r: _ruled(r, kind="headroom", amount=int(r.integers(261, 400))),
    "spread_max_per_domain": lambda r: _replicas(
        r, int(r.integers(4, 6)), kind="spread", max_per_domain=1
    ),
    "spread_min_domains": lambda r: _replicas(
        r, int(r.integers(4, 6)), kind="spread", min_domains=4
    ),
    "spread_max_skew": lambda r: _replicas(
        r, int(r.choice([4, 5])), kind="spread", max_skew=0, workloads={"services": ["web"]}
    ),
    "anti_affinity": lambda r: _replicas(
        r, int(r.integers(4, 6)), kind="anti_affinity", workloads={"services": ["web"]}
    ),
    "affinity": lambda r: _replicas(
        r, 3, int(r.integers(35, 50)), kind="affinity", domain="host",
        workloads={"services": ["web"]},
    ),
    "ban": lambda r: _ruled(
        r, kind="ban", workloads={"names": ["w1"]}, hosts={"names": ["h1", "h2", "h3"]}
    ),
    "fence": lambda r: _all_sixties(
        r, {"kind": "fence", "workloads": TWO, "hosts": {"names": ["h3"]}}
    ),
    "require_label": lambda r: _ruled(
        r, kind="require_label", label="disk", values=["ssd"],
        workloads={"names": [f"w{int(r.integers(1, 5))}"]},
    ),
    "pin": lambda r: _all_sixties(
        r,
        {"kind": "pin", "workloads": {"names": ["w1"]}, "host": "h3"},
        {"kind": "pin", "workloads": {"names": ["w2"]}, "host": "h3"},
    ),
    "drain": lambda r: _ruled(r, kind="drain", hosts={"names": ["h1", "h2", "h3"]}),
    "preserve": lambda r: _all_sixties(
        r,
        {"kind": "preserve", "workloads": TWO},
        {"kind": "drain", "hosts": {"names": [f"h{int(r.integers(1, 3))}"]}},
    ),
    "quarantine": lambda r: _all_sixties(
        r,
        {"kind": "quarantine", "hosts": {"names": ["h1", "h2"]}},
        {"kind": "drain", "hosts": {"names": [f"h{int(r.integers(1, 3))}"]}},
    ),
    "availability": lambda r: _two_racks(r, {
        "kind": "availability", "target": float(r.choice([0.99, 0.995])), "components": ["room"],
        "figures": [{"name": "room", "failures_per_year": 200, "repair_h": 1}],
        "common_cause": float(r.choice([0.0, 0.1])),
    }),
    "flow": lambda r: {
        "hosts": 3, "workloads": _some(r, 2), "policies": [
            {"kind": "flow", "limit_mbit_s": int(r.integers(0, 40)), "domain": "host", "traffic": [
                {"sender": "s0", "receiver": "s1", "mbit_s": int(r.integers(50, 99))}]},
            {"kind": "pin", "workloads": {"names": ["w1"]}, "host": "h1"},
            {"kind": "pin", "workloads": {"names": ["w2"]}, "host": "h2"},
        ],
    },
    "latency_to_services": lambda r: _apart(
        kind="latency", workloads={"services": ["s0"]}, services=["s1"], limit_ms=5,
        near_to=str(r.choice(["any", "all"])), distances=_way(r, 6),
    ),
    "routing_latency": lambda r: _apart(
        kind="routing_latency", limit_ms=5, routes=[{"sender": "s0", "receiver": "s1"}],
        distances=_way(r, 6),
    ),
    "budget": lambda r: _ruled(
        r, kind="budget", measure=str(r.choice(["energy", "carbon", "cost", "power"])),
        limit=int(r.integers(0, 20)) / 1000,
    ),
    "min_hosts_on": lambda r: _ruled(r, kind="min_hosts_on", limit=int(r.integers(4, 7))),
    "max_moves_per_service": lambda r: _all_sixties(
        r, {"kind": "max_moves_per_service", "limit": 0}, DRAINED
    ),
    "move_budget": lambda r: _all_sixties(
        r, {"kind": "move_budget", "limit": int(r.integers(0, 9)) / 100, "measure": "gib"}, DRAINED
    ),
    "licence": lambda r: _all_sixties(r, {"kind": "licence", "workloads": TWO, "limit": 1}),
    "isolation_limit": lambda r: _all_sixties(
        r, {"kind": "isolation_limit", "each": "all", "limit": 1}
    ),
    "isolation": lambda r: _all_small(r, {"kind": "isolation", "each": "service"}),
    "group_count": lambda r: _ruled(r, kind="group_count", each="service", limit=0),
    "group_capacity": lambda r: _ruled(
        r, kind="group_capacity", each="all", limit=int(r.integers(5, 39)), domain="site"
    ),
    "presence_overhead": lambda r: _ruled(
        r, kind="presence_overhead", resource="cpu", amount=int(r.integers(91, 99))
    ),
    "response_time": lambda r: _ruled(
        r, kind="response_time", service_ms=1, limit_ms=100 / int(r.integers(92, 100)),
    ),
    "survive_domain": lambda r: _ruled(r, kind="survive_domain", domain="site", resources=["cpu"]),
    "free_units": lambda r: _all_sixties(
        r, {"kind": "free_units", "size": {"cpu": 10}, "count": int(r.integers(27, 35))}
    ),
    "residency": lambda r: _ruled(
        r, kind="residency", classes=[{"name": "d", "allow": ["EEA"]}],
        workloads={"names": [f"w{int(r.integers(1, 5))}"]},
    ),
    "any_of": lambda r: _ruled(
        r, kind="any_of", rules=[
            {"kind": "drain", "name": "a", "hosts": {"names": ["h1", "h2", "h3"]}},
            {"kind": "latency", "name": "b", "limit_ms": 5, "users": ["rome"]},
        ],
    ),
    "budgets": lambda r: {
        **_all_sixties(
            r,
            {"kind": "max_hosts_on", "limit": 1},
            {"kind": "drain", "hosts": {"names": ["h1"]}},
            {"kind": "max_moves", "limit": 0},
        )
    },
}  # fmt: skip


def _is_told(violation: Violation, steps: tuple[Step, ...]) -> bool:
    """Whether what the checker complains about lies inside what was to be relaxed."""
    if violation.rule in HOST_KINDS:
        place = violation.where.split(",")[0]
        return any(s.family == "capacity" and s.where == place for s in steps)
    return any(
        s.rule == violation.rule
        and (
            any(violation.where == f"workload {name} on {s.where}" for name in s.who)
            or (not s.who and violation.amount <= s.amount + 1e-9)
        )
        for s in steps
    )


def _relaxed(twin: Any, rules: list[Rule], steps: tuple[Step, ...]) -> tuple[Any, list[Rule]]:
    """Return the study with the limits that a person can write changed as told, no more."""
    twin = twin.copy(deep=True)
    for step in steps:
        if step.constraint in ("capacity", "device_packing"):
            _grow_host(twin, step)
    return twin, [_relaxed_rule(rule, [s for s in steps if s.rule == rule.name]) for rule in rules]


def _grow_host(twin: Any, step: Step) -> None:
    host = twin["host"].values.tolist().index(step.where.removeprefix("host "))
    names = twin["resource"].values.tolist()
    if step.constraint == "device_packing":
        size = int(twin.attrs["device_size"])
        twin["host_capacity"].values[host, names.index("gpu")] += int(step.amount) * size
    else:
        twin["host_capacity"].values[host, names.index(step.unit)] += int(step.amount)


def _relaxed_rule(rule: Rule, steps: list[Step]) -> Rule:
    for step in steps:
        policy, amount = rule.policy, step.amount
        if step.constraint == "availability":
            target = 1.0 - (step.limit + amount + 1e-6) / MINUTES_PER_YEAR
            rule = replace(rule, policy=policy.model_copy(update={"target": target}))
            continue
        if step.constraint == "budget":
            rule = replace(rule, limit=rule.limit + amount)
            continue
        if step.who:
            free = rule.workloads.copy()
            free[[int(name.removeprefix("w")) - 1 for name in step.who]] = False
            rule = replace(rule, workloads=free)
            continue
        change = {
            "domain_capacity": ("limit", amount),
            "headroom": ("amount", -int(amount)),
            "spread_max_per_domain": ("max_per_domain", int(amount)),
            "spread_min_domains": ("min_domains", -int(amount)),
            "spread_max_skew": ("max_skew", int(amount)),
            "max_moves": ("limit", int(amount)),
            "max_hosts_on": ("limit", int(amount)),
            "min_hosts_on": ("limit", -int(amount)),
            "max_moves_per_service": ("limit", int(amount)),
            "move_budget": ("limit", int(amount)),
            "licence": ("limit", int(amount)),
            "free_units": ("count", -int(amount)),
            "isolation_limit": ("limit", int(amount)),
            "flow": ("limit_mbit_s", amount),
            "routing_latency": ("limit_ms", amount),
            "group_count": ("limit", int(amount)),
            "group_capacity": ("limit", amount),
        }.get(step.constraint)
        if change is not None:
            value = getattr(rule.policy, change[0]) + change[1]
            rule = replace(rule, policy=policy.model_copy(update={change[0]: value}))
    return rule


def _ways(kind: str, seed: int) -> tuple[Any, list[Rule], list[Relaxation]]:
    case = PLANTED[kind](np.random.default_rng([seed, 7]))
    _, twin, rules = tiny(**case)
    return twin, rules, find_relaxations(prepare(twin, rules), 20.0)


WRITABLE = {
    "capacity", "device_packing", "domain_capacity", "headroom", "spread_max_per_domain",
    "spread_min_domains", "spread_max_skew", "max_moves", "max_hosts_on", "ban", "fence",
    "require_label", "pin", "drain", "quarantine", "preserve", "min_hosts_on",
    "max_moves_per_service", "move_budget", "licence", "isolation_limit", "group_count",
    "group_capacity", "free_units", "residency", "any_of", "budget", "availability", "flow",
    "routing_latency",
}  # fmt: skip


def failures(kind: str, seed: int) -> Iterator[str]:
    """Yield what is wrong with the ways out of one planted conflict; nothing when all mend it.

    The placement of a way out breaks only what was to be relaxed, and nothing once the limits that
    a person can write are changed as told.
    """
    twin, rules, ways = _ways(kind, seed)
    if not ways:
        yield "no way out"
    for way in ways:
        placement = Placement(way.host, way.host_on)
        broken = verify(twin, rules, placement).violations
        if not broken:
            yield "the placement breaks nothing"
        untold = [v.sentence for v in broken if not _is_told(v, way.steps)]
        if untold:
            yield f"not told: {untold}, only {way.steps}"
        if {step.constraint for step in way.steps} <= WRITABLE:
            relaxed = verify(*_relaxed(twin, rules, way.steps), placement)
            if not relaxed.is_legal:
                yield f"still broken: {relaxed.sentences()} after {way.steps}"


def main(first: int, count: int) -> int:
    """Try ``count`` seeds of each kind; return the number of conflicts that are not mended."""
    bad = 0
    for kind in PLANTED:
        for seed in range(first, first + count):
            wrong = list(failures(kind, seed))
            bad += bool(wrong)
            for sentence in wrong:
                print(f"{kind} {seed}: {sentence}")
    print(f"{bad} of {count * len(PLANTED)} planted conflicts are not mended as told")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
