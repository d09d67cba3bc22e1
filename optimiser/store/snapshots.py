"""Snapshots of a disclosure: ``SITE/reports/2026/v1``, written once and never changed.

A snapshot holds ``manifest.json`` (what it was made from, the SHA-256 of every other file) and
``run.json`` (who, when, with which call). Only the latter knows the clock, and nothing else
depends on it, so that two runs over the same inputs give the same bytes. A draft, which every run
replaces, has the same form.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimiser.errors import InputError, Problem, UsageError, did_you_mean
from optimiser.store.atomic import draft_folder, publish
from optimiser.store.canonical import canonical_json
from optimiser.store.manifest import MANIFEST, hash_of

RUN = "run.json"
DRAFT = "draft"
REPORTS = "reports"
SCHEMA = "dcopt.disclosure-manifest/1"
_VERSION = re.compile(r"v([1-9]\d*)")
_READ_ONLY, _READABLE = 0o444, 0o644


@dataclass(frozen=True)
class Snapshot:
    """A stored disclosure: its folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def version(self) -> int | None:
        """Number of the version, ``None`` for a draft."""
        found = _VERSION.fullmatch(self.folder.name)
        return int(found[1]) if found else None

    @property
    def digest(self) -> str:
        """Digest of all figures, as it stands on every page."""
        return str(self.manifest["digest"])

    @property
    def outputs(self) -> dict[str, str]:
        """SHA-256 of each file by name."""
        return dict(self.manifest["outputs"])

    def changed_files(self) -> list[str]:
        """Return the files that are missing or no longer hash to what was written."""
        return [name for name, digest in self.outputs.items() if not self._is(name, digest)]

    def document(self) -> dict[str, Any]:
        """Read the canonical JSON. Raises ``InputError`` when it is missing or damaged."""
        return _read_json(self.folder / "disclosure.json")

    def _is(self, name: str, digest: str) -> bool:
        path = self.folder / name
        return path.is_file() and hash_of(path) == digest


def period_folder(site: Path, period: str) -> Path:
    """Return the folder of a period's snapshots."""
    return site / REPORTS / re.sub(r"[^\w.+-]", "-", period)


def snapshots(folder: Path) -> list[Snapshot]:
    """Return the frozen versions of a period, oldest first."""
    found = [path for path in folder.glob("v*") if _VERSION.fullmatch(path.name)]
    complete = [path for path in found if (path / MANIFEST).is_file()]
    return [read_snapshot(path) for path in sorted(complete, key=lambda p: int(p.name[1:]))]


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot. Raises ``InputError`` when there is none or its manifest is damaged."""
    if not (folder / MANIFEST).is_file():
        raise InputError(_no_snapshot(folder))
    manifest = _read_json(folder / MANIFEST)
    if manifest.get("schema") != SCHEMA or not isinstance(manifest.get("outputs"), dict):
        problem = Problem("is no manifest of a disclosure", str(folder / MANIFEST))
        raise InputError(problem)
    return Snapshot(folder, manifest)


def write_version(
    folder: Path, number: int, files: Mapping[str, bytes], facts: Mapping[str, Any],
    run: Mapping[str, Any],
) -> Snapshot:  # fmt: skip
    """Write version ``number`` once: whole, read-only, or not at all.

    Raises ``UsageError`` when that version exists already.
    """
    target = folder / f"v{number}"
    with draft_folder(folder) as draft:
        _write(draft, files, facts, run, _READ_ONLY)
        if target.exists() or publish(draft, target) != target:
            raise UsageError(
                f"{target} was written by another call",
                "look at it first; freeze again only if its figures must be corrected",
            )
    return read_snapshot(target)


def write_draft(
    folder: Path, files: Mapping[str, bytes], facts: Mapping[str, Any], run: Mapping[str, Any]
) -> Snapshot:
    """Replace a draft folder: the old one stays until the new one is whole.

    Raises ``UsageError`` when ``folder`` holds anything but a draft.
    """
    _refuse_other(folder)
    with draft_folder(folder.parent) as draft:
        _write(draft, files, facts, run, _READABLE)
        old = draft.with_name(f"{draft.name}-old")
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        publish(draft, folder)
        shutil.rmtree(old, ignore_errors=True)
    return read_snapshot(folder)


def manifest_of(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest: the facts and the SHA-256 of every file."""
    outputs = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return {**facts, "schema": SCHEMA, "outputs": outputs}


def _write(
    draft: Path, files: Mapping[str, bytes], facts: Mapping[str, Any], run: Mapping[str, Any],
    mode: int,
) -> None:  # fmt: skip
    own = {
        MANIFEST: canonical_json(manifest_of(files, facts)),
        RUN: canonical_json(dict(run)),
    }
    for name, data in {**files, **own}.items():
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)


def _refuse_other(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    is_ours = (folder / MANIFEST).is_file() and (folder / RUN).is_file()
    if not is_ours or _VERSION.fullmatch(folder.name):
        raise UsageError(
            f"{folder} exists and is no draft of a report, so it is not replaced",
            "name another folder with --output",
        )


def _no_snapshot(folder: Path) -> Problem:
    parent = folder.parent
    known = [path.parent.name for path in parent.glob(f"*/{MANIFEST}")] if parent.is_dir() else []
    near = did_you_mean(folder.name, known)
    others = f"there are {', '.join(sorted(known))}" if known else None
    return Problem(
        what="is no snapshot of a report" if folder.exists() else "does not exist",
        file=str(folder),
        expected=f"a folder with {MANIFEST}, such as SITE/{REPORTS}/2026/v1",
        remedy=near or others or "make one: dcopt report SITE --period 2026 --freeze",
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(Problem(f"cannot be read: {error}", str(path))) from None
    if not isinstance(data, dict):
        raise InputError(Problem("is damaged: not a JSON object", str(path)))
    return data
