"""Starting from a bundled site."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from optimiser.errors import UsageError
from optimiser.workflow.init import init_site


def test_a_bundled_site_is_copied_whole(tmp_path: Path) -> None:
    """The copy has the documents, the tables and the schemas an editor needs."""
    made = init_site(tmp_path / "mine", site="small")
    assert {"site.yaml", "study.yaml", "hosts.csv", "schemas/site.schema.json"} <= set(made.files)
    for name in ("site", "study"):
        first = (made.folder / f"{name}.yaml").read_text().splitlines()[0]
        schema = first.removeprefix("# yaml-language-server: $schema=")
        assert (made.folder / schema).is_file()


def test_the_copy_tells_its_own_hashes(tmp_path: Path) -> None:
    """``dataset.yaml`` of the copy states the hash of every file as it lies there."""
    folder = init_site(tmp_path / "mine", site="small").folder
    files = YAML(typ="safe").load(folder / "dataset.yaml")["files"]
    for name, entry in files.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert entry["sha256"] == digest, name


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    """A folder with content is refused, and an empty one is used."""
    (tmp_path / "empty").mkdir()
    assert init_site(tmp_path / "empty", site="small").folder.is_dir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(UsageError, match="exists"):
            init_site(tmp_path / "full", site="small", force=force)
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years of work"


def test_force_replaces_a_site_and_keeps_its_runs(tmp_path: Path) -> None:
    """With force the site is fresh again and the runs are still there."""
    folder = init_site(tmp_path / "mine", site="small").folder
    (folder / "runs").mkdir()
    (folder / "runs" / "note.txt").write_text("kept")
    (folder / "hosts.csv").write_text("broken")
    init_site(folder, site="small", force=True)
    assert (folder / "hosts.csv").read_text().startswith("name,rack,card")
    assert (folder / "runs" / "note.txt").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_unknown_site_names_the_nearest(tmp_path: Path) -> None:
    """A mistyped site is answered with the one that was meant."""
    with pytest.raises(UsageError, match="did you mean 'small'"):
        init_site(tmp_path / "mine", site="smal")
