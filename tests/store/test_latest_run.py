"""``runs/latest`` and what a person may call a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from optimiser.errors import InputError
from optimiser.store.atomic import draft_folder, publish
from optimiser.store.latest import (
    LATEST,
    complete_runs,
    point_latest,
    read_latest,
    resolve_run,
)
from optimiser.store.manifest import MANIFEST


def make_run(runs: Path, name: str) -> Path:
    run = runs / name
    run.mkdir(parents=True)
    (run / MANIFEST).write_text("{}")
    return run


def test_latest_points_at_the_newest_run(tmp_path: Path) -> None:
    """The pointer follows the newest run and is relative, so a site can be moved."""
    runs = tmp_path / "site" / "runs"
    make_run(runs, "2026-01-01T00-00-00Z-plan-a")
    newest = make_run(runs, "2026-01-02T00-00-00Z-plan-b")
    point_latest(runs)
    assert read_latest(runs) == newest.name
    (tmp_path / "site").rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "runs"
    assert resolve_run(moved / LATEST).samefile(moved / newest.name)


def test_a_late_older_run_does_not_take_the_pointer(tmp_path: Path) -> None:
    """A run that started earlier and ends later leaves the pointer at the newer one."""
    make_run(tmp_path, "2026-01-02T00-00-00Z-plan-b")
    point_latest(tmp_path)
    make_run(tmp_path, "2026-01-01T00-00-00Z-plan-a")
    point_latest(tmp_path)
    assert read_latest(tmp_path) == "2026-01-02T00-00-00Z-plan-b"


def test_a_file_stands_in_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without symbolic links the pointer is a file with the name, and is understood."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("links are not supported here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    run = make_run(tmp_path, "2026-01-01T00-00-00Z-plan-a")
    point_latest(tmp_path)
    assert (tmp_path / LATEST).read_text() == "2026-01-01T00-00-00Z-plan-a\n"
    assert resolve_run(tmp_path / LATEST) == run


@pytest.mark.parametrize("said", [".", "runs", "runs/latest", "runs/2026-01-01T00-00-00Z-plan-a"])
def test_a_site_stands_for_its_newest_run(tmp_path: Path, said: str) -> None:
    """A site folder, its ``runs`` and ``runs/latest`` all mean the newest run."""
    run = make_run(tmp_path / "runs", "2026-01-01T00-00-00Z-plan-a")
    point_latest(tmp_path / "runs")
    assert resolve_run(tmp_path / said).samefile(run)


def test_an_unknown_run_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    """A mistyped run names the nearest one that is there."""
    make_run(tmp_path, "2026-01-01T00-00-00Z-plan-a")
    with pytest.raises(InputError, match="did you mean '2026-01-01T00-00-00Z-plan-a'"):
        resolve_run(tmp_path / "2026-01-01T00-00-00Z-plan-b")


def test_a_site_without_runs_is_told_to_plan(tmp_path: Path) -> None:
    """A site that was never planned is answered with the command that plans it."""
    with pytest.raises(InputError, match="dcopt plan SITE"):
        resolve_run(tmp_path)


def test_runs_that_end_at_once_all_stay_and_the_newest_is_latest(tmp_path: Path) -> None:
    """Twelve runs published side by side are all complete, and the pointer ends at the newest."""
    names = [f"2026-01-{day:02d}T00-00-00Z-plan-x" for day in range(1, 13)]

    def write(name: str) -> None:
        with draft_folder(tmp_path) as draft:
            (draft / MANIFEST).write_text("{}")
            publish(draft, tmp_path / name)
        point_latest(tmp_path)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, names[6:] + names[:6]))
    assert [run.name for run in complete_runs(tmp_path)] == names
    assert read_latest(tmp_path) == names[-1]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
