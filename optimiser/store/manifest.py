"""``manifest.json``: what a run was made from, with what, and what its files must hash to."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

from optimiser.errors import InputError, Problem
from optimiser.schema.base import Document

MANIFEST = "manifest.json"
PACKAGES = (
    "dc-optimiser", "highspy", "pyomo", "numpy", "scipy", "numba", "pandas", "xarray",
    "pydantic", "h5netcdf", "h5py",
)  # fmt: skip


class Manifest(Document):
    """The record of one run."""

    format: str = "dcopt.manifest/1"
    """Version of this document."""
    run: str
    """Name of the run folder when it was written."""
    created: str
    """When the run was stored, ISO 8601 in UTC."""
    site: str
    """Name of the site."""
    study: str
    """Name of the study."""
    seed: int
    """Seed of every random choice."""
    settings: dict[str, float | int | str | None]
    """Solver settings of the run."""
    proof_level: str
    """What has been proven about the plan."""
    stopped: str
    """Why the search ended."""
    versions: dict[str, str]
    """Version by program."""
    inputs: dict[str, str]
    """SHA-256 of each file that was read, by the name it had."""
    files: dict[str, str]
    """SHA-256 of each file of the run folder except the manifest."""
    phase_seconds: dict[str, float]
    """Time spent by phase [s]."""
    defaults: list[str]
    """Defaults that were used, as sentences."""


def show_versions() -> dict[str, str]:
    """Return the versions of Python, the platform and the packages that a result depends on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def hash_tree(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below ``folder`` except its manifest, by relative name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: hash_of(path) for name, path in names.items() if name != MANIFEST}


def hash_of(path: Path) -> str:
    """Return the SHA-256 of one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def changed_files(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files of a run that are missing or no longer hash to what was written."""
    now = hash_tree(folder)
    return [name for name, digest in manifest.files.items() if now.get(name) != digest]


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a run. Raises ``InputError`` when it is missing or damaged."""
    path = folder / MANIFEST
    try:
        return Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = f"is damaged: {str(error).splitlines()[0]}"
    raise InputError(Problem(what=reason, file=str(path), remedy="make the plan again"))
