"""Workloads that arrive in a site that has been read: their table, checked like the site's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from optimiser.errors import InputError
from optimiser.library.references import names_in
from optimiser.library.replicas import check_replicas, unfold
from optimiser.library.site import SiteInput
from optimiser.library.table_checks import check_workloads
from optimiser.library.tables import Table, scan_table
from optimiser.schema.tables import WORKLOADS


def add_arrivals(site_input: SiteInput, path: Path) -> SiteInput:
    """Return the site with the workloads of a table (``path``) behind its own; they run nowhere.

    The table has the columns of the site's workloads table. Raises ``InputError`` with every
    mistake, names that the site has already among them.
    """
    site, services = site_input.site, site_input.services
    table = scan_table(Path(path), WORKLOADS.with_resources(site.resources))
    if not table.is_whole:
        raise InputError(table.problems)
    known = None if services is None else names_in(services["name"])
    profiles = None if site_input.demand is None else names_in(site_input.demand["profile"])
    check_workloads(table, site.resources, known, profiles)
    units = check_replicas(table)
    if units is not None:
        _check_names(table, units, site_input)
    if table.problems:
        raise InputError(table.problems)
    workloads = pd.concat([site_input.workloads, table.frame], ignore_index=True)
    files = {**site_input.files, Path(path).name: table.sha256}
    return replace(site_input, workloads=workloads, workload_units=unfold(workloads), files=files)


def keep_workloads(site_input: SiteInput, rows: np.ndarray) -> SiteInput:
    """Return the site with only some rows (row,) bool of its workloads table."""
    workloads = site_input.workloads[rows].reset_index(drop=True)
    return replace(site_input, workloads=workloads, workload_units=unfold(workloads))


def _check_names(table: Table, units: pd.DataFrame, site_input: SiteInput) -> None:
    """Report rows whose name, or the name of a copy, is taken."""
    taken = {*site_input.workloads["name"], *site_input.workload_units["name"]}
    again = units["name"].isin(taken) | units["component"].isin(taken)
    rows = np.unique(units.loc[again, "row"].to_numpy())
    names = table.frame["name"].to_numpy(dtype=object)
    what = "the site has a workload of this name already"
    remedy = "give the arriving workload another name"
    table.findings.add("name", what, rows, names, None, remedy)
