"""An independent check of a reconfiguration: it reads the instance's JSON and nothing of ours."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Repaired:
    """What a placement of VMs on nodes is worth: rules of the instance it breaks, and moves."""

    broken: dict[str, int]
    moves: int


def check(source: Path, where: Mapping[int, int]) -> Repaired:
    """Check a placement (VM → node, ids of the instance) against constraints and capacity."""
    document = json.loads(gzip.decompress(source.read_bytes()))
    mapping, constraints = document["model"]["mapping"], document["constraints"]
    today = {v: int(n) for n, c in mapping["onlineNodes"].items() for v in c["runningVMs"]}
    by_kind: dict[str, list[Any]] = {}
    for constraint in constraints:
        by_kind.setdefault(constraint["id"], []).append(constraint)
    started = {c["vm"] for c in by_kind.get("running", [])}
    broken = {
        "unplaced": len((today.keys() | started) - where.keys()),
        "capacity": _overfull(document["model"]["views"], by_kind.get("preserve", []), where),
        "spread": sum(not _is_apart(c["vms"], where) for c in by_kind.get("spread", [])),
        "among": sum(not _is_among(c, where) for c in by_kind.get("among", [])),
        "offline": _used({c["node"] for c in by_kind.get("offline", [])}, where),
    }
    moves = sum(vm in today and today[vm] != node for vm, node in where.items())
    return Repaired({kind: count for kind, count in broken.items() if count}, moves)


def _overfull(views: list[Any], preserved: list[Any], where: Mapping[int, int]) -> int:
    """Return how many nodes are overfull in some resource."""
    over = set()
    for view in views:
        if view["id"] != "shareableResource":
            continue
        use = {int(vm): amount for vm, amount in view["vms"].items()}
        use |= {c["vm"]: c["amount"] for c in preserved if c["rc"] == view["rcId"]}
        load: Counter[int] = Counter()
        for vm, node in where.items():
            load[node] += use.get(vm, view["defConsumption"])
        room = view["nodes"]
        over |= {n for n, used in load.items() if used > room.get(str(n), view["defCapacity"])}
    return len(over)


def _is_apart(vms: list[int], where: Mapping[int, int]) -> bool:
    nodes = [where[vm] for vm in vms if vm in where]
    return len(set(nodes)) == len(nodes)


def _is_among(constraint: Mapping[str, Any], where: Mapping[int, int]) -> bool:
    nodes = {where[vm] for vm in constraint["vms"] if vm in where}
    return not nodes or any(nodes <= set(part) for part in constraint["parts"])


def _used(nodes: set[int], where: Mapping[int, int]) -> int:
    return len(nodes & set(where.values()))
