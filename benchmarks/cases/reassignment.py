"""Machine reassignment: plans of the challenge's instances beside its winner and the best known."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from benchmarks.cases.against_peers import shared_data
from benchmarks.measure import dcopt, measure, python
from benchmarks.outcome import Outcome, UnavailableError, Value
from benchmarks.planned import plan
from optimiser.store.runs import read_run

WINNER, BEST, BOUND = "s41_team_300s", "best_credible", "lb_used"
"""Columns of the published values: the winner at 300 s, the best known, the best bound known."""
NOTES = (
    "official: the exported assignment judged by a checker that knows nothing of dcopt, where "
    "one is beside the data; the plan's own objective must be the same number",
    "winner and best known: published values under 300 s on two cores and without limit",
    "score: 100 x (objective - best known) / objective of the first assignment",
)


def reassignment(folder: Path, *, which: str, time_limit_s: float) -> Outcome:
    """Import, plan, export and judge every instance of a set, one process each.

    ``which`` is ``a``, ``b`` or instances joined by ``+``.
    """
    home = shared_data("roadef2012")
    with (home / "published.csv").open(encoding="utf-8", newline="") as stream:
        published = {row["instance"]: row for row in csv.DictReader(stream)}
    names = [name for name in published if name.startswith(which)] or which.split("+")
    rows = [_one(folder, home, name, published[name], time_limit_s) for name in names]
    total = sum(float(row["objective"] or 0) for row in rows)
    winner = sum(float(row["winner_300_s"] or 0) for row in rows)
    exact = all(row["official"] in (None, row["objective"]) for row in rows)
    proven = all(row["gap"] is not None for row in rows)
    ratio = f"sum of objectives over that of the winner: {total / winner:.4f}"
    return Outcome(rows, exact and proven and total < winner, (ratio, *NOTES))


def _one(
    folder: Path, home: Path, name: str, published: dict[str, str], time_limit_s: float
) -> dict[str, Value]:
    model = next(iter(home.glob(f"*/model_{name}.txt")), None)
    if model is None:
        raise UnavailableError(f"no model_{name}.txt in the public data")
    start = model.with_name(f"assignment_{name}.txt")
    site, target = folder / name, folder / f"{name}.txt"
    measure(dcopt("import", "roadef", model, start, "-o", site))
    planned = plan(site, folder / "runs", time_limit_s)
    measure(dcopt("export", "roadef", planned.run, "-o", target))
    proof = read_run(planned.run).plan.proof
    first, best = float(published["initial"]), float(published[BEST])
    return {
        "instance": name,
        "objective": proof.objective,
        "official": _official(home, model, start, target),
        "bound": proof.bound,
        "gap": proof.gap,
        "winner_300_s": float(published[WINNER]),
        "best_known": best,
        "bound_known": float(published[BOUND]),
        "score": 100.0 * (proof.objective - best) / first,
        "winner_score": 100.0 * (float(published[WINNER]) - best) / first,
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
        "peak_mb": planned.cost.peak_mb,
    }


def _official(home: Path, model: Path, start: Path, target: Path) -> float | None:
    """Return what an independent checker says; ``None`` where there is none beside the data."""
    checker = home.parent.parent / "tools" / "roadef_check.py"
    if not checker.is_file():
        return None
    told = json.loads(measure(python(checker, model, start, target, "--json")).output)
    return float(told["total"])
