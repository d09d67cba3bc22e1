"""Constraints of a BtrPlace instance as policies, with the services, labels and racks they need.

Sets of VMs that do not overlap become services, so that one policy speaks for thousands of
constraints; sets that overlap others keep a policy of their own. The groups of nodes that
``among`` names become racks. Orders of migrations are orders of moves; VMs that move in step begin
at the same moment, where BtrPlace lets their last pauses coincide under some ways to migrate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optimiser.connect.btrplace_model import Constraint, Instance
from optimiser.connect.free_energy import RACK
from optimiser.errors import InputError, Problem

ALONE = "alone"
OUTSIDE = "outside"
SETS = {
    "spread": {"kind": "anti_affinity", "domain": "host"},
    "gather": {"kind": "affinity", "domain": "host"},
    "among": {"kind": "affinity", "domain": "rack"},
}
"""What a constraint about a set of VMs is here."""
Policy = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """``policies``; ``service`` and ``labels`` (vm,) texts; ``rack`` (node,) position in racks."""

    policies: list[Policy]
    service: np.ndarray
    labels: np.ndarray
    rack: np.ndarray
    racks: list[str]


def map_rules(instance: Instance, active: np.ndarray, source: Path) -> Rules:
    """Return the policies of an instance and what they refer to.

    ``active`` (vm,) bool are the VMs that run in the end; constraints on others say nothing.

    Raises ``InputError`` for ``among`` constraints whose groups of nodes overlap or differ.
    """
    rack, racks = _racks(instance, source)
    sets = [
        (kind, members[active[members]])
        for kind in SETS
        for members in (instance.vms(c["vms"]) for c in instance.of(kind))
    ]
    service, names = _services(instance, [members for _, members in sets])
    policies, labelled = _set_policies(instance, sets, service, active)
    if (rack == len(racks) - 1).any() and racks[-1] == OUTSIDE:
        chosen = _members(instance, "among", active)
        labelled["among-node"] = chosen
        policies.append(_labelled("fence", "among-node", hosts={"racks": racks[:-1]}))
    for name, mask, fields in _single_policies(instance, active):
        labelled[name] = mask
        policies.append(_labelled(fields.pop("kind"), name, **fields))
    policies += _node_policies(instance) + _order_policies(instance, active)
    return Rules(policies, names[service], _label_texts(labelled, len(active)), rack, racks)


def _racks(instance: Instance, source: Path) -> tuple[np.ndarray, list[str]]:
    """Return the rack of each node and the names of racks: the groups of ``among``, or one."""
    distinct: list[Any] = []
    for constraint in instance.of("among"):
        if constraint["parts"] not in distinct:
            distinct.append(constraint["parts"])
    if not distinct:
        return np.zeros(len(instance.node), dtype=np.int64), [RACK]
    parts = [instance.nodes(part) for part in distinct[0]]
    rack = np.full(len(instance.node), len(parts))
    for index, part in enumerate(parts):
        rack[part] = index
    if len(distinct) > 1 or sum(map(len, parts)) != int((rack < len(parts)).sum()):
        raise InputError(
            Problem(
                "the groups of nodes overlap or differ between constraints",
                str(source),
                field="among.parts",
                expected="the same groups, without a common node, in each among constraint",
            )
        )
    names = [f"group-{index + 1}" for index in range(len(parts))]
    return rack, names + ([OUTSIDE] if (rack == len(parts)).any() else [])


def _services(instance: Instance, sets: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the service of each VM (vm,) and the names: each set that overlaps none before it."""
    service = np.zeros(len(instance.vm), dtype=np.int64)
    names = [ALONE]
    for members in sets:
        if len(members) and not service[members].any():
            service[members] = len(names)
            names.append(f"set-{len(names)}")
    return service, np.array(names, dtype=object)


def _set_policies(
    instance: Instance,
    sets: Sequence[tuple[str, np.ndarray]],
    service: np.ndarray,
    active: np.ndarray,
) -> tuple[list[Policy], dict[str, np.ndarray]]:
    """Return policies about sets of VMs and the VMs that carry the label of each kind."""
    size = np.bincount(service[active], minlength=int(service.max(initial=0)) + 1)
    labelled: dict[str, np.ndarray] = {}
    own: list[Policy] = []
    for index, (kind, members) in enumerate(sets):
        if len(members) < 2:
            continue
        first = service[members[0]]
        if first and (service[members] == first).all() and size[first] == len(members):
            mask = labelled.setdefault(kind, np.zeros(len(active), dtype=bool))
            mask[members] = True
        else:
            names = [f"vm-{key}" for key in instance.vm[members]]
            policy = {"name": f"{kind}-{index + 1}", "workloads": {"names": names}, "each": "all"}
            own.append({**policy, **SETS[kind]})
    return [_labelled(SETS[k]["kind"], k, domain=SETS[k]["domain"]) for k in labelled] + own, (
        labelled
    )


def _members(instance: Instance, kind: str, active: np.ndarray) -> np.ndarray:
    """Return which VMs any constraint of a kind names, (vm,) bool."""
    found = np.zeros(len(active), dtype=bool)
    for constraint in instance.of(kind):
        found[instance.vms(constraint["vms"])] = True
    return found & active


def _single_policies(
    instance: Instance, active: np.ndarray
) -> list[tuple[str, np.ndarray, dict[str, Any]]]:
    """Return name, VMs and fields of policies about VMs one by one, joined where they are equal."""
    found: list[tuple[str, np.ndarray, dict[str, Any]]] = []
    root = instance.named("root") & active & (instance.host >= 0)
    if root.any():
        found.append(("root", root, {"kind": "preserve"}))
    for kind in ("ban", "fence"):
        by_nodes: dict[tuple[int, ...], list[Constraint]] = defaultdict(list)
        for constraint in instance.of(kind):
            by_nodes[tuple(sorted(constraint["nodes"]))].append(constraint)
        for index, (nodes, given) in enumerate(by_nodes.items()):
            mask = np.zeros(len(active), dtype=bool)
            mask[instance.vms([c["vm"] for c in given])] = True
            hosts = {"names": [f"node-{key}" for key in nodes]}
            if (mask & active).any():
                found.append((f"{kind}-{index + 1}", mask & active, {"kind": kind, "hosts": hosts}))
    return found


def _node_policies(instance: Instance) -> list[Policy]:
    nodes = instance.node[instance.named_nodes("quarantine")]
    if not len(nodes):
        return []
    hosts = {"names": [f"node-{key}" for key in nodes]}
    return [{"kind": "quarantine", "name": "quarantine", "hosts": hosts}]


def _order_policies(instance: Instance, active: np.ndarray) -> list[Policy]:
    """Return policies about the order of moves, of VMs that run today and in the end.

    Others do not migrate, so that these constraints say nothing of them.
    """
    migrates = active & (instance.host >= 0)
    found: list[Policy] = []
    for number, constraint in enumerate(instance.of("Precedence"), 1):
        ends = instance.vms([constraint["vm1"], constraint["vm2"]])
        if migrates[ends].all() and ends[0] != ends[1]:
            before, after = (_named(instance, ends[i : i + 1]) for i in (0, 1))
            name = f"precedence-{number}"
            found.append({"kind": "precedence", "name": name, "before": before, "after": after})
    for given in ("Sync", "Serialize"):
        for number, constraint in enumerate(instance.of(given), 1):
            members = np.unique(instance.vms(constraint["vms"]))
            members = members[migrates[members]]
            if len(members) > 1:
                kind, workloads = given.lower(), _named(instance, members)
                found.append({"kind": kind, "name": f"{kind}-{number}", "workloads": workloads})
    return found


def _named(instance: Instance, vms: np.ndarray) -> dict[str, list[str]]:
    return {"names": [f"vm-{key}" for key in instance.vm[vms]]}


def _labelled(kind: str, name: str, **fields: Any) -> Policy:
    return {"kind": kind, "name": name, "workloads": {"labels": {name: "member"}}, **fields}


def _label_texts(labelled: dict[str, np.ndarray], count: int) -> np.ndarray:
    """Return the labels of each VM as ``spread=member;among=member``, (count,)."""
    texts = np.full(count, "", dtype=object)
    for name, mask in labelled.items():
        head = np.where(texts[mask] == "", "", texts[mask] + ";")
        texts[mask] = head + f"{name}=member"
    return texts
