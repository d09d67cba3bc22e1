"""Import a BtrPlace reconfiguration instance: mend the rules with the fewest moves.

Nodes become hosts, VMs that run in the end workloads, and constraints policies. A plan costs the
number of its moves and nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optimiser.connect.btrplace_model import Instance, read_btrplace
from optimiser.connect.btrplace_rules import Rules, map_rules
from optimiser.connect.free_energy import (
    ENVIRONMENT,
    NO_CURRENCY,
    moves_study,
    powerless_card,
    resources,
    site_name,
)
from optimiser.connect.report import ImportReport, require_file
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.errors import InputError, Problem
from optimiser.schema.site import Site
from optimiser.schema.study import Study

if TYPE_CHECKING:
    import pandas as pd

CARD = "node"


def import_btrplace(source: Path, target: Path, *, force: bool = False) -> ImportReport:
    """Write the instance in the file ``source`` as the site folder ``target``.

    Raises ``InputError`` with the mistakes of the file and the constraints that are not
    understood, ``UsageError`` for a target in the way.
    """
    source = require_file(source, "a BtrPlace instance")
    instance = read_btrplace(source)
    active = active_vms(instance)
    if not active.any():
        problem = Problem("no VM runs in the end", str(source), expected="at least one VM")
        raise InputError(problem)
    request, rules = requests(instance, source), map_rules(instance, active, source)
    write_site(_site_folder(instance, active, request, rules, source), target, force=force)
    placed = int((active & (instance.host >= 0)).sum())
    counts = len(instance.node), int(active.sum()), placed
    return ImportReport(Path(target), *counts, _notes(instance, active, request))


def active_vms(instance: Instance) -> np.ndarray:
    """Return which VMs run in the end, (vm,) bool: those that do and no constraint ends, and more.

    ``running`` starts a VM that is ready or asleep; ``ready``, ``sleeping`` and ``killed`` end one.
    """
    starts, ends = instance.named("running"), instance.named("ready", "sleeping", "killed")
    return ((instance.host >= 0) | starts) & ~ends


def requests(instance: Instance, source: Path) -> np.ndarray:
    """Return what each VM asks for in the end (vm, view): today's amount, or what is preserved."""
    request = np.stack([view.use for view in instance.views], axis=1)
    position = {view.resource: index for index, view in enumerate(instance.views)}
    given = instance.of("preserve")
    for constraint in given:
        if constraint.get("rc") not in position:
            raise InputError(
                Problem("there is no such resource", str(source), field="preserve.rc",
                        value=constraint.get("rc"), expected=" or ".join(position))
            )  # fmt: skip
    vm = instance.vms([c["vm"] for c in given])
    view = np.array([position[c["rc"]] for c in given], dtype=np.int64)
    request[vm, view] = np.array([c["amount"] for c in given], dtype=np.int64)
    return request


def _notes(instance: Instance, active: np.ndarray, request: np.ndarray) -> tuple[str, ...]:
    placed = np.flatnonzero(active & (instance.host >= 0))
    load = np.zeros((len(instance.node), len(instance.views)), dtype=np.int64)
    np.add.at(load, instance.host[placed], request[placed])
    capacity = np.stack([view.capacity for view in instance.views], axis=1)
    over = int((load > capacity).any(axis=1).sum())
    return (
        "a move costs 1 and nothing else costs anything: the objective is the number of moves",
        f"{over:,} nodes are overfull once every VM has what is preserved for it; "
        f"{int(active.sum()) - len(placed):,} VMs have to start",
        "a node that stays online may sleep in a plan when it is empty; waking it costs nothing",
        "durations of actions are left out: moves are counted, not timed",
    )


def _site_folder(
    instance: Instance, active: np.ndarray, request: np.ndarray, rules: Rules, source: Path
) -> SiteFolder:
    names = resource_names([view.resource for view in instance.views])
    drives = next((i for i, name in enumerate(names) if "cpu" in name), 0)
    units = ["MB" if name == "memory" else "" for name in names]
    document: dict[str, Any] = {
        "format": "dcopt.site/1",
        "name": site_name(source),
        "description": f"{int(active.sum())} VMs on {len(instance.node)} nodes; BtrPlace.",
        "currency": NO_CURRENCY,
        "resources": resources(names, units, drives),
        "environment": ENVIRONMENT,
        "equipment": [powerless_card(CARD, _usual(instance, names))],
        "policies": rules.policies,
        "tables": {"placement": "placement.csv"},
    }
    provenance = Provenance(
        title=f"BtrPlace instance {source.name}",
        origin="a public reconfiguration instance of BtrPlace",
        licence="as stated by its publishers; not part of this project",
        how=f"dcopt import btrplace {source.name}",
    )
    comments = {"environment": "Energy is free: only moves cost anything."}
    if rules.policies:
        comments["policies"] = "The constraints of the instance."
    return SiteFolder(
        Site.model_validate(document),
        _tables(instance, active, request, rules, names),
        provenance,
        Study.model_validate(moves_study("repair")),
        site_comments=comments,
    )


def resource_names(given: list[str]) -> list[str]:
    """Return names that columns may have: ``uCpu`` becomes ``u_cpu``, twins get a number."""
    found: list[str] = []
    for index, text in enumerate(given):
        plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower())
        name = plain.strip("_")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in found:
            name = f"r{index + 1}_{name}".rstrip("_")
        found.append(name)
    return found


def _usual(instance: Instance, names: list[str]) -> dict[str, int]:
    """Return the commonest capacity of each resource; nodes with another have it in the table."""
    usual = {}
    for name, view in zip(names, instance.views, strict=True):
        value, count = np.unique(view.capacity, return_counts=True)
        usual[name] = int(value[count.argmax()])
    return usual


def _tables(
    instance: Instance, active: np.ndarray, request: np.ndarray, rules: Rules, names: list[str]
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    vm = np.flatnonzero(active)
    node_names = np.array([f"node-{key}" for key in instance.node], dtype=object)
    vm_names = np.array([f"vm-{key}" for key in instance.vm], dtype=object)
    placed = vm[instance.host[vm] >= 0]
    return {
        "hosts.csv": _hosts(instance, rules, names, node_names),
        "racks.csv": pd.DataFrame({"name": rules.racks}),
        "workloads.csv": pd.DataFrame(
            {
                "name": vm_names[vm],
                "service": rules.service[vm],
                "labels": rules.labels[vm],
                **{name: request[vm, index] for index, name in enumerate(names)},
            }
        ),
        "placement.csv": pd.DataFrame(
            {"workload": vm_names[placed], "host": node_names[instance.host[placed]]}
        ),
    }


def _hosts(
    instance: Instance, rules: Rules, names: list[str], node_names: np.ndarray
) -> pd.DataFrame:
    import pandas as pd

    state = np.where(instance.is_online, "on", "off").astype(object)
    # a node that has to be off takes nothing, and what runs there has to leave
    state[instance.named_nodes("offline")] = "maintenance"
    usual = _usual(instance, names)
    own = {
        name: view.capacity
        for name, view in zip(names, instance.views, strict=True)
        if (view.capacity != usual[name]).any()
    }
    racks = np.array(rules.racks, dtype=object)[rules.rack]
    return pd.DataFrame({"name": node_names, "rack": racks, "card": CARD, "state": state, **own})
