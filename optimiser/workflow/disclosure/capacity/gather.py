"""What the model of a site knows about its capacity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from optimiser.analysis.inventory import Element, inventory
from optimiser.errors import InputError, Problem, raise_all
from optimiser.library.references import listed, nearest
from optimiser.workflow.disclosure.capacity.resource import unknown_elements
from optimiser.workflow.disclosure.material import Settings


def capacity_of(folder: Path, settings: Settings) -> Sequence[Element] | str:
    """Return the limited elements with today's use over the site's study, or why it is not known.

    Nothing is computed when the frameworks that were asked for do not need it.
    """
    if settings.frameworks and "iso20000" not in settings.frameworks:
        return "not asked for"
    from optimiser.workflow.loading import load
    from optimiser.workflow.modelled import today_with_its_hosts

    try:
        loaded = load(folder)
    except InputError as error:
        return f"the site can not be modelled ({len(error.problems)} mistakes; see dcopt check)"
    if not loaded.has_placement:
        return "nothing is known to run on the site"
    return inventory(loaded.twin, loaded.rules, today_with_its_hosts(loaded.twin))


def check_elements(path: Path, table: pd.DataFrame | None, known: Sequence[Element] | str) -> None:
    """Raise ``InputError`` for rows that name an element which the model does not have."""
    if table is None or isinstance(known, str):
        return
    names = [one.id for one in known]
    problems = [
        Problem(
            "the model has no such resource", str(path), None, f"series of {resource}", series,
            listed(names), nearest(series, names),
        )
        for resource, series in unknown_elements(table, known)
    ]  # fmt: skip
    raise_all(problems)
