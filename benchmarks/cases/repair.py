"""BtrPlace instances: broken sites mended with the fewest moves, checked apart."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.peers.reconfiguration import check
from benchmarks.planned import plan
from benchmarks.shared import shared_data
from optimiser.store.runs import read_run

FAST_S = 2.0
SMALL_MB = 512.0
NOTES = (
    "moves and broken rules are counted by a checker of its own that reads the instance only",
    "wall, CPU and memory are those of the whole process: reading, search, order of moves, "
    "verification, report; bound: fewest moves proven",
    "published: BtrPlace 10 to 139 s and 4 to 7 GB on the largest, Rebalancer 20 to 30 s with 658 "
    "to 663 moves where 590 are proven to be enough",
)


def repair(folder: Path, *, name: str, time_limit_s: float) -> Outcome:
    """Import an instance and plan it."""
    source, site = shared_data("btrplace") / f"{name}.json.gz", folder / "site"
    imported = measure(dcopt("import", "btrplace", source, "-o", site))
    planned = plan(site, folder / "runs", time_limit_s)
    run = read_run(planned.run)
    where = {_key(row.workload): _key(row.host) for row in run.placements()}
    found, proven = check(source, where), run.plan.proof.bound
    bound = None if proven is None else max(0.0, proven)
    row: dict[str, Value] = {
        "instance": name,
        "broken": ", ".join(f"{n} {kind}" for kind, n in found.broken.items()) or "none",
        "moves": found.moves,
        "bound": bound,
        "gap": None if bound is None else (found.moves - bound) / max(found.moves, 1),
        "waves": run.plan.waves,
        "first_plan_s": None if planned.first is None else planned.first.wall_s,
        "import_cpu_s": imported.cpu_s,
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
        "peak_mb": planned.cost.peak_mb,
    }
    is_fewest = bound is not None and found.moves < bound + 1
    is_cheap = planned.cost.wall_s <= FAST_S and planned.cost.peak_mb <= SMALL_MB
    return Outcome([row], not found.broken and is_fewest and is_cheap, NOTES)


def _key(name: str) -> int:
    """Return the id in a name such as ``vm-17``."""
    return int(name.rsplit("-", 1)[1])
