"""Import cloud balancing: computers that cost something when used, processes that need room.

The file is JSON with ``computerList`` (CPU power, memory, network bandwidth, cost) and
``processList`` (what each requires and, in a solved file, its computer). The objective of a plan is
the sum of the costs of the computers in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.connect.free_energy import (
    ENVIRONMENT,
    NO_CURRENCY,
    RACK,
    cost_study,
    powerless_card,
    resources,
    site_name,
)
from optimiser.connect.jsonfile import Records, read_json
from optimiser.connect.report import ImportReport, require_file
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.schema.site import Site
from optimiser.schema.study import Study

if TYPE_CHECKING:
    import pandas as pd

CARD = "computer"
AMOUNTS = {
    "cpu": ("GHz", "cpuPower", "requiredCpuPower"),
    "memory": ("GB", "memory", "requiredMemory"),
    "network": ("GB/h", "networkBandwidth", "requiredNetworkBandwidth"),
}
"""Resource -> unit, field of a computer, field of a process."""
NOTES = (
    "a computer costs what the file says while it is on, nothing else costs anything: the "
    "objective is the sum of the costs of the computers in use",
    "moves are free: a process may leave the computer that the file names",
)


def import_cloud_balancing(source: Path, target: Path, *, force: bool = False) -> ImportReport:
    """Write the problem in the file ``source`` as the site folder ``target``.

    Raises ``InputError`` with every mistake of the file, ``UsageError`` for a target in the way.
    """
    source = require_file(source, "a cloud balancing problem")
    document = read_json(source)
    tables = _tables(Records(source, document))
    write_site(_site_folder(source, tables), target, force=force)
    placed = len(tables.get("placement.csv", ()))
    counts = len(tables["hosts.csv"]), len(tables["workloads.csv"])
    return ImportReport(Path(target), *counts, placed, NOTES)


def _tables(records: Records) -> dict[str, pd.DataFrame]:
    import pandas as pd

    computers = records.table("computerList", [own for _, own, _ in AMOUNTS.values()] + ["cost"])
    processes = records.table("processList", [need for _, _, need in AMOUNTS.values()])
    placement = _placement(records, computers["id"], processes["id"])
    records.raise_all()
    hosts = {
        "name": [f"computer-{key}" for key in computers["id"]],
        "rack": RACK,
        "card": CARD,
        "on_cost_per_h": computers["cost"],
        **{name: computers[own] for name, (_, own, _) in AMOUNTS.items()},
    }
    workloads = {
        "name": [f"process-{key}" for key in processes["id"]],
        "service": "processes",
        **{name: processes[need] for name, (_, _, need) in AMOUNTS.items()},
    }
    tables = {
        "hosts.csv": pd.DataFrame(hosts),
        "racks.csv": pd.DataFrame({"name": [RACK]}),
        "workloads.csv": pd.DataFrame(workloads),
    }
    if placement:
        tables["placement.csv"] = pd.DataFrame(placement, columns=["workload", "host"])
    return tables


def _placement(
    records: Records, computers: Sequence[int], processes: Sequence[int]
) -> list[tuple[str, str]]:
    """Return process and computer of those processes that have one in the file."""
    known, found = set(computers), []
    for index, (key, row) in enumerate(zip(processes, records.rows("processList"), strict=True)):
        computer = row.get("computer")
        if isinstance(computer, Mapping):
            computer = computer.get("id")
        if computer is None:
            continue
        if computer in known:
            found.append((f"process-{key}", f"computer-{computer}"))
        else:
            records.refuse(
                "there is no such computer", f"processList[{index}].computer", computer,
                "null or the id of a computer of the file",
            )  # fmt: skip
    return found


def _site_folder(source: Path, tables: dict[str, pd.DataFrame]) -> SiteFolder:
    units = [unit for unit, _, _ in AMOUNTS.values()]
    counts = f"{len(tables['workloads.csv'])} processes on {len(tables['hosts.csv'])} computers"
    document = {
        "format": "dcopt.site/1",
        "name": site_name(source),
        "description": f"{counts}; cloud balancing.",
        "currency": NO_CURRENCY,
        "resources": resources(list(AMOUNTS), units),
        "environment": ENVIRONMENT,
        "equipment": [powerless_card(CARD, {})],
    }
    if "placement.csv" in tables:
        document["tables"] = {"placement": "placement.csv"}
    provenance = Provenance(
        title=f"Cloud balancing {source.name}",
        origin="a public instance of the cloud balancing example of OptaPlanner",
        licence="as stated by its publishers; not part of this project",
        how=f"dcopt import cloud-balancing {source.name}",
    )
    return SiteFolder(
        Site.model_validate(document),
        tables,
        provenance,
        Study.model_validate(cost_study("balance")),
        site_comments={"environment": "Energy is free: only computers in use cost anything."},
    )
