"""Check a stored plan again from what its run folder holds, without model or solver."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.analysis.verdict import (
    Placement,
    Verdict,
    Violation,
    placement_from_rows,
    placement_today,
)
from optimiser.analysis.verify import verify
from optimiser.errors import InputError, Problem, RefusedError, raise_all
from optimiser.schema.plan import Move
from optimiser.store.latest import resolve_run
from optimiser.store.manifest import changed_files
from optimiser.store.runs import StoredRun, read_run
from optimiser.store.tables import PlacementRow
from optimiser.studies.move_clock import first_moment
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_times import MoveTimes
from optimiser.studies.move_way_check import TABLE_SLACK_S
from optimiser.twin.simulate import simulate, summary
from optimiser.workflow.loading import Loaded, load
from optimiser.workflow.ordering import check_order

EVIDENCE = ("inputs/", "twin.nc")
"""Files a verdict stands on; a change there makes every verdict worthless."""
SAME_FRACTION = 1e-6
"""Relative difference up to which a figure counts as reproduced."""
FIGURES = ("facility_kwh", "it_kwh", "cost", "kgco2e", "water_l", "hosts_on")


@dataclass(frozen=True)
class VerifyResult:
    """The verdict on a stored plan.

    ``refusals`` are sentences, empty when the plan holds; ``checked`` counts limits by kind;
    ``prefixes`` is the number of moves after each of which every rule was replayed, 0 when all
    move at once; ``notes`` tell of things that changed and do not matter to the rules.
    """

    run: Path
    refusals: list[str]
    checked: dict[str, int]
    prefixes: int
    soft: list[str]
    notes: list[str]

    @property
    def is_verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.refusals

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return {**dataclasses.asdict(self), "run": str(self.run), "verified": self.is_verified}


@dataclass(frozen=True)
class Opened:
    """A run with its site rebuilt from the inputs it keeps."""

    run: StoredRun
    loaded: Loaded
    twin: xr.Dataset
    refusals: list[str]


def verify_run(path: Path) -> VerifyResult:
    """Check every rule, every prefix of the moves and the figures of a run again.

    ``path`` is a run folder, ``runs/latest``, or a site (its newest run). Raises ``InputError``
    when files are missing or damaged.
    """
    opened = open_run(path)
    placement, verdict, wrong = judge_placement(opened)
    refusals = [*opened.refusals, *wrong, *verdict.sentences()]
    prefixes = 0
    if not refusals:
        moves = opened.run.moves()
        refusals += check_moves(opened, placement, moves)
        refusals += check_figures(opened, placement)
        prefixes = len(moves) if opened.loaded.study.moves == "ordered" else 0
    changed = changed_files(opened.run.folder, opened.run.manifest)
    notes = [f"{name} has changed since the run was written" for name in changed]
    notes += [f"{name} stays where it is: {why}" for name, why in stuck_workloads(opened)]
    soft = [violation.sentence for violation in verdict.soft]
    return VerifyResult(opened.run.folder, refusals, verdict.checked, prefixes, soft, notes)


def open_run(path: Path) -> Opened:
    """Read a run, its twin and its rules; the twin is built again and compared."""
    run = read_run(resolve_run(path))
    changed = [n for n in changed_files(run.folder, run.manifest) if n.startswith(EVIDENCE)]
    refusals = [f"{name} is not what the run was made with" for name in changed]
    loaded = load(run.inputs)
    twin = loaded.twin if "twin.nc" in changed else run.twin()
    if not refusals and not same_twin(twin, loaded.twin):
        refusals.append("twin.nc is not the twin of the inputs kept beside it")
    return Opened(run, loaded, twin, refusals)


def same_twin(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Whether two twins hold the same numbers (to the last bits that a library may change)."""
    if set(one.variables) != set(other.variables) or dict(one.sizes) != dict(other.sizes):
        return False
    for name in one.variables:
        a, b = one[name].values, other[name].values
        if a.shape == b.shape and not a.size:
            continue  # names of nothing come back as numbers
        if a.dtype.kind == "f":
            if not np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True):
                return False
        elif not np.array_equal(a, b):
            return False
    return True


def judge_placement(opened: Opened) -> tuple[Placement, Verdict, list[str]]:
    """Return the stored placement, the verdict on it, and names that do not fit the site."""
    rows = opened.run.placements()
    placement, unknown = read_placement(opened.twin, rows, opened.run.plan.hosts_on)
    verdict = verify(opened.twin, opened.loaded.rules, placement)
    return placement, verdict, [violation.sentence for violation in unknown]


def read_placement(
    twin: xr.Dataset, rows: Sequence[PlacementRow], hosts_on: Sequence[str]
) -> tuple[Placement, list[Violation]]:
    """Return a placement from its table; what does not fit together comes back as violations."""
    frame = pd.DataFrame(rows, columns=list(PlacementRow._fields))
    return placement_from_rows(twin, frame, hosts_on)


def check_moves(opened: Opened, placement: Placement, moves: Sequence[Move]) -> list[str]:
    """Return what is wrong with the moves: prefixes that break a rule, or another destination."""
    try:
        order = read_order(opened.twin, moves, placement, stuck_workloads(opened))
    except InputError as error:
        return [problem.what for problem in error.problems]
    found = check_order(opened.loaded, order, read_times(opened, moves), TABLE_SLACK_S)
    return [f"moves: {violation.sentence}" for violation in found]


def read_times(opened: Opened, moves: Sequence[Move]) -> MoveTimes | None:
    """Return the times of stored moves, ``None`` where some move has none."""
    if not moves or any(not move.start or move.seconds is None for move in moves):
        return None
    begin = first_moment(opened.twin, opened.loaded.study.moving)
    starts = pd.to_datetime([move.start for move in moves], utc=True)
    return MoveTimes(
        begin=begin,
        start_s=(starts - begin).total_seconds().to_numpy(),
        seconds=np.array([move.seconds for move in moves], dtype=float),
        energy_kwh=np.array([move.energy_kwh or 0.0 for move in moves]),
    )


def read_order(
    twin: xr.Dataset, moves: Sequence[Move], end: Placement, stuck: Sequence[Sequence[str]] = ()
) -> MoveOrder:
    """Return the order of moves by name; ``stuck`` are (workload, reason) that stay behind.

    Raises ``InputError`` for unknown names.
    """
    names = pd.Index(twin["workload"].values.astype(str))
    workload = names.get_indexer([move.workload for move in moves])
    source, target = (
        _hosts(twin, [getattr(move, side) for move in moves]) for side in ("source", "target")
    )
    unknown = (workload < 0) | (source == _UNKNOWN) | (target == _UNKNOWN)
    what = "moves: move {} names a workload or host that the site has not"
    raise_all(
        [Problem(what.format(moves[i].order), "moves.csv") for i in np.flatnonzero(unknown)[:20]]
    )
    return MoveOrder(
        workload=workload.astype(np.int32),
        source=source,
        target=target,
        wave=np.array([move.wave - 1 for move in moves], dtype=np.int32),
        bounce=np.array([move.bounce for move in moves], dtype=bool),
        start=placement_today(twin),
        end=end,
        stuck=tuple((str(name), str(why)) for name, why in stuck),
    )


_UNKNOWN = -2


def _hosts(twin: xr.Dataset, names: Sequence[str]) -> np.ndarray:
    """Return the index of each host; −1 for an empty name, ``_UNKNOWN`` for a wrong one."""
    index = pd.Index(twin["host"].values.astype(str)).get_indexer(list(names))
    empty = np.array([not name for name in names], dtype=bool)
    return np.where(empty, -1, np.where(index < 0, _UNKNOWN, index)).astype(np.int32)


def stuck_workloads(opened: Opened) -> list[list[str]]:
    """Return the workloads that the run itself says cannot be moved legally, with the reason."""
    told: list[list[str]] = opened.run.metrics().get("stuck", [])
    return told


def check_figures(opened: Opened, placement: Placement) -> list[str]:
    """Return figures of ``metrics.json`` that a new simulation does not reproduce."""
    stored = opened.run.metrics().get("after", {})
    replayed = simulate(opened.twin, np.asarray(placement.host), np.asarray(placement.host_on))
    again = summary(replayed, opened.twin)
    wrong = []
    for name in FIGURES:
        told, now = stored.get(name), again[name]
        if told is None or abs(told - now) > SAME_FRACTION * max(abs(now), 1.0):
            wrong.append(f"metrics.json says {name} is {told}, the simulation says {now}")
    return wrong


def refuse_unverified(result: VerifyResult) -> None:
    """Raise ``RefusedError`` with the first reasons when a plan does not hold."""
    if result.is_verified:
        return
    shown = "\n".join(f"    {sentence}" for sentence in result.refusals[:10])
    more = len(result.refusals) - 10
    rest = f"\n    and {more} more" if more > 0 else ""
    raise RefusedError(
        f"the plan in {result.run} is refused\n{shown}{rest}", "make the plan again: dcopt plan"
    )
