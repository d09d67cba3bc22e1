"""Folders appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from optimiser.errors import MissingError
from optimiser.store import atomic
from optimiser.store.atomic import draft_folder, publish, write_atomically


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_published_draft_has_its_content_and_leaves_no_draft(tmp_path: Path) -> None:
    """A draft that is published is found under its name, and nothing else is left."""
    with draft_folder(tmp_path) as draft:
        (draft / "a.txt").write_text("a")
        made = publish(draft, tmp_path / "run")
    assert made == tmp_path / "run"
    assert (made / "a.txt").read_text() == "a"
    assert visible(tmp_path) == ["run"]


def test_a_failing_writer_leaves_nothing_behind(tmp_path: Path) -> None:
    """An error while writing removes the draft."""
    with pytest.raises(RuntimeError), draft_folder(tmp_path) as draft:
        (draft / "a.txt").write_text("a")
        raise RuntimeError("half way")
    assert visible(tmp_path) == []


def test_a_full_disk_is_told_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while flushing becomes a sentence with a remedy; older runs stay."""
    (tmp_path / "older").mkdir()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(MissingError, match="No space left"), draft_folder(tmp_path) as draft:
        (draft / "a.txt").write_text("a")
        publish(draft, tmp_path / "run")
    assert visible(tmp_path) == ["older"]


def test_runs_of_the_same_second_keep_apart(tmp_path: Path) -> None:
    """A name that is taken gets a number; the older folder is not touched."""
    names = []
    for text in ("one", "two", "three"):
        with draft_folder(tmp_path) as draft:
            (draft / "a.txt").write_text(text)
            names.append(publish(draft, tmp_path / "run"))
    assert [path.name for path in names] == ["run", "run-2", "run-3"]
    assert [(path / "a.txt").read_text() for path in names] == ["one", "two", "three"]


def test_a_killed_writer_leaves_no_half_run(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing leaves only a hidden draft, which a later run removes."""
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from optimiser.store.atomic import draft_folder
        with draft_folder(Path(sys.argv[1])) as draft:
            (draft / "a.txt").write_text("a")
            print("written", flush=True)
            time.sleep(60)
    """)
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    (left,) = visible(tmp_path)
    assert left.startswith(atomic.DRAFT_PREFIX)
    old = time.time() - 2 * atomic.STALE_AFTER_S
    os.utime(tmp_path / left, (old, old))
    with draft_folder(tmp_path) as draft:
        publish(draft, tmp_path / "run")
    assert visible(tmp_path) == ["run"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """A file is written over in one step and leaves no draft."""
    path = tmp_path / "a.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert visible(tmp_path) == ["a.json"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in the way of a folder is answered with a sentence, not a trace."""
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(MissingError, match="nothing was written"), draft_folder(tmp_path / "runs"):
        pass
