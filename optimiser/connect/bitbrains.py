"""Import a month of enterprise VMs (Bitbrains, GWA-T-12) on a fleet of equal servers.

The trace is one Parquet file with a row for each VM and sample: ``vm``, ``ts`` (seconds since
1970), ``cpu_mhz`` and ``mem_kb`` in use. The traces hold no hosts: equal servers of the library
stand in for them. A VM asks for the most that it uses in the month; its profile says how much of
that it uses at each hour, or, to pack peaks, all of it at all hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from optimiser.connect.report import ImportReport, require_file
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.connect.yamltext import to_plain
from optimiser.errors import InputError, Problem, UsageError
from optimiser.library.catalogue import find_card
from optimiser.schema.site import Site
from optimiser.schema.study import Study

if TYPE_CHECKING:
    import pandas as pd

Demand = Literal["hours", "peaks"]
COLUMNS = ("vm", "ts", "cpu_mhz", "mem_kb")
CARD = "generic-cpu-32"
HOST_MHZ = 32 * 2926
"""All cores of a host at the clock of the trace's usual core."""
HOST_MEMORY_MIB = 128 * 1024
HOSTS = 64
HOSTS_PER_RACK = 16
STEP_MINUTES = 60
MOST_FILLED = 0.95
"""How full today's placement may make a host at most."""


@dataclass(frozen=True)
class _Month:
    """Use by the hour, the largest sample of each: ``cpu`` and ``memory`` (vm, hour), in MHz and
    MiB; ``start`` the first hour since 1970."""

    vms: np.ndarray
    cpu: np.ndarray
    memory: np.ndarray
    start: int


def import_bitbrains(
    source: Path, target: Path, *, demand: Demand = "hours", force: bool = False
) -> ImportReport:
    """Write the trace in the Parquet file ``source`` as the site folder ``target``.

    ``demand="hours"`` keeps what each VM uses hour by hour, ``"peaks"`` its largest use at all
    hours. Today's placement puts the largest VM on the least filled host, one after the other,
    and is legal with peaks.

    Raises ``InputError`` with every mistake of the file, ``UsageError`` for a target in the way.
    """
    if demand not in ("hours", "peaks"):
        raise UsageError(f"unknown demand {demand!r}", "hours or peaks")
    month = _read(require_file(source, "a Bitbrains trace"))
    request = np.column_stack([month.cpu.max(axis=1), month.memory.max(axis=1)])
    request = np.maximum(np.ceil(request), 1.0)
    host = _place(request)
    write_site(_site_folder(month, request, host, demand), target, force=force)
    return ImportReport(Path(target), HOSTS, len(host), len(host), _notes(month, demand))


def _read(path: Path) -> _Month:
    """Return the hourly maxima of a file."""
    import duckdb

    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        try:
            relation = connection.read_parquet(str(path))
        except duckdb.Error as error:
            what = f"cannot be read as Parquet: {str(error).splitlines()[0]}"
            raise InputError(
                Problem(what=what, file=str(path), expected=f"columns {', '.join(COLUMNS)}")
            ) from None
        lacking = [name for name in COLUMNS if name not in relation.columns]
        if lacking:
            raise InputError(
                [
                    Problem(what="lacks a column", file=str(path), field=name,
                            expected=f"columns {', '.join(COLUMNS)}")
                    for name in lacking
                ]
            )  # fmt: skip
        _refuse_wrong(relation, path)
        rows = relation.aggregate(
            "vm, ts // 3600 AS hour, max(cpu_mhz) AS cpu, max(mem_kb) AS memory", "vm, hour"
        ).fetchnumpy()
    return _month(rows, path)


def _refuse_wrong(relation: Any, path: Path) -> None:
    """Refuse what is no amount, each column with its number of such rows."""
    problems = []
    for name in COLUMNS:
        wrong = f"{name} IS NULL" if name == "vm" else f"NOT coalesce({name} >= 0, false)"
        if name in ("cpu_mhz", "mem_kb"):
            wrong += f" OR isnan({name}) OR isinf({name})"
        count = relation.filter(wrong).count("*").fetchall()[0][0]
        if count:
            problems.append(
                Problem(what=f"holds {count:,} rows without an amount", file=str(path), field=name,
                        expected="a number, at least 0")
            )  # fmt: skip
    if problems:
        raise InputError(problems)


def _month(rows: dict[str, Any], path: Path) -> _Month:
    if not len(rows["vm"]):
        raise InputError(Problem(what="holds no sample", file=str(path), expected="some rows"))
    vms, vm = np.unique(np.asarray(rows["vm"]), return_inverse=True)
    hour = np.asarray(rows["hour"]).astype(np.int64)
    start = int(hour.min())
    cpu, memory = np.zeros((2, len(vms), int(hour.max()) - start + 1))
    cpu[vm, hour - start] = rows["cpu"]
    memory[vm, hour - start] = np.asarray(rows["memory"], dtype=float) / 1024.0
    too_large = np.flatnonzero(
        (cpu.max(axis=1) > HOST_MHZ * MOST_FILLED)
        | (memory.max(axis=1) > HOST_MEMORY_MIB * MOST_FILLED)
    ).tolist()
    if too_large:
        raise InputError(
            [
                Problem(what=f"VM {vms[one]} is larger than a host", file=str(path),
                        expected=f"at most {HOST_MHZ:,} MHz and {HOST_MEMORY_MIB:,} MiB")
                for one in too_large
            ]
        )  # fmt: skip
    return _Month(vms, cpu, memory, start)


def _place(request: np.ndarray) -> np.ndarray:
    """Return the host of each VM: the largest first, on the least filled host."""
    room = np.array([HOST_MHZ, HOST_MEMORY_MIB], dtype=float)
    share = request / room
    used, host = np.zeros((HOSTS, 2)), np.zeros(len(request), dtype=np.int64)
    for vm in np.argsort(-share.max(axis=1), kind="stable").tolist():
        host[vm] = int(np.argmin((used + share[vm]).max(axis=1)))
        used[host[vm]] += share[vm]
    if used.max() > MOST_FILLED:
        raise UsageError(f"the VMs fill a host of {HOSTS} to {used.max():.0%}", "import fewer VMs")
    return host


def _notes(month: _Month, demand: Demand) -> tuple[str, ...]:
    told = {
        "hours": "demand: the largest sample of each hour; --demand peaks keeps the largest of all",
        "peaks": "demand: the largest sample of the month at all hours",
    }
    return (
        f"{month.cpu.shape[1]:,} hours; a VM uses nothing before its first sample and after its "
        "last",
        told[demand],
        "a VM asks for the most it uses, not for what it was sold",
        f"the traces hold no hosts: {HOSTS} of {HOST_MHZ:,} MHz and {HOST_MEMORY_MIB // 1024} GiB "
        "stand in for them, and today's placement is spread over all",
    )


def _site_folder(
    month: _Month, request: np.ndarray, host: np.ndarray, demand: Demand
) -> SiteFolder:
    start = np.datetime64(month.start * 3600, "s").item()
    study = Study.model_validate(
        {
            "format": "dcopt.study/1",
            "name": "month",
            "horizon": {
                "start": start, "hours": month.cpu.shape[1], "step_minutes": STEP_MINUTES,
            },
        }
    )  # fmt: skip
    provenance = Provenance(
        title=f"{len(host)} enterprise VMs from {start:%Y-%m-%d} on",
        origin="GWA-T-12 Bitbrains, Grid Workloads Archive, TU Delft; cite Shen, van Beek and "
        "Iosup, CCGrid 2015",
        licence="as stated by the archive; not part of this project",
        how=f"dcopt import bitbrains --demand {demand}",
        resolution="1 hour",
    )
    return SiteFolder(
        Site.model_validate(_site_document(len(host))),
        _tables(month, request, host, demand),
        provenance,
        study,
        site_comments={"resources": "Capacities and requests of cpu are MHz, as in the trace."},
    )


def _site_document(count: int) -> dict[str, Any]:
    card: dict[str, Any] = to_plain(find_card("server", CARD))
    changes = {
        "name": f"{CARD}-mhz",
        "notes": "Capacity in MHz of all cores together.",
        "capacity": {"cpu": HOST_MHZ, "memory": HOST_MEMORY_MIB},
    }
    return {
        "format": "dcopt.site/1",
        "name": "bitbrains",
        "description": f"{count} enterprise VMs on {HOSTS} servers; CPU and memory.",
        "resources": [
            {"name": "cpu", "unit": "MHz", "drives_power": True},
            {"name": "memory", "unit": "MiB"},
        ],
        "equipment": [card | changes],
        "tables": {"demand": "demand.parquet", "placement": "placement.csv"},
    }


def _tables(
    month: _Month, request: np.ndarray, host: np.ndarray, demand: Demand
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    names = [f"vm-{vm}" for vm in month.vms.tolist()]
    hosts = [f"host-{number + 1:02d}" for number in range(HOSTS)]
    racks = [f"rack-{number + 1}" for number in range(HOSTS // HOSTS_PER_RACK)]
    return {
        "hosts.csv": pd.DataFrame(
            {"name": hosts, "rack": np.repeat(racks, HOSTS_PER_RACK), "card": f"{CARD}-mhz"}
        ),
        "racks.csv": pd.DataFrame({"name": racks}),
        "workloads.csv": pd.DataFrame(
            {
                "name": names,
                "service": "bitbrains",
                "profile": names,
                "cpu": request[:, 0].astype(np.int64),
                "memory": request[:, 1].astype(np.int64),
            }
        ),
        "placement.csv": pd.DataFrame({"workload": names, "host": [hosts[h] for h in host]}),
        "demand.parquet": _demand(month, request, names, demand),
    }


def _demand(month: _Month, request: np.ndarray, names: list[str], demand: Demand) -> pd.DataFrame:
    import pandas as pd

    hours = month.cpu.shape[1]
    used = np.stack([month.cpu, month.memory]) / request.T[:, :, None]
    if demand == "peaks":
        used = np.broadcast_to(used.max(axis=2, keepdims=True), used.shape)
    first = np.datetime64(month.start * 60, "m")
    times = np.datetime_as_string(first + 60 * np.arange(hours), unit="m")
    return pd.DataFrame(
        {
            "time": np.tile(times.astype(object), len(names)),
            "profile": np.repeat(np.array(names, dtype=object), hours),
            "cpu": used[0].ravel(),
            "memory": used[1].ravel(),
        }
    )
