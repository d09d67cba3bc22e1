"""Import one day of PlanetLab CPU traces on the consolidation field's usual fleet of 800 hosts.

A day is a folder with one file per VM: 288 integers, the CPU use in percent every five minutes.
Hosts, VM types and their order are those of the published experiments: hosts alternate between two
server models, VM types go by quarter of the file list sorted by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from optimiser.connect.report import SHOWN_PER_KIND, ImportReport, require_folder
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.connect.yamltext import to_plain
from optimiser.errors import InputError, Problem, UsageError, raise_all
from optimiser.library.catalogue import find_card
from optimiser.schema.site import Site
from optimiser.schema.study import Study

if TYPE_CHECKING:
    import pandas as pd

Memory = Literal["ignore", "honour"]
STEPS = 288
STEP_MINUTES = 5
HOSTS = 800
HOSTS_PER_RACK = 40
HOST_MEMORY_MB = 4096


@dataclass(frozen=True)
class HostModel:
    """One of the two servers of the published experiments."""

    card: str
    """Card of the library that holds its power curve."""
    mips: int
    """Both cores together [MIPS]."""

    @property
    def name(self) -> str:
        """Name of the card in the imported site."""
        return f"{self.card}-mips"


@dataclass(frozen=True)
class VmType:
    """A VM type of the published experiments."""

    mips: int
    memory_mb: int


G4 = HostModel("hp-ml110-g4", 2 * 1860)
G5 = HostModel("hp-ml110-g5", 2 * 2660)
VM_TYPES = (VmType(2500, 870), VmType(2000, 1740), VmType(1000, 1740), VmType(500, 613))


@dataclass(frozen=True)
class _Day:
    start: datetime
    names: list[str]
    """File name of each VM, sorted."""
    percent: np.ndarray
    """CPU use (vm, step) [%], integers."""


def import_planetlab(
    source: Path, target: Path, *, memory: Memory = "ignore", force: bool = False
) -> ImportReport:
    """Write the day in the folder ``source`` (named ``20110303``) as the site folder ``target``.

    ``memory="ignore"`` leaves memory out, as the simulator behind the published energy figures
    does; ``"honour"`` counts it, on hosts of 4,096 MB. Today's placement is round robin: VM *i*
    on host *i* mod 800, which is legal at every step.

    Raises ``InputError`` with every mistake of the files, ``UsageError`` for a target in the way.
    """
    if memory not in ("ignore", "honour"):
        raise UsageError(f"unknown treatment of memory {memory!r}", "ignore or honour")
    day = _read_day(require_folder(source, "a PlanetLab day"))
    count = len(day.names)
    write_site(_site_folder(day, memory), target, force=force)
    return ImportReport(Path(target), HOSTS, count, count, _notes(memory))


def _read_day(folder: Path) -> _Day:
    start = _day_of(folder)
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if not paths:
        raise InputError(
            Problem(
                what="holds no trace",
                file=str(folder),
                expected="one file per VM with 288 whole numbers from 0 to 100",
            )
        )
    problems: list[Problem] = []
    rows = [_read_vm(path, problems) for path in paths]
    raise_all(problems)
    return _Day(start, [path.name for path in paths], np.array(rows))


def _day_of(folder: Path) -> datetime:
    name = folder.resolve().name
    try:
        if not re.fullmatch(r"\d{8}", name):
            raise ValueError(name)
        return datetime.strptime(name, "%Y%m%d")
    except ValueError:
        days = sorted(p.name for p in folder.iterdir() if re.fullmatch(r"\d{8}", p.name))
        remedy = f"choose one of its days, such as {folder / days[0]}" if days else None
        raise InputError(
            Problem(
                what="is not a day of PlanetLab traces",
                file=str(folder),
                value=name,
                expected="a folder named by its date, such as 20110303",
                remedy=remedy,
            )
        ) from None


def _read_vm(path: Path, problems: list[Problem]) -> np.ndarray:
    """Return the percentages of one file, shape (step,); mistakes are added to ``problems``."""
    try:
        values = np.array(path.read_bytes().split(), dtype=np.int16)
    except (ValueError, OverflowError, OSError):
        problems += _bad_lines(path)
        return np.zeros(STEPS, dtype=np.int16)
    if len(values) != STEPS:
        problems.append(
            Problem(
                what="has the wrong number of samples",
                file=str(path),
                value=len(values),
                expected="288, one every five minutes of the day",
            )
        )
        return np.zeros(STEPS, dtype=np.int16)
    if values.min() < 0 or values.max() > 100:
        problems += _bad_lines(path)
    return values


def _bad_lines(path: Path) -> list[Problem]:
    if not path.is_file():
        return [Problem(what="is not a file", file=str(path), expected="one file per VM")]
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    bad = [
        (number, line)
        for number, line in enumerate(lines, start=1)
        if not re.fullmatch(r"\s*\d{1,3}\s*", line) or int(line) > 100
    ]
    return [
        Problem(
            what="is no percentage",
            file=str(path),
            line=number,
            value=line,
            expected="a whole number from 0 to 100",
        )
        for number, line in bad[:SHOWN_PER_KIND]
    ]


def _notes(memory: Memory) -> tuple[str, ...]:
    told = {
        "ignore": "memory is left out, as in the published energy figures; --memory honour "
        "counts it",
        "honour": "memory is counted: VM types 870, 1740, 1740, 613 MB on hosts of 4096 MB",
    }
    return (
        told[memory],
        "hosts and VM types are those of the published experiments, not part of the traces",
        "today's placement is round robin over the hosts; the traces hold none",
        "a VM may use both cores of a host together: the limit of one core is not modelled",
        "the traces give no racks: 20 racks of 40 hosts without limits stand in for them",
    )


def _site_folder(day: _Day, memory: Memory) -> SiteFolder:
    site = Site.model_validate(_site_document(day, memory))
    study = Study.model_validate(
        {
            "format": "dcopt.study/1",
            "name": "day",
            "horizon": {"start": day.start, "hours": 24, "step_minutes": STEP_MINUTES},
        }
    )
    provenance = Provenance(
        title=f"PlanetLab VM traces of {day.start:%Y-%m-%d} on 800 HP ML110 servers",
        origin="beloglazov/planetlab-workload-traces; cite Beloglazov and Buyya 2012",
        licence="as stated by the traces' publishers; not part of this project",
        how=f"dcopt import planetlab {day.start:%Y%m%d} --memory {memory}",
        resolution="5 minutes",
    )
    return SiteFolder(
        site,
        _tables(day, memory),
        provenance,
        study,
        site_comments={
            "resources": "Capacities and requests are MIPS, as in the published experiments.",
            "equipment": "The two servers, with the power curves of the library's cards.",
        },
    )


def _site_document(day: _Day, memory: Memory) -> dict[str, Any]:
    resources: list[dict[str, Any]] = [{"name": "cpu", "unit": "MIPS", "drives_power": True}]
    if memory == "honour":
        resources.append({"name": "memory", "unit": "MB"})
    return {
        "format": "dcopt.site/1",
        "name": f"planetlab-{day.start:%Y%m%d}",
        "description": f"{len(day.names)} VMs of PlanetLab on 400 + 400 servers; "
        + ("CPU and memory." if memory == "honour" else "CPU only."),
        "resources": resources,
        "equipment": [_card(model, memory) for model in (G4, G5)],
        "tables": {"demand": "demand.parquet", "placement": "placement.csv"},
    }


def _card(model: HostModel, memory: Memory) -> dict[str, Any]:
    """Return the library's card with capacity in MIPS and nothing drawn while asleep."""
    capacity = {"cpu": model.mips}
    if memory == "honour":
        capacity["memory"] = HOST_MEMORY_MB
    changes = {
        "name": model.name,
        "notes": "Capacity in MIPS of both cores together; a host that is off draws nothing, as "
        "in the published experiments.",
        "standby_w": 0.0,
        "idle_scale": 1.0,
        "capacity": capacity,
    }
    card: dict[str, Any] = to_plain(find_card("server", model.card))
    return card | changes


def _tables(day: _Day, memory: Memory) -> dict[str, pd.DataFrame]:
    import pandas as pd

    count = len(day.names)
    vms = [f"vm-{number + 1:04d}" for number in range(count)]
    hosts = [f"host-{number + 1:03d}" for number in range(HOSTS)]
    racks = [f"rack-{number + 1:02d}" for number in range(HOSTS // HOSTS_PER_RACK)]
    types = [VM_TYPES[kind] for kind in vm_types(count)]
    workloads = {
        "name": vms,
        "service": "planetlab",
        "profile": vms,
        "labels": [f"trace={name}" for name in day.names],
        "cpu": [vm.mips for vm in types],
    }
    if memory == "honour":
        workloads["memory"] = [vm.memory_mb for vm in types]
    return {
        "hosts.csv": pd.DataFrame(
            {
                "name": hosts,
                "rack": np.repeat(racks, HOSTS_PER_RACK),
                "card": np.tile([G4.name, G5.name], HOSTS // 2),
            }
        ),
        "racks.csv": pd.DataFrame({"name": racks}),
        "workloads.csv": pd.DataFrame(workloads),
        "placement.csv": pd.DataFrame(
            {"workload": vms, "host": [hosts[n % HOSTS] for n in range(count)]}
        ),
        "demand.parquet": _demand(day, vms),
    }


def vm_types(count: int) -> np.ndarray:
    """Return the index of each VM's type, shape (vm,): by quarter of the sorted file list."""
    quarter = -(-count // len(VM_TYPES))
    return np.arange(count) // quarter


def _demand(day: _Day, vms: list[str]) -> pd.DataFrame:
    import pandas as pd

    minutes = np.arange(STEPS) * STEP_MINUTES
    times = np.datetime_as_string(
        np.datetime64(day.start, "m") + minutes.astype("timedelta64[m]"), unit="m"
    )
    return pd.DataFrame(
        {
            "time": np.tile(times.astype(object), len(vms)),
            "profile": np.repeat(np.array(vms, dtype=object), STEPS),
            "cpu": day.percent.ravel() / 100.0,
        }
    )
