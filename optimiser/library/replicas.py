"""Workload components unfolded into their replicas."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimiser.library.tables import Table

MOST_WORKLOADS = 5_000_000


def unfold(workloads: pd.DataFrame) -> pd.DataFrame:
    """Return one row per copy of each workload row.

    Columns: ``name`` (``web`` alone, else ``web-1``, ``web-2`` …), ``row`` (position in
    ``workloads``), ``component`` (its name there), ``service`` and ``replica`` (from 1).
    """
    count = workloads["replicas"].to_numpy()
    row = np.repeat(np.arange(len(workloads)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    replica = np.arange(len(row)) - first + 1
    component = workloads["name"].to_numpy(dtype=object)[row]
    name = component.copy()
    several = np.flatnonzero(count[row] > 1)
    name[several] = [
        f"{base}-{number}" for base, number in zip(name[several], replica[several], strict=True)
    ]
    return pd.DataFrame(
        {
            "name": pd.Series(name, dtype="str"),
            "row": row,
            "component": pd.Series(component, dtype="str"),
            "service": workloads["service"].take(row).reset_index(drop=True),
            "replica": replica,
        }
    )


def check_replicas(table: Table) -> pd.DataFrame | None:
    """Return the copies of a workload table, or report why they cannot be told apart."""
    told = {problem.field for problem in table.problems}
    if any(field is not None and field.startswith("replicas") for field in told):
        return None  # stand-ins for wrong numbers would make wrong copies
    total = int(table.frame["replicas"].sum())
    if total > MOST_WORKLOADS:
        largest = np.array([int(np.argmax(table.frame["replicas"].to_numpy()))])
        what = f"the replicas add up to {total:,} workloads"
        table.findings.add(
            "replicas", what, largest, table.frame["replicas"].to_numpy(),
            f"at most {MOST_WORKLOADS:,} in all",
        )  # fmt: skip
        return None
    units = unfold(table.frame)
    again = units["name"].duplicated(keep=False) & ~units["component"].duplicated(keep=False)
    rows = units.loc[again, "row"].to_numpy()
    remedy = "rename this workload, or the component whose replica has the same name"
    names = table.frame["name"].to_numpy(dtype=object)
    table.findings.add("name", "is also the name of a replica", rows, names, None, remedy)
    return units
