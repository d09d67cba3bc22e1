"""Tiny random sites with policies about the order of moves, and every order written out.

The oracle here knows hosts, sizes, waves and times only; it shares no code with planner or checker.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.schema.moving import Moving
from optimiser.studies.move_order import MoveOrder
from optimiser.twin.rules import Rule
from optimiser.twin.way import WayRule, way_rules

KINDS = ("precedence", "serialize", "sync", "deadline", "min_up", "freeze")
GIB = 1024
MINUTE = 60.0
BANDWIDTH_GBIT_S = 1.0
OVERHEAD_S = 5.0
DAY_MINUTES = 24 * 60
HORIZON_DAYS = 3

Row = dict[str, Any]
Waves = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class OrderSite:
    """A site, a plan, and the plain numbers from which the oracle judges orders."""

    twin: xr.Dataset
    rules: list[Rule]
    way: tuple[WayRule, ...]
    moving: Moving
    plan: Placement
    policies: list[Row]
    room: list[int]
    cpu: list[int]
    gib: list[int]
    service: list[str]
    source: list[int]
    target: list[int]

    @property
    def movers(self) -> list[int]:
        """Workloads that move."""
        return [w for w, (a, b) in enumerate(zip(self.source, self.target, strict=True)) if a != b]


def order_site(seed: int, kinds: tuple[str, ...], most_moves: int = 4) -> OrderSite | None:
    """Return the site of a seed with one or two policies of ``kinds``; ``None`` if none moves."""
    rng = random.Random(seed)
    num_hosts, num = rng.randint(2, 4), rng.randint(3, 6)
    cpu = [10 * rng.randint(1, 5) for _ in range(num)]
    source, target = (_placed(rng, cpu, num_hosts) for _ in range(2))
    if rng.random() < 0.2:
        source[rng.randrange(num)] = -1
    moved = [w for w in range(num) if source[w] != target[w]]
    for w in moved[most_moves:]:
        target[w] = source[w]
    load = [
        max(sum(c for c, h in zip(cpu, at, strict=True) if h == host) for at in (source, target))
        for host in range(num_hosts)
    ]
    room = [max(10, one + rng.choice([0, 10, 10, 20, 40])) for one in load]
    gib = [rng.choice([0, 4, 8, 16]) for _ in range(num)]
    service = [rng.choice("ab") for _ in range(num)]
    policies = [_policy(rng, rng.choice(kinds), num, gib) for _ in range(rng.randint(1, 2))]
    for index, policy in enumerate(policies):
        policy["name"] = f"{policy['kind']}-{index}"
    if not any(a != b for a, b in zip(source, target, strict=True)):
        return None
    return _built(rng, policies, room, cpu, gib, service, source, target)


def _built(
    rng: random.Random,
    policies: list[Row],
    room: list[int],
    cpu: list[int],
    gib: list[int],
    service: list[str],
    source: list[int],
    target: list[int],
) -> OrderSite:
    rows = [
        {"cpu": c, "memory": g * GIB, "service": s, "host": None if h < 0 else f"h{h + 1}"}
        for c, g, s, h in zip(cpu, gib, service, source, strict=True)
    ]
    hosts = [{"cpu": amount, "memory": 1000 * GIB} for amount in room]
    site_input, twin, rules = tiny(hosts, rows, policies)
    moving = Moving(
        bandwidth_gbit_s=BANDWIDTH_GBIT_S,
        overhead_s=OVERHEAD_S,
        concurrent_per_host=rng.choice([1, 2, 4]),
    )
    way = way_rules(site_input, site_input.site.policies, twin)
    plan = Placement(np.array(target, dtype=np.int32), np.ones(len(room), dtype=bool))
    return OrderSite(
        twin, rules, way, moving, plan, policies, room, cpu, gib, service, source, target
    )


def _placed(rng: random.Random, cpu: list[int], num_hosts: int) -> list[int]:
    return [rng.randrange(num_hosts) for _ in cpu]


def _some(rng: random.Random, num: int) -> Row:
    if rng.random() < 0.3:
        return {"services": [rng.choice("ab")]}
    return {"names": [f"w{w + 1}" for w in rng.sample(range(num), rng.randint(1, num))]}


def _policy(rng: random.Random, kind: str, num: int, gib: list[int]) -> Row:
    who = {"workloads": _some(rng, num)}
    each = {"each": rng.choice(["all", "service"])}
    if kind == "precedence":
        return {"kind": kind, "before": _some(rng, num), "after": _some(rng, num)}
    if kind in ("serialize", "sync"):
        return {"kind": kind, **who, **each}
    if kind == "deadline":
        largest = max(gib) or 4
        seconds = OVERHEAD_S + largest * 1.2 * 2**33 / 1e9
        return {"kind": kind, **who, "within_h": rng.choice([0.6, 1.05, 1.6, 2.2]) * seconds / 3600}
    if kind == "min_up":
        limit = rng.choice([{"min_up": rng.randint(1, 2)}, {"min_up_fraction": 0.5}])
        return {"kind": "disruption_budget", **who, **each, **limit}
    start = rng.randint(0, 3)
    return {
        "kind": "disruption_budget", **who,
        "freeze": [{"start": f"00:{start:02}", "end": f"00:{start + rng.randint(2, 9):02}"}],
    }  # fmt: skip


def every_order(movers: list[int]) -> Iterator[Waves]:
    """Yield every sequence of waves in which each workload moves once."""
    if not movers:
        yield ()
        return
    for size in range(1, len(movers) + 1):
        for wave in itertools.combinations(movers, size):
            rest = [w for w in movers if w not in wave]
            for later in every_order(rest):
                yield (wave, *later)


def is_legal(site: OrderSite, waves: Waves) -> bool:
    """Whether every moment of an order keeps room, limits, policies, windows and deadlines."""
    host = list(site.source)
    now = 0.0
    for number, wave in enumerate(waves):
        if not _has_room(site, host, wave) or not _is_narrow(site, host, wave):
            return False
        if not all(_keeps(site, policy, host, waves, number) for policy in site.policies):
            return False
        span = _span(site, host, wave, now)
        if span is None:
            return False
        begin, seconds = span
        if any(begin + s > _due(site, w) + 1e-6 for w, s in zip(wave, seconds, strict=True)):
            return False
        now = begin + max(seconds)
        for w in wave:
            host[w] = site.target[w]
    return True


def _has_room(site: OrderSite, host: list[int], wave: tuple[int, ...]) -> bool:
    load = [0] * len(site.room)
    for w, cpu in enumerate(site.cpu):
        if host[w] >= 0:
            load[host[w]] += cpu
        if w in wave:
            load[site.target[w]] += cpu
    return all(used <= room for used, room in zip(load, site.room, strict=True))


def _is_narrow(site: OrderSite, host: list[int], wave: tuple[int, ...]) -> bool:
    most = site.moving.concurrent_per_host
    ends = [host[w] for w in wave if host[w] >= 0], [site.target[w] for w in wave]
    return all(side.count(one) <= most for side in ends for one in side)


def _chosen(site: OrderSite, selector: Row) -> set[int]:
    names, services = selector.get("names", []), selector.get("services", [])
    return {
        w
        for w in range(len(site.cpu))
        if (not names or f"w{w + 1}" in names) and (not services or site.service[w] in services)
    }


def _groups(site: OrderSite, policy: Row) -> list[set[int]]:
    chosen = _chosen(site, policy["workloads"])
    if policy.get("each", "service") == "all":
        return [chosen]
    return [{w for w in chosen if site.service[w] == name} for name in "ab"]


def _keeps(site: OrderSite, policy: Row, host: list[int], waves: Waves, number: int) -> bool:
    wave, later = waves[number], {w for one in waves[number:] for w in one}
    if policy["kind"] == "precedence":
        first = _chosen(site, policy["before"])
        after = _chosen(site, policy["after"]) - first
        return not (set(wave) & after and later & first)
    if policy["kind"] == "serialize":
        return all(len(group & set(wave)) <= 1 for group in _groups(site, policy))
    if policy["kind"] == "sync":
        gone = {w for one in waves[:number] for w in one}
        rest = later - set(wave)
        return not any(
            group & set(wave) and group & (gone | rest) for group in _groups(site, policy)
        )
    if "min_up" in policy or "min_up_fraction" in policy:
        return all(_is_up(policy, group, host, wave) for group in _groups(site, policy))
    return True


def _is_up(policy: Row, group: set[int], host: list[int], wave: tuple[int, ...]) -> bool:
    least = policy.get("min_up", -(-len(group) * policy.get("min_up_fraction", 0.0) // 1))
    runs = {w for w in group if host[w] >= 0}
    return not (runs & set(wave)) or len(runs - set(wave)) >= least


def _span(
    site: OrderSite, host: list[int], wave: tuple[int, ...], now: float
) -> tuple[float, list[float]] | None:
    """Return when a wave can begin and how long each of its moves takes."""
    seconds = []
    for w in wave:
        leave = sum(host[o] == host[w] for o in wave)
        enter = sum(site.target[o] == site.target[w] for o in wave)
        copies = max(leave, enter)
        data = 0.0 if host[w] < 0 else site.gib[w] * 1.2 * 2**33 / 1e9
        seconds.append(OVERHEAD_S + data * copies / BANDWIDTH_GBIT_S)
    length = max(seconds)
    windows = [
        (day * DAY_MINUTES + _minute(freeze["start"]), day * DAY_MINUTES + _minute(freeze["end"]))
        for policy in site.policies
        for freeze in policy.get("freeze", [])
        if _chosen(site, policy["workloads"]) & set(wave)
        for day in range(-1, HORIZON_DAYS)
    ]
    begins = [now, *(MINUTE * end for _, end in windows if MINUTE * end > now)]
    for begin in sorted(begins):
        if all(begin + length <= MINUTE * a or begin >= MINUTE * b for a, b in windows):
            return begin, seconds
    return None


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _due(site: OrderSite, workload: int) -> float:
    times = [
        3600.0 * policy["within_h"]
        for policy in site.policies
        if policy["kind"] == "deadline" and workload in _chosen(site, policy["workloads"])
    ]
    return min(times, default=float("inf"))


def as_order(site: OrderSite, waves: Waves) -> MoveOrder:
    """Return waves as an order of moves."""
    flat = [(w, number) for number, wave in enumerate(waves) for w in wave]
    workload = np.array([w for w, _ in flat], dtype=np.int32)
    return MoveOrder(
        workload=workload,
        source=np.array(site.source, dtype=np.int32)[workload],
        target=np.array(site.target, dtype=np.int32)[workload],
        wave=np.array([number for _, number in flat], dtype=np.int32),
        bounce=np.zeros(len(flat), dtype=bool),
        start=placement_today(site.twin),
        end=site.plan,
    )


def as_waves(order: MoveOrder) -> Waves:
    """Return the waves of an order."""
    return tuple(
        tuple(sorted(order.workload[order.wave == number].tolist()))
        for number in range(order.num_waves)
    )
