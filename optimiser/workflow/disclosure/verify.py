"""Compute a stored report again and compare it byte by byte."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from optimiser.errors import InputError, Problem
from optimiser.report.disclosure.json_form import digest_of
from optimiser.report.disclosure.table import Disclosure
from optimiser.store.manifest import MANIFEST
from optimiser.store.snapshots import REPORTS, Snapshot, read_snapshot
from optimiser.workflow.disclosure.compose import compose
from optimiser.workflow.disclosure.deliver import NOT_RECOMPUTED, PACK, files_of
from optimiser.workflow.disclosure.gather import gather
from optimiser.workflow.disclosure.material import Settings
from optimiser.workflow.disclosure.operator import code_version
from optimiser.workflow.disclosure.report import edition


@dataclass(frozen=True)
class Verified:
    """What was compared.

    ``touched`` are files that are missing or no longer hash to what the manifest says, ``inputs``
    files of the site that are other than at the time (which matters only if figures change),
    ``differing`` files whose bytes came out otherwise, ``same`` those that came out equal.
    ``is_same_code`` tells whether the program is the one that wrote the snapshot.
    """

    snapshot: Snapshot
    touched: tuple[str, ...]
    inputs: tuple[str, ...]
    differing: tuple[str, ...]
    same: tuple[str, ...]
    digest: str
    is_same_code: bool

    @property
    def holds(self) -> bool:
        """Whether the snapshot is untouched and came out equal, whatever its inputs say else."""
        return not (self.touched or self.differing)


def verify_snapshot(folder: Path, site: Path | None = None) -> Verified:
    """Compute a snapshot again from its site and compare.

    ``site`` is needed only when the snapshot was moved away from its site. PDF and assurance pack
    depend on the browser that printed them: of these the hashes are checked, and those of every
    file inside the pack. Raises ``InputError`` when there is no snapshot or the site can no longer
    be read.
    """
    snapshot = read_snapshot(folder)
    home = site or _site_of(folder)
    material = gather(home, settings_of(snapshot))
    again = _edited(compose(material), snapshot)
    now = files_of(again, [f for f in snapshot.manifest["formats"] if f != "pdf"])
    compared = [name for name in snapshot.outputs if name not in NOT_RECOMPUTED]
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in now.items()}
    differing = [n for n in {*compared, *hashes} if hashes.get(n) != snapshot.outputs.get(n)]
    return Verified(
        snapshot,
        tuple(sorted({*snapshot.changed_files(), *_broken_pack(snapshot)})),
        tuple(_changed_inputs(snapshot, dict(material.files))),
        tuple(sorted(differing)),
        tuple(sorted(name for name in compared if name not in differing)),
        digest_of(again),
        snapshot.manifest.get("code", {}).get("sha256") == code_version()["sha256"],
    )


def settings_of(snapshot: Snapshot) -> Settings:
    """Return the settings that a snapshot was made with."""
    told: dict[str, Any] = dict(snapshot.manifest["settings"])
    day = told.get("as_of")
    return Settings(
        period=told["period"],
        frameworks=tuple(told["frameworks"]),
        rulesets=tuple(told["rulesets"]),
        as_of=date.fromisoformat(day) if day else None,
        allow_partial=told["allow_partial"],
        weighting=told["weighting"],
        run=told["run"],
        basis=told["basis"],
    )


def _site_of(folder: Path) -> Path:
    home = folder.resolve().parent.parent
    if home.name == REPORTS:
        return home.parent
    raise InputError(
        Problem(
            "does not lie in the folder of its site",
            str(folder),
            expected=f"SITE/{REPORTS}/PERIOD/VERSION",
            remedy="name the site with --site",
        )
    )


def _edited(disclosure: Disclosure, snapshot: Snapshot) -> Disclosure:
    if snapshot.version is None:
        return replace(disclosure, edition={"edition": "draft"})
    told = snapshot.manifest.get("supersedes")
    last = read_snapshot(snapshot.folder.parent / f"v{told['version']}") if told else None
    reason = snapshot.manifest["edition"].get("reason")
    return edition(disclosure, snapshot.version, last, reason)


def _changed_inputs(snapshot: Snapshot, now: dict[str, str]) -> list[str]:
    then = dict(snapshot.manifest["inputs"])
    return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def _broken_pack(snapshot: Snapshot) -> list[str]:
    """Return the files of the assurance pack that do not hash to what its manifest says."""
    path = snapshot.folder / PACK
    if not path.is_file():
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            told = json.loads(archive.read(MANIFEST))["files"]
            held = set(archive.namelist())
            return [
                f"{PACK}/{name}"
                for name, digest in told.items()
                if name not in held or hashlib.sha256(archive.read(name)).hexdigest() != digest
            ]
    except (zipfile.BadZipFile, KeyError, ValueError):
        return [PACK]
