"""Vector bin packing: bins, bound and share of instances whose optimum is proven, by family."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.planned import plan
from benchmarks.shared import shared_data
from optimiser.connect.vbp import Items, first_fit_decreasing, lift, read_vbp
from optimiser.store.runs import StoredRun, read_run

WHOLE = 1e-6
SUMMARIES = {"New": "New_summary_known.tsv", "Triplet": "Triplet_summary_known.tsv"}
NOTES = (
    "bound: proven by our run, rounded up to whole bins; an instance is proven when it equals the "
    "bins of the plan, and its run stops then or at the limit",
    "bins are counted again from the stored placement and the sizes in the file; a plan that "
    "overfills a bin of the file counts as not found",
    "optimum and best of about 700 heuristics as published with the instances; where the optimum "
    "is unknown its lower bound stands in the sum",
)


@dataclass(frozen=True)
class Packed:
    """One instance: our bins (``None`` without a legal plan) and bound, and what is published."""

    dims: int
    bins: int | None
    bound: int | None
    optimum: int | None
    lower: int
    heuristic: int
    cpu_s: float

    @property
    def is_proven(self) -> bool:
        """Whether no plan can have fewer bins."""
        return self.bins is not None and self.bins == self.bound


def vector_packing(
    folder: Path, *, family: str, most_items: float, each: float, time_limit_s: float
) -> Outcome:
    """Pack instances of a family, one process each, and sum by number of dimensions.

    ``most_items`` leaves larger instances out; ``each`` is how many of the ten instances of each
    size are packed.
    """
    source = shared_data("vector-bin-packing")
    known = pd.read_csv(source / SUMMARIES[family.split("/", maxsplit=1)[0]], sep="\t", index_col=0)
    packed = [
        _pack(path, known.loc[path.stem], folder / path.stem, time_limit_s)
        for path in _chosen(source / family, int(most_items), int(each))
    ]
    rows = [_row(f"{dims} dimensions", group) for dims, group in _by_dims(packed)]
    rows.append(_row("all", packed))
    return Outcome(rows, _is_met(packed), NOTES)


def _chosen(folder: Path, most_items: int, each: int) -> list[Path]:
    """Return files such as ``class1_60_5_3.vbp``: items, dimensions and the number last."""
    files = sorted(folder.glob("*.vbp"), key=lambda path: [int(p) for p in _numbers(path)])
    return [p for p in files if int(_numbers(p)[0]) <= most_items and int(_numbers(p)[2]) < each]


def _numbers(path: Path) -> list[str]:
    return path.stem.split("_")[1:]


def _pack(path: Path, known: pd.Series, folder: Path, time_limit_s: float) -> Packed:
    items, site = read_vbp(path), folder / "site"
    measure(dcopt("import", "vbp", path, "-o", site))
    # less than one bin between plan and bound is proof, and no plan has more bins than this
    gap = (1 - WHOLE) / first_fit_decreasing(lift(items, path))
    planned = plan(site, folder / "runs", time_limit_s, gap)
    run = read_run(planned.run)
    bound = run.plan.proof.bound
    optimum = int(known["OPT"])
    return Packed(
        dims=len(items.capacity),
        bins=_count_bins(items, run),
        bound=None if bound is None else math.ceil(bound - WHOLE),
        optimum=optimum if optimum >= 0 else None,
        lower=int(known["LB"]),
        heuristic=int(known["best_overall"]),
        cpu_s=planned.cost.cpu_s,
    )


def _count_bins(items: Items, run: StoredRun) -> int | None:
    """Return the bins in use, or ``None`` when one of them holds more than the file allows."""
    # replicas are named after the line of the file they come from, in its order
    where = {row.workload: row.host for row in run.placements()}
    component = {name: name if name.count("-") == 1 else name.rsplit("-", 1)[0] for name in where}
    lines = {name: row for row, name in enumerate(sorted(set(component.values())))}
    hosts = {host: column for column, host in enumerate(sorted(set(where.values())))}
    used = np.flatnonzero(items.count > 0)
    load = np.zeros((len(hosts), len(items.capacity)), dtype=np.int64)
    for name, host in where.items():
        load[hosts[host]] += items.size[used[lines[component[name]]]]
    if len(where) != items.count.sum() or (load > items.capacity).any():
        return None
    return len(hosts)


def _by_dims(packed: list[Packed]) -> list[tuple[int, list[Packed]]]:
    dims = sorted({one.dims for one in packed})
    return [(number, [one for one in packed if one.dims == number]) for number in dims]


def _row(name: str, group: list[Packed]) -> dict[str, Value]:
    return {
        "family": name,
        "instances": len(group),
        "bins": _sum(one.bins for one in group),
        "bound": _sum(one.bound for one in group),
        "optimum": sum(one.lower if one.optimum is None else one.optimum for one in group),
        "unknown_optimum": sum(one.optimum is None for one in group),
        "best_heuristic": sum(one.heuristic for one in group),
        "proven": f"{sum(one.is_proven for one in group) / len(group):.0%}",
        "cpu_s": sum(one.cpu_s for one in group),
    }


def _sum(values: Iterable[int | None]) -> int | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None


def _is_met(packed: list[Packed]) -> bool:
    """Whether 95 % of the known optima are proven and no heuristic is better on the others."""
    known = [one for one in packed if one.optimum is not None]
    others = [one for one in packed if one.optimum is None]
    proven = sum(one.is_proven and one.bins == one.optimum for one in known)
    as_good = all(one.bins is not None and one.bins <= one.heuristic for one in others)
    return proven >= 0.95 * len(known) and as_good
