"""``runs/latest``: the newest complete run, as a symbolic link or, where there are none, a file."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from optimiser.errors import InputError, Problem, did_you_mean
from optimiser.store.atomic import DRAFT_PREFIX, write_atomically
from optimiser.store.manifest import MANIFEST

LATEST = "latest"


def complete_runs(runs: Path) -> list[Path]:
    """Return the complete runs of a folder, oldest first."""
    found = [p.parent for p in runs.glob(f"*/{MANIFEST}") if not p.parent.is_symlink()]
    return sorted(p for p in found if not p.name.startswith("."))


def point_latest(runs: Path) -> None:
    """Point ``runs/latest`` at the newest complete run.

    Another run may finish in between: the pointer is looked at again until it is right.
    """
    for _ in range(20):
        newest = complete_runs(runs)[-1].name
        if read_latest(runs) == newest:
            return
        _replace_pointer(runs / LATEST, newest)


def read_latest(runs: Path) -> str | None:
    """Return the name of the run that ``runs/latest`` points at, or ``None``."""
    pointer = runs / LATEST
    if pointer.is_symlink():
        return pointer.readlink().name
    return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else None


def _replace_pointer(pointer: Path, name: str) -> None:
    draft = Path(tempfile.mktemp(prefix=f"{DRAFT_PREFIX}latest-", dir=pointer.parent))
    try:
        draft.symlink_to(name, target_is_directory=True)
        draft.replace(pointer)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        write_atomically(pointer, f"{name}\n".encode())


def resolve_run(path: Path) -> Path:
    """Return the run folder that a person means: a run, ``runs/latest``, ``runs`` or a site.

    Raises ``InputError`` when there is none.
    """
    path = Path(path)
    if (path / MANIFEST).is_file():
        return path.resolve() if path.is_symlink() else path
    runs = path.parent if path.name == LATEST else path
    runs = runs / "runs" if (runs / "runs").is_dir() else runs
    if path.name == LATEST or path.is_dir():
        name = read_latest(runs)
        if name and (runs / name / MANIFEST).is_file():
            return runs / name
        if complete_runs(runs):
            return complete_runs(runs)[-1]
    raise InputError(_no_run(path))


def _no_run(path: Path) -> Problem:
    known = [run.name for run in complete_runs(path.parent)] if path.parent.is_dir() else []
    return Problem(
        what="is no run folder" if path.exists() else "does not exist",
        file=str(path),
        expected=f"a folder with {MANIFEST}, as 'dcopt plan SITE' writes it",
        remedy=did_you_mean(path.name, known) or "make a plan first: dcopt plan SITE",
    )
