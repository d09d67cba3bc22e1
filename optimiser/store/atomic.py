"""Files and folders that appear whole or not at all, also after a crash or on a full disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from optimiser.errors import MissingError

DRAFT_PREFIX = ".draft-"
STALE_AFTER_S = 86_400.0
"""Age after which a draft that a killed run left behind is removed [s]."""


@contextlib.contextmanager
def draft_folder(parent: Path) -> Iterator[Path]:
    """Give an empty folder in ``parent``; it is gone afterwards unless :func:`publish` moved it.

    Raises ``MissingError`` with the reason when the disk is full or may not be written.
    """
    with _told(parent):
        parent.mkdir(parents=True, exist_ok=True)
        _remove_stale_drafts(parent)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=parent))
        draft.chmod(0o755)
    try:
        with _told(parent):
            yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def publish(draft: Path, target: Path) -> Path:
    """Flush a draft to disk and rename it to ``target``, or ``target-2`` … when that is taken.

    Returns the name it got. Renaming never replaces a folder with content, so runs that end in
    the same second keep apart.
    """
    with _told(target.parent):
        _flush_tree(draft)
        for attempt in range(1, 1000):
            name = target if attempt == 1 else target.with_name(f"{target.name}-{attempt}")
            if name.exists():
                continue
            try:
                draft.rename(name)
            except OSError:
                if name.exists():
                    continue
                raise
            _flush_folder(target.parent)
            return name
    raise MissingError(f"no free name for {target}", "remove old runs")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file beside its place, flush it and rename it over ``path``."""
    with _told(path):
        handle, name = tempfile.mkstemp(prefix=DRAFT_PREFIX, dir=path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            draft.chmod(0o644)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _flush_folder(path.parent)


@contextlib.contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise MissingError(
            f"nothing was written to {place}: {reason}",
            "make room or choose a folder that you may write to; older runs are untouched",
        ) from error


def _flush_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    for path in (*(p for p in folder.rglob("*") if p.is_dir()), folder):
        _flush_folder(path)


def _flush_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows cannot open a folder; the rename is safe there
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_stale_drafts(parent: Path) -> None:
    for path in parent.glob(f"{DRAFT_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_AFTER_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
