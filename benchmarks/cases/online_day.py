"""A day of PlanetLab VMs under our rolling controller, step by step, causal."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.cases.against_peers import PUBLISHED_KWH, cpu_only_floor_kwh
from benchmarks.outcome import Outcome, Value
from benchmarks.peers.cloud_power import Account, Day, Fleet
from benchmarks.shared import shared_data
from optimiser.analysis.verdict import Placement
from optimiser.connect.planetlab import HOST_MEMORY_MB, VM_TYPES, import_planetlab, vm_types
from optimiser.solve.problem import lower
from optimiser.studies.rolling import Rolling, RollingSettings
from optimiser.workflow.loading import Loaded, load

PUBLISHED = {"20110303": (27_859, 0.15), "20110306": (20_878, 0.14), "20110309": (24_959, 0.22)}
"""Migrations and overall SLA violation [%] of LR-MMT 1.2 beside ``PUBLISHED_KWH``."""
STEP_OVER_PRICE = 120.0
"""Price of what is not served where the step that begins is unknown: spikes cannot be answered."""
FEWER = 10
"""Aim: at most one in so many of the published migrations."""
NOTES = (
    "no row of ours looks ahead. At start: the reading at the start of a step is known when its "
    "moves are decided, and they take effect once memory is copied; this is the timing of the "
    "simulator behind the published row. Step over: only readings of steps that are over are known",
    "every day begins like the published one, each VM placed by its full size; the same settings "
    "of the controller on every day; unmet_price: what demand that is not served costs, in energy "
    "that serves it on a full host",
    "sla: (requested - allocated) / requested; slatah: share of a host's time awake at full load; "
    "pdm: lost to migrations, 10 % of a VM's CPU while RAM is copied over half of 1 Gbit/s; "
    "A. Beloglazov and R. Buyya 2012, doi:10.1002/cpe.1867",
    "demand holds from one reading to the next, while that simulator draws a line between them; "
    "the row of LR-MMT is quoted, not run again",
    "one virtual core: no VM gets more than one core of its host; a sleeping host draws nothing "
    "and wakes at once, as in the published experiment",
)


@dataclass(frozen=True)
class Trace:
    """A day in arrays: ``mips`` (vm, step), the fleet, and where VMs begin (vm,)."""

    mips: np.ndarray
    fleet: Fleet
    start: np.ndarray


def online_day(folder: Path, *, day: str) -> Outcome:
    """Control a day twice without memory and once with it; beside the published LR-MMT."""
    source, published = shared_data(f"planetlab/{day}"), PUBLISHED[day]
    rows: list[dict[str, Value]] = []
    for memory, knows_step in (("ignore", True), ("ignore", False), ("honour", True)):
        site = folder / memory
        if not site.exists():
            import_planetlab(source, site, memory=memory)  # type: ignore[arg-type]
        loaded = load(site)
        if memory == "ignore":
            floor = cpu_only_floor_kwh(lower(loaded.twin, loaded.rules, loaded.study.weights))
        usual = RollingSettings()
        settings = usual if knows_step else replace(usual, unmet_price=STEP_OVER_PRICE)
        trace = trace_of(loaded, memory == "honour")
        done, cost = control(loaded, trace, settings, knows_step)
        row: dict[str, Value] = {
            "method": "dcopt rolling",
            "memory": memory,
            "reading": "at start" if knows_step else "step over",
            "unmet_price": settings.unmet_price,
        }
        rows.append({**row, **asdict(done), **cost})
    rows.append(
        {"method": "LR-MMT 1.2", "memory": "ignore", "reading": "at start",
         "kwh": PUBLISHED_KWH[day], "moves": published[0], "sla_percent": published[1]}
    )  # fmt: skip
    ours = rows[0]
    assert isinstance(ours["kwh"], float)
    assert isinstance(ours["moves"], int)
    assert isinstance(ours["sla_percent"], float)
    met = floor <= ours["kwh"] < PUBLISHED_KWH[day]
    met = met and ours["moves"] * FEWER <= published[0] and ours["sla_percent"] < published[1]
    note = f"floor of any method without memory: {floor:.2f} kWh, CPU split and moved freely"
    return Outcome(rows, met, (note, *NOTES))


def control(
    loaded: Loaded, trace: Trace, settings: RollingSettings, knows_step: bool
) -> tuple[Day, dict[str, Value]]:
    """Run a day under the controller; return what came out and what deciding took."""
    count = len(trace.fleet.core)
    placement = Placement(trace.start, np.bincount(trace.start, minlength=count) > 0)
    began = time.process_time()
    rolling = Rolling(loaded.twin, loaded.rules, settings, placement, knows_step)
    account, took = Account(trace.fleet), []
    for step in range(trace.mips.shape[1]):
        before = rolling.placement.host
        since = time.process_time()
        if knows_step or step:
            rolling.step(trace.mips[:, step if knows_step else step - 1])
        took.append(time.process_time() - since)
        account.step(trace.mips[:, step], before, rolling.placement.host, lags=knows_step)
    cost: dict[str, Value] = {
        "ms_per_step": float(np.median(took)) * 1e3,
        "cpu_s": time.process_time() - began,
    }
    return account.day, cost


def trace_of(loaded: Loaded, with_memory: bool) -> Trace:
    """Return demand, fleet and start of an imported day."""
    twin = loaded.twin
    power, flavour = int(twin.attrs["power_resource"]), twin["workload_flavour"].values
    usage = twin["flavour_usage"].values[flavour, power]
    capacity = twin["host_capacity"].values[:, power].astype(float)
    memory = np.array([kind.memory_mb for kind in VM_TYPES], dtype=float)[vm_types(len(flavour))]
    curve = twin["kind_curve_w"].values[twin["host_kind"].values].astype(float)
    fleet = Fleet(capacity / 2.0, curve, memory)
    size = twin["flavour_request"].values[flavour, power].astype(float)
    start = place_by_size(size, fleet, HOST_MEMORY_MB if with_memory else np.inf)
    return Trace(usage[:, twin["step_of_time"].values].astype(float), fleet, start)


def place_by_size(size: np.ndarray, fleet: Fleet, memory_mb: float) -> np.ndarray:
    """Return the start (vm,): full size, largest first, on the first host of the better kind."""
    efficient = np.argsort(fleet.curve_w[:, -1] / fleet.capacity, kind="stable")
    room, free = fleet.capacity.copy(), np.full(len(fleet.core), memory_mb)
    start = np.full(len(size), -1, dtype=np.int32)
    for vm in np.argsort(-size, kind="stable").tolist():
        fits = (room[efficient] >= size[vm]) & (free[efficient] >= fleet.memory_mb[vm])
        host = int(efficient[int(np.argmax(fits))])
        start[vm] = host
        room[host] -= size[vm]
        free[host] -= fleet.memory_mb[vm]
    return start
