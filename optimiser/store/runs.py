"""Write a run folder and read it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.errors import InputError, Problem
from optimiser.schema.equipment import Card
from optimiser.schema.plan import Move, Plan
from optimiser.schema.site import Site
from optimiser.schema.study import Study
from optimiser.store.atomic import draft_folder, publish
from optimiser.store.canonical import canonical_json, write_json
from optimiser.store.inputs import INPUTS, write_inputs
from optimiser.store.latest import point_latest
from optimiser.store.manifest import MANIFEST, Manifest, hash_tree, read_manifest, show_versions
from optimiser.store.tables import (
    PlacementRow,
    read_moves,
    read_placements,
    write_moves,
    write_placements,
)
from optimiser.store.twin_file import read_twin, write_twin

if TYPE_CHECKING:
    import xarray as xr

Writer = Callable[[Path], None]


@dataclass(frozen=True)
class RunContent:
    """Everything that goes into one run folder.

    ``source`` is the folder the site was read from, ``input_hashes`` the SHA-256 of each file
    read. ``extra`` are files that other floors write, by name: ``model.lp``.
    """

    plan: Plan
    site: Site
    study: Study
    cards: Mapping[tuple[str, str], Card]
    source: Path
    input_hashes: Mapping[str, str]
    twin: xr.Dataset
    placements: Sequence[PlacementRow]
    reverse_moves: Sequence[Move]
    metrics: Mapping[str, Any]
    solver_log: str
    stopped: str
    defaults: Sequence[str] = ()
    extra: Mapping[str, Writer] = field(default_factory=dict)


def write_run(
    runs: Path,
    content: RunContent,
    *,
    created: datetime | None = None,
    report: tuple[str, Writer] | None = None,
) -> Path:
    """Write a run folder into ``runs``, point ``latest`` at it and return its path.

    The folder exists whole or not at all. ``created`` is the time in its name, now by default.
    ``report`` is a file name and its writer, which finds the manifest beside the file; as it can
    be written again it has no hash.
    """
    moment = (created or datetime.now(UTC)).astimezone(UTC)
    name = run_name(moment, content)
    with draft_folder(runs) as draft:
        _write_files(draft, content)
        write_json(draft / MANIFEST, _manifest(draft, content, moment, name))
        if report is not None:
            report[1](draft / report[0])
        run = publish(draft, runs / name)
    point_latest(runs)
    return run


def run_name(moment: datetime, content: RunContent) -> str:
    """Return ``<time>-<study>-<hash>``; the hash is over inputs, settings and the placement."""
    study = content.study.model_dump(mode="json")
    hosts = "\n".join(row.host for row in content.placements)
    told = [dict(content.input_hashes), study, hosts]
    digest = hashlib.sha256(canonical_json(told)).hexdigest()[:8]
    word = "".join(c if c.isalnum() else "-" for c in content.plan.study.lower()).strip("-")
    return f"{moment:%Y-%m-%dT%H-%M-%SZ}-{word or 'plan'}-{digest}"


def _write_files(draft: Path, content: RunContent) -> None:
    write_json(draft / "plan.json", content.plan)
    write_placements(draft / "placements.csv", content.placements)
    write_moves(draft / "moves.csv", content.plan.moves)
    write_moves(draft / "reverse_moves.csv", content.reverse_moves)
    write_twin(content.twin, draft / "twin.nc")
    write_json(draft / "metrics.json", dict(content.metrics))
    (draft / "solver.log").write_text(content.solver_log, encoding="utf-8")
    write_inputs(draft / INPUTS, content.site, content.study, content.cards, content.source)
    for name, write in content.extra.items():
        write(draft / name)


def _manifest(draft: Path, content: RunContent, moment: datetime, name: str) -> Manifest:
    plan = content.plan
    return Manifest(
        run=name,
        created=moment.isoformat(timespec="seconds"),
        site=plan.site,
        study=plan.study,
        seed=content.study.solver.seed,
        settings=content.study.solver.model_dump(mode="json"),
        proof_level=plan.proof.level,
        stopped=content.stopped,
        versions=show_versions(),
        inputs=dict(content.input_hashes),
        files=hash_tree(draft),
        phase_seconds=plan.phase_seconds,
        defaults=list(content.defaults),
    )


@dataclass(frozen=True)
class StoredRun:
    """A run read back; the twin and the tables are read when they are asked for."""

    folder: Path
    manifest: Manifest
    plan: Plan

    @property
    def inputs(self) -> Path:
        """The site folder kept inside the run."""
        return self.folder / INPUTS

    def twin(self) -> xr.Dataset:
        """Read the twin."""
        return read_twin(self.folder / "twin.nc")

    def placements(self) -> list[PlacementRow]:
        """Read the placement."""
        return read_placements(self.folder / "placements.csv")

    def moves(self) -> list[Move]:
        """Read the moves."""
        return read_moves(self.folder / "moves.csv")

    def reverse_moves(self) -> list[Move]:
        """Read the moves that lead back."""
        return read_moves(self.folder / "reverse_moves.csv")

    def metrics(self) -> dict[str, Any]:
        """Read the metrics."""
        return _read_json(self.folder / "metrics.json")


def read_run(folder: Path) -> StoredRun:
    """Read a run folder. Raises ``InputError`` naming the file that is missing or damaged."""
    manifest, path = read_manifest(folder), folder / "plan.json"
    try:
        plan = Plan.model_validate(_read_json(path))
    except ValueError as error:
        raise InputError(Problem(f"is damaged: {str(error).splitlines()[0]}", str(path))) from None
    return StoredRun(folder, manifest, plan)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(Problem(f"cannot be read: {error}", str(path))) from None
    return data
