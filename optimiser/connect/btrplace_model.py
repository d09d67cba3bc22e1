"""Read a BtrPlace instance: nodes, VMs, resources and constraints of its JSON, checked.

An instance holds ``model`` (``mapping`` of nodes and VMs, ``views`` with amounts) and
``constraints``. Files may be compressed by gzip.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optimiser.connect.jsonfile import Records, is_whole, read_json

VM_LISTS = ("spread", "among", "gather", "Sync", "Serialize")
ONE_VM = ("preserve", "running", "ready", "sleeping", "killed", "root", "ban", "fence")
VM_PAIRS = ("Precedence",)
ONE_NODE = ("online", "offline", "quarantine")
UNDERSTOOD = (*VM_LISTS, *ONE_VM, *VM_PAIRS, *ONE_NODE)
Constraint = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """Amounts of one resource: by node (node,) and, as they are today, by VM (vm,)."""

    resource: str
    capacity: np.ndarray
    use: np.ndarray


@dataclass(frozen=True)
class Instance:
    """An instance with everything in arrays.

    ``node`` (node,) and ``vm`` (vm,) are the ids in the file, ascending; ``is_online`` (node,)
    bool; ``host`` (vm,) int the position of the node where a VM runs, −1 where it does not;
    ``constraints`` by kind, their ids not yet positions.
    """

    node: np.ndarray
    vm: np.ndarray
    is_online: np.ndarray
    host: np.ndarray
    views: tuple[View, ...]
    constraints: Mapping[str, Sequence[Constraint]]

    def of(self, kind: str) -> Sequence[Constraint]:
        """Return the constraints of a kind."""
        return self.constraints.get(kind, ())

    def vms(self, ids: Sequence[int]) -> np.ndarray:
        """Return the positions of VMs by their ids."""
        return np.searchsorted(self.vm, np.asarray(ids, dtype=np.int64))

    def nodes(self, ids: Sequence[int]) -> np.ndarray:
        """Return the positions of nodes by their ids."""
        return np.searchsorted(self.node, np.asarray(ids, dtype=np.int64))

    def named(self, *kinds: str) -> np.ndarray:
        """Return which VMs constraints of these kinds about one VM name, (vm,) bool."""
        found = np.zeros(len(self.vm), dtype=bool)
        found[self.vms([c["vm"] for kind in kinds for c in self.of(kind)])] = True
        return found

    def named_nodes(self, kind: str) -> np.ndarray:
        """Return which nodes constraints of a kind name, (node,) bool."""
        found = np.zeros(len(self.node), dtype=bool)
        found[self.nodes([c["node"] for c in self.of(kind)])] = True
        return found


def read_btrplace(path: Path) -> Instance:
    """Read an instance. Raises ``InputError`` with its mistakes and what is not understood."""
    document = read_json(path)
    model = document.get("model")
    records = Records(path, model if isinstance(model, dict) else {})
    if not isinstance(model, dict) or not isinstance(model.get("mapping"), dict):
        records.refuse("is no object", "model.mapping", None, "the mapping of a BtrPlace instance")
    records.raise_all()
    node, is_online, vm, host = _mapping(records, records.document["mapping"])
    records.raise_all()
    views = _views(records, node, vm)
    constraints = _constraints(records, document.get("constraints", []), vm, node)
    records.raise_all()
    return Instance(node, vm, is_online, host, views, constraints)


def _mapping(
    records: Records, mapping: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return node ids, which are online, VM ids and the position of the node of each VM."""
    online = mapping.get("onlineNodes") or {}
    offline, ready = mapping.get("offlineNodes") or [], mapping.get("readyVMs") or []
    on = _ids(records, "model.mapping.onlineNodes", list(online))
    off = _ids(records, "model.mapping.offlineNodes", offline)
    node = _unique(records, "model.mapping", "node", np.concatenate([on, off]))
    if not len(node):
        records.refuse("holds no node", "model.mapping", None, "at least one node")
    parts, hosts = [_ids(records, "model.mapping.readyVMs", ready)], [-1]
    for position, (key, content) in zip(on.tolist(), online.items(), strict=False):
        for state in ("runningVMs", "sleepingVMs"):
            field = f"model.mapping.onlineNodes.{key}.{state}"
            parts.append(_ids(records, field, content.get(state) or []))
            hosts.append(int(np.searchsorted(node, position)) if state == "runningVMs" else -1)
    ids = np.concatenate(parts)
    of_vm = np.repeat(hosts, [len(part) for part in parts])
    order = np.argsort(ids, kind="stable")
    vm = _unique(records, "model.mapping", "VM", ids)
    return node, np.isin(node, on), vm, of_vm[order][: len(vm)]


def _ids(records: Records, field: str, values: Any) -> np.ndarray:
    """Return ids, which may be texts of digits, as int64."""
    known = values if isinstance(values, list) else []
    if not isinstance(values, list):
        records.refuse("is no list", field, type(values).__name__, "a list of ids")
    numbers = [int(v) if isinstance(v, str) and v.isdecimal() else v for v in known]
    bad = [value for value in numbers if not is_whole(value)]
    if bad:
        records.refuse("is no id", field, bad[0], "whole numbers")
    return np.array([v for v in numbers if is_whole(v)], dtype=np.int64)


def _unique(records: Records, field: str, noun: str, ids: np.ndarray) -> np.ndarray:
    found, count = np.unique(ids, return_counts=True)
    for twice in found[count > 1].tolist():
        records.refuse(f"a {noun} is in two places", field, twice, f"each {noun} once")
    return found


def _views(records: Records, node: np.ndarray, vm: np.ndarray) -> tuple[View, ...]:
    """Return the resources; a view that only names things is left out."""
    found = []
    for index, view in enumerate(records.document.get("views") or []):
        field, kind = f"model.views[{index}]", view.get("id")
        if kind == "shareableResource":
            capacity = _amounts(records, f"{field}.nodes", view, "nodes", node, "defCapacity")
            use = _amounts(records, f"{field}.vms", view, "vms", vm, "defConsumption")
            found.append(View(str(view.get("rcId", index)), capacity, use))
        elif kind != "ns":
            records.refuse("the view is not understood", field, kind, "shareableResource or ns")
    if not found:
        expected = "at least one shareableResource"
        records.refuse("holds no resource", "model.views", None, expected)
    return tuple(found)


def _amounts(
    records: Records, field: str, view: Mapping[str, Any], key: str, ids: np.ndarray, default: str
) -> np.ndarray:
    """Return the amount of each id, the view's default where it names none."""
    table = view.get(key) or {}
    named = _ids(records, field, list(table))
    amount, bad = list(table.values()), [v for v in table.values() if not is_whole(v)]
    if bad or not is_whole(view.get(default, 0)):
        records.refuse("is no amount", field, (bad or [view.get(default)])[0], "0, 1, 2, …")
        return np.zeros(len(ids), dtype=np.int64)
    result = np.full(len(ids), view.get(default, 0), dtype=np.int64)
    is_known = np.isin(named, ids)
    result[np.searchsorted(ids, named[is_known])] = np.array(amount, dtype=np.int64)[is_known]
    return result


def _constraints(
    records: Records, constraints: Any, vm: np.ndarray, node: np.ndarray
) -> dict[str, list[Constraint]]:
    """Return the constraints by kind, each checked."""
    found: dict[str, list[Constraint]] = defaultdict(list)
    unknown: dict[str, int] = defaultdict(int)
    vms, nodes = set(vm.tolist()), set(node.tolist())
    for index, constraint in enumerate(constraints):
        kind, field = str(constraint.get("id")), f"constraints[{index}]"
        if kind not in UNDERSTOOD:
            unknown[kind] += 1
            continue
        _check(records, field, kind, constraint, vms, nodes)
        found[kind].append(constraint)
    for kind, count in unknown.items():
        records.refuse(
            f"{count} constraints of this kind are not understood", "constraints", kind,
            "kinds among " + ", ".join(sorted(UNDERSTOOD)),
        )  # fmt: skip
    return found


def _check(
    records: Records, field: str, kind: str, given: Constraint, vms: set[int], nodes: set[int]
) -> None:
    """Note every id of a constraint that the mapping does not hold."""
    wanted: list[tuple[str, Any, set[int]]] = []
    if kind in VM_LISTS:
        wanted.append(("vms", given.get("vms"), vms))
    if kind in ONE_VM:
        wanted.append(("vm", [given.get("vm")], vms))
    if kind in VM_PAIRS:
        wanted += [(name, [given.get(name)], vms) for name in ("vm1", "vm2")]
    if kind in ONE_NODE:
        wanted.append(("node", [given.get("node")], nodes))
    if kind in ("ban", "fence"):
        wanted.append(("nodes", given.get("nodes"), nodes))
    if kind == "among":
        parts = given.get("parts")
        named: list[Any] = []
        for part in parts if isinstance(parts, list) else []:
            named += part if isinstance(part, list) else [part]
        wanted.append(("parts", named, nodes))
    if kind == "preserve" and not is_whole(given.get("amount")):
        records.refuse("is no amount", f"{field}.amount", given.get("amount"), "0, 1, 2, …")
    for name, values, known in wanted:
        if not isinstance(values, list) or not values:
            records.refuse("is no list of ids", f"{field}.{name}", values, "at least one id")
        elif not all(map(is_whole, values)) or not known.issuperset(values):
            bad = next(v for v in values if not is_whole(v) or v not in known)
            records.refuse("there is no such id", f"{field}.{name}", bad, "an id of the mapping")
