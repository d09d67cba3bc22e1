"""More GPU pods than there are GPUs, all known at once: which of them run, and how near a bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog

from benchmarks.cases.gpu_arrival import LISTS, copies_of
from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.planned import plan, warm_up
from benchmarks.shared import shared_data
from optimiser.store.runs import StoredRun, read_run

WORTH = 10_000.0
"""Price of a pod left out, for each GPU it asks for: far above any energy."""
FREE = 0.001
"""Price of a pod that asks for no GPU: it may run where that costs no GPU."""
WITHIN = 0.3
DEVICE = 1000
NOTES = (
    "every pod of the list and pods drawn from it again until demand is 130 % of the GPUs, seed 0, "
    "as in gpu-arrival, but all known at once; a pod left out costs 10,000 for each GPU it wants",
    "bound: share that no plan can exceed, from the proven bound of the run; by device: the same "
    "from all ways to fill a single GPU, hosts left out (a linear program); points: the lower of "
    "both less allocated",
    "allocated GPUs are counted from the stored placement; CPU, memory and each GPU of every host "
    "are added up again from the tables, and a plan that overfills one does not count",
)


def gpu_offline(folder: Path, *, time_limit_s: float) -> Outcome:
    """Plan the pods of each list."""
    warm_up(folder)
    rows = [_row(pods, folder / pods, time_limit_s) for pods in LISTS]
    met = all(
        isinstance(row["points"], float) and row["points"] <= WITHIN and row["overfull"] == 0
        for row in rows
    )
    return Outcome(rows, met, NOTES)


def _row(pods: str, folder: Path, time_limit_s: float) -> dict[str, Value]:
    site, source = folder / "site", shared_data("alibaba-gpu-2023")
    chosen = ("--pods", pods, "--nodes", "gpu", "--which", "all")
    measure(dcopt("import", "alibaba-gpu", source, "-o", site, *chosen))
    crowd(site, 0)
    planned = plan(site, folder / "runs", time_limit_s)
    run = read_run(planned.run)
    workloads, hosts = (pd.read_csv(site / f"{name}.csv") for name in ("workloads", "hosts"))
    capacity, wanted = hosts["gpu"].sum(), (workloads["gpu"] * workloads["replicas"]).sum()
    placed = _placed(run, workloads)
    bound = run.plan.proof.bound
    most = None if bound is None else 100.0 * (wanted - bound * 1000.0 / WORTH) / capacity
    asked, copies = workloads["gpu"].to_numpy(), workloads["replicas"].to_numpy()
    by_device = 100.0 * device_bound(asked, copies, int(capacity) // DEVICE)
    allocated = 100.0 * float(placed["gpu"].sum()) / capacity
    return {
        "pods": pods,
        "demand_percent": 100.0 * float(wanted) / capacity,
        "allocated_percent": allocated,
        "bound_percent": most,
        "by_device_percent": by_device,
        "points": min(by_device, by_device if most is None else most) - allocated,
        "left_out": int(workloads["replicas"].sum()) - len(placed),
        "overfull": overfull(placed, hosts),
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
    }


def crowd(site: Path, seed: int) -> None:
    """Repeat pods until they ask for 130 % of the GPUs, and let each wait at a price."""
    path = site / "workloads.csv"
    workloads, hosts = pd.read_csv(path), pd.read_csv(site / "hosts.csv")
    workloads["replicas"] = copies_of(workloads["gpu"].to_numpy(), hosts["gpu"].sum(), seed)
    own = workloads["labels"].fillna("") if "labels" in workloads else ""
    workloads["labels"] = (own + ";gpus=" + workloads["gpu"].astype(str)).str.lstrip(";")
    workloads.to_csv(path, index=False)
    lines = [
        f"  - {{kind: assign, name: wait-{gpu}, workloads: {{labels: {{gpus: '{gpu}'}}}}, "
        f"soft: {{weight: {gpu / 1000.0 * WORTH or FREE}}}}}"
        for gpu in sorted(workloads["gpu"].unique())
    ]
    text = (site / "site.yaml").read_text()
    head = "" if "\npolicies:\n" in text else "\npolicies:\n"
    (site / "site.yaml").write_text("\n".join([text + head, *lines, ""]))


def device_bound(request: np.ndarray, copies: np.ndarray, devices: int) -> float:
    """Return the share of devices that no choice of requests can exceed, whatever hosts there are.

    request (pod,) in thousandths of a device, copies (pod,): how often each is asked for. Every
    device holds one way of filling it or is taken whole; how often each way occurs need not be
    whole.
    """
    sizes = np.unique(request[(request > 0) & (request < DEVICE)])
    supply = [int(copies[request == size].sum()) for size in sizes]
    is_whole = request >= DEVICE
    whole = float((request[is_whole] // DEVICE * copies[is_whole]).sum())
    ways = np.array(_fillings(sizes.tolist(), DEVICE)).reshape(-1, len(sizes))
    worth = np.append(ways @ sizes, DEVICE)
    held = sparse.hstack([sparse.csr_matrix(ways.T), sparse.csr_matrix((len(sizes), 1))])
    rows = sparse.vstack([held, sparse.csr_matrix(np.ones((1, len(worth))))])
    limits = [(0.0, None)] * len(ways) + [(0.0, whole)]
    found = linprog(-worth, A_ub=rows, b_ub=[*supply, devices], bounds=limits, method="highs")
    return float(-found.fun) / (devices * DEVICE)


def _fillings(sizes: list[int], room: int) -> list[tuple[int, ...]]:
    """Return all ways to put pieces of some sizes into a room, as numbers of each size."""
    if not sizes:
        return [()]
    *rest, last = sizes
    return [
        (*way, count)
        for count in range(room // last + 1)
        for way in _fillings(rest, room - count * last)
    ]


def _placed(run: StoredRun, workloads: pd.DataFrame) -> pd.DataFrame:
    """Return pods that run, with their demand, host and devices."""
    table = workloads.set_index("name")
    alone = set(table.index[table["replicas"] == 1])
    rows = [row for row in run.placements() if row.host]
    names = [r.workload if r.workload in alone else r.workload.rsplit("-", 1)[0] for r in rows]
    placed = table.loc[names, ["cpu", "memory", "gpu"]].reset_index(drop=True)
    return placed.assign(host=[r.host for r in rows], devices=[r.devices for r in rows])


def overfull(placed: pd.DataFrame, hosts: pd.DataFrame) -> int:
    """Return on how many hosts CPU, memory or one of the GPUs is given away twice."""
    table = hosts.set_index("name")[["cpu", "memory"]]
    used = placed.groupby("host")[["cpu", "memory"]].sum()
    over = set(used.index[(used > table.loc[used.index]).any(axis=1)])
    shares = placed[placed["gpu"] > 0]
    devices = [str(text).split(";") for text in shares["devices"]]
    each = pd.DataFrame(
        {
            "host": np.repeat(shares["host"].to_numpy(), [len(found) for found in devices]),
            "device": [int(device) for found in devices for device in found],
            "gpu": np.repeat(np.minimum(shares["gpu"], 1000), [len(found) for found in devices]),
        }
    )
    full = each.groupby(["host", "device"])["gpu"].sum()
    return len(over | set(full.index[full > 1000].get_level_values("host")))
