"""Snapshots are whole, read-only, numbered, and tell when they were touched."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from optimiser.errors import InputError, UsageError
from optimiser.store.snapshots import (
    period_folder,
    read_snapshot,
    snapshots,
    write_draft,
    write_version,
)

FILES = {"disclosure.json": b"{}\n", "csv/a.csv": b"x\n"}
FACTS = {"digest": "d" * 64, "site": "demo"}


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of a period."""
    return period_folder(tmp_path, "2026-01-01..2026-06-30")


def test_a_version_is_written_once_and_read_only(folder):
    """The same number is refused the second time, and files can not be written."""
    first = write_version(folder, 1, FILES, FACTS, {"started": "now"})
    assert first.version == 1 and first.changed_files() == []
    assert stat.S_IMODE((first.folder / "disclosure.json").stat().st_mode) == 0o444
    with pytest.raises(UsageError, match="another call"):
        write_version(folder, 1, FILES, FACTS, {})
    assert [path.name for path in folder.iterdir()] == ["v1"]


def test_versions_are_ordered_by_number(folder):
    """Version 10 comes after version 9, and drafts are no versions."""
    for number in (10, 9, 1):
        write_version(folder, number, FILES, FACTS, {})
    write_draft(folder / "draft", FILES, FACTS, {})
    assert [snapshot.version for snapshot in snapshots(folder)] == [1, 9, 10]


def test_touched_files_are_named(folder):
    """A changed and a missing file no longer hash to what the manifest says."""
    made = write_version(folder, 1, FILES, FACTS, {})
    for name in FILES:
        (made.folder / name).chmod(0o644)
    (made.folder / "disclosure.json").write_bytes(b"{ }\n")
    (made.folder / "csv/a.csv").unlink()
    assert read_snapshot(made.folder).changed_files() == ["csv/a.csv", "disclosure.json"]


def test_the_clock_stands_in_one_file_only(folder):
    """Two runs at different times differ in run.json and in nothing else."""
    made = [write_version(folder, n, FILES, FACTS, {"started": str(n)}) for n in (1, 2)]
    names = sorted(p.relative_to(made[0].folder) for p in made[0].folder.rglob("*") if p.is_file())
    differ = [
        str(name)
        for name in names
        if (made[0].folder / name).read_bytes() != (made[1].folder / name).read_bytes()
    ]
    assert differ == ["run.json"]


def test_a_draft_is_replaced_and_nothing_else_is(folder, tmp_path):
    """A folder with other things in it is left alone."""
    write_draft(folder / "draft", FILES, FACTS, {})
    write_draft(folder / "draft", {"disclosure.json": b"2"}, FACTS, {})
    assert not (folder / "draft/csv").exists()
    assert [path.name for path in folder.iterdir()] == ["draft"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "precious.txt").write_text("keep")
    for place in (mine, write_version(folder, 1, FILES, FACTS, {}).folder):
        with pytest.raises(UsageError, match="not replaced"):
            write_draft(place, FILES, FACTS, {})
    assert (mine / "precious.txt").read_text() == "keep"


def test_a_wrong_place_gets_the_near_name(folder):
    """A missing version is answered with those that exist."""
    write_version(folder, 1, FILES, FACTS, {})
    with pytest.raises(InputError, match="does not exist"):
        read_snapshot(folder / "v7")
    (folder / "v1/manifest.json").chmod(0o644)
    (folder / "v1/manifest.json").write_text(json.dumps({"schema": "else"}))
    with pytest.raises(InputError, match="no manifest"):
        read_snapshot(folder / "v1")
