"""What a call of ``plan`` may ask for instead of what the study says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from optimiser.schema.policy import MaxMoves
from optimiser.schema.study import SolverSettings, Study


@dataclass(frozen=True)
class PlanOptions:
    """Settings of one call; ``None`` leaves the study's.

    ``workers`` on this machine or those of a Dask ``scheduler`` run the ``restarts``, as many as
    there are ``workers`` by default. ``max_moves`` adds a rule; ``runs`` is the folder for the run
    folder, ``runs`` in the site by default; ``save_lp`` keeps the model of the bound as an LP file.
    """

    time_limit_s: float | None = None
    gap: float | None = None
    seed: int | None = None
    threads: int | None = None
    work_limit: int | None = None
    restarts: int | None = None
    workers: int | None = None
    scheduler: str | None = None
    max_moves: int | None = None
    runs: Path | None = None
    save_lp: bool = False


def apply_options(study: Study, options: PlanOptions) -> Study:
    """Return the study with the settings of a call."""
    names = ("time_limit_s", "gap", "seed", "threads", "work_limit", "restarts")
    given = {name: getattr(options, name) for name in names}
    if study.solver.restarts == 1 and options.restarts is None:
        given["restarts"] = options.workers
    told = {name: value for name, value in given.items() if value is not None}
    solver = SolverSettings.model_validate({**study.solver.model_dump(), **told})
    policies = list(study.policies)
    if options.max_moves is not None:
        why = "asked for on the command line"
        policies.append(MaxMoves(name="max-moves-of-this-call", limit=options.max_moves, why=why))
    return study.model_copy(update={"solver": solver, "policies": policies})
