"""Import an instance of the ROADEF/EURO challenge 2012 (machine reassignment), one to one.

Machines become hosts, processes workloads, services services. Every constraint of the challenge is
a policy and every cost a weight of the study, so that the objective of a plan is the official one;
energy has no price.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optimiser.connect.free_energy import NO_CURRENCY
from optimiser.connect.report import ImportReport
from optimiser.connect.roadef_files import Instance, read_instance
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.errors import InputError, Problem
from optimiser.schema.site import Site
from optimiser.schema.study import Study

if TYPE_CHECKING:
    import pandas as pd

CARD = "machine"
RACK = "all"
NOTES = (
    "every cost is the challenge's: a plan's objective is the official one",
    "energy has no price: the machines of the challenge have no power",
    "the challenge knows no racks: one rack without limits stands for them",
    "all moves count as made at once, as in the challenge: 'moves: at_once' in study.yaml",
)


def import_roadef(
    model: Path, assignment: Path, target: Path, *, force: bool = False
) -> ImportReport:
    """Write a model file and its first assignment as the site folder ``target``.

    Raises ``InputError`` for files that are not of the challenge's form and ``UsageError`` for a
    target in the way.
    """
    model, assignment = Path(model), Path(assignment)
    instance = read_instance(model, assignment)
    write_site(_site_folder(instance, model, assignment), target, force=force)
    count = len(instance.service)
    return ImportReport(Path(target), len(instance.location), count, count, NOTES)


def _site_folder(instance: Instance, model: Path, assignment: Path) -> SiteFolder:
    site = Site.model_validate(_site_document(instance, model))
    provenance = Provenance(
        title=f"Machine reassignment {model.stem}",
        origin="ROADEF/EURO challenge 2012, instances by Google",
        licence="as stated by the challenge's organisers; not part of this project",
        how=f"dcopt import roadef {model.name} {assignment.name}",
    )
    return SiteFolder(
        site,
        _tables(instance),
        provenance,
        Study.model_validate(_study_document(instance)),
        site_comments={
            "environment": "The challenge prices no energy.",
            "policies": "The hard constraints of the challenge.",
        },
        study_comments={"weights": "The costs of the challenge, unit for unit."},
    )


def _site_document(instance: Instance, model: Path) -> dict[str, Any]:
    power = _power_resource(instance, model)
    names = _resources(instance)
    return {
        "name": model.stem.replace("_", "-"),
        "description": "An instance of the ROADEF/EURO challenge 2012.",
        "currency": NO_CURRENCY,
        "resources": [
            {"name": name, "drives_power": index == power} for index, name in enumerate(names)
        ],
        "equipment": [
            {
                "kind": "server",
                "name": CARD,
                "notes": "The challenge knows no power.",
                "curve_w": [0.0] * 11,
                "standby_w": 0.0,
            }
        ],
        "environment": {"price_per_kwh": 0.0, "carbon_g_per_kwh": 0.0, "water_price_per_m3": 0.0},
        "tables": {"services": "services.csv", "move_costs": "move_costs.csv"},
        "policies": _policies(instance, names),
    }


def _resources(instance: Instance) -> list[str]:
    return [f"r{index}" for index in range(len(instance.load_weight))]


def _power_resource(instance: Instance, model: Path) -> int:
    """Return a resource that every machine has; a host's load is measured by it."""
    found = np.flatnonzero((instance.capacity > 0).all(axis=0))
    if len(found):
        return int(found[0])
    raise InputError(
        Problem(
            "no resource is there on every machine",
            str(model),
            field="capacities",
            expected="at least one resource of which each machine has some",
            remedy="leave machines without any capacity out of the model",
        )
    )


def _policies(instance: Instance, names: list[str]) -> list[dict[str, Any]]:
    policies: list[dict[str, Any]] = [
        {"kind": "anti_affinity", "name": "conflict", "workloads": {}, "domain": "host"}
    ]
    for least in np.unique(instance.min_locations[instance.min_locations > 1]).tolist():
        policies.append(
            {
                "kind": "spread",
                "name": f"spread-{least}",
                "workloads": {"labels": {"locations": str(least)}},
                "domain": {"label": "location"},
                "min_domains": least,
            }
        )
    if any(instance.needs):
        level = {"label": "neighbourhood"}
        policies.append({"kind": "dependency", "name": "dependency", "domain": level})
    transient = [n for n, flag in zip(names, instance.is_transient, strict=True) if flag]
    if transient:
        kind = "transient_capacity"
        policies.append({"kind": kind, "name": "transient", "resources": transient})
    return policies


def _study_document(instance: Instance) -> dict[str, Any]:
    names = _resources(instance)
    safety = [
        {"resource": name, "price": int(weight)}
        for name, weight in zip(names, instance.load_weight, strict=True)
        if weight > 0
    ]
    balance = [
        {"resource": names[second], "per": names[first], "ratio": target, "price": weight}
        for first, second, target, weight in instance.balance.tolist()
    ]
    return {
        "name": "reassignment",
        "weights": {
            "carbon_price_per_t": 0.0,
            "water": False,
            "move_cost": 0.0,
            "move_cost_per_gib": 0.0,
            "host_on_cost_per_h": 0.0,
            "hold_days": 1.0,  # the length of the horizon: one-off costs count in full
            "safety": safety,
            "balance": balance,
            "service_move_cost": instance.service_weight,
            "host_move_weight": instance.machine_weight,
        },
        "solver": {"gap": 0.0},
        "moves": "at_once",
        "frontier": [],
    }


def _names(prefix: str, count: int) -> list[str]:
    """Return names that sort like their numbers, which count from 0 as in the challenge."""
    width = len(str(max(count - 1, 0)))
    return [f"{prefix}{index:0{width}d}" for index in range(count)]


def _tables(instance: Instance) -> dict[str, pd.DataFrame]:
    import pandas as pd

    machines = _names("m", len(instance.location))
    services = np.array(_names("s", len(instance.min_locations)), dtype=object)
    processes = _names("p", len(instance.service))
    resources = _resources(instance)
    hosts: dict[str, Any] = {
        "name": machines,
        "rack": RACK,
        "card": CARD,
        "labels": _labels(instance),
    }
    hosts |= {name: instance.capacity[:, i] for i, name in enumerate(resources)}
    hosts |= {f"{name}_safety": instance.safety[:, i] for i, name in enumerate(resources)}
    least = instance.min_locations[instance.service]
    workloads = {
        "name": processes,
        "service": services[instance.service],
        "labels": [f"locations={n}" if n > 1 else "" for n in least.tolist()],
        "move_cost": instance.process_move * instance.process_weight,
    }
    workloads |= {name: instance.demand[:, i] for i, name in enumerate(resources)}
    needs = [";".join(services[needed]) for needed in instance.needs]
    host = np.array(machines, dtype=object)[instance.assignment]
    return {
        "hosts.csv": pd.DataFrame(hosts),
        "racks.csv": pd.DataFrame({"name": [RACK]}),
        "services.csv": pd.DataFrame({"name": services, "needs": needs}),
        "workloads.csv": pd.DataFrame(workloads),
        "placement.csv": pd.DataFrame({"workload": processes, "host": host}),
        "move_costs.csv": _move_costs(instance, machines),
    }


def _labels(instance: Instance) -> list[str]:
    pairs = zip(instance.location.tolist(), instance.neighbourhood.tolist(), strict=True)
    return [f"location={place};neighbourhood={near}" for place, near in pairs]


def _move_costs(instance: Instance, machines: list[str]) -> pd.DataFrame:
    import pandas as pd

    source, target = np.nonzero(instance.machine_move)
    names = np.array(machines, dtype=object)
    cost = instance.machine_move[source, target]
    return pd.DataFrame({"source": names[source], "target": names[target], "cost": cost})
