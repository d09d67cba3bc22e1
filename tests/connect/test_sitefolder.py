"""Site folders are written whole, read back equal, and never destroy what is there."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from optimiser.connect import sitefolder
from optimiser.connect.sitefolder import (
    Provenance,
    SiteFolder,
    sha256_of,
    table_columns,
    write_site,
    write_table,
)
from optimiser.errors import UsageError
from optimiser.library.site import read_study
from optimiser.schema.site import Site
from optimiser.schema.study import Study

PROVENANCE = Provenance("Tiny", "invented", "Apache-2.0", "by hand, seed none")


@pytest.fixture
def tiny_folder() -> SiteFolder:
    site = Site.model_validate(
        {
            "name": "tiny",
            "tables": {"placement": None},
            "policies": [{"kind": "headroom", "name": "reserve", "fraction": 0.1}],
        }
    )
    tables = {
        "hosts.csv": pd.DataFrame(
            {"name": ["h1"], "rack": ["r1"], "card": ["lenovo-sr665"], "cpu": [1000]}
        ),
        "racks.csv": pd.DataFrame({"name": ["r1"]}),
        "workloads.csv": pd.DataFrame(
            {"name": ["w"], "service": ["s"], "cpu": [10], "memory": [20]}
        ),
    }
    study = Study.model_validate({"horizon": {"start": "2026-01-15T00:00", "hours": 2}})
    return SiteFolder(site, tables, PROVENANCE, study, site_head=("Hello.",))


def test_written_site_reads_back_equal(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """The library reads what was written as the same documents."""
    study, site_input = read_study(write_site(tiny_folder, tmp_path / "site"))
    assert site_input.site == tiny_folder.site
    assert study.horizon == tiny_folder.study.horizon


def test_site_names_a_schema_that_is_there(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """The first line tells editors where the schema is, relative to the file."""
    target = write_site(tiny_folder, tmp_path / "site")
    first = (target / "site.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (target / first.partition("=")[2]).is_file()


def test_dataset_lists_files_with_checksums(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """dataset.yaml carries bytes, checksum and the meaning of columns with their unit."""
    target = write_site(tiny_folder, tmp_path / "site")
    told = YAML(typ="safe").load(target / "dataset.yaml")
    assert told["files"]["hosts.csv"]["sha256"] == sha256_of(target / "hosts.csv")
    assert told["files"]["hosts.csv"]["columns"]["cpu"].endswith("[millicore]")


def test_existing_folder_is_refused(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """Without force an existing folder stays as it is."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        write_site(tiny_folder, tmp_path / "site")
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["mine.txt"]


def test_empty_folder_is_filled(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """An empty folder is no obstacle."""
    (tmp_path / "site").mkdir()
    assert (write_site(tiny_folder, tmp_path / "site") / "site.yaml").is_file()


def test_force_replaces_site_folders_only(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """Even with force a folder without site.yaml is not replaced."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(UsageError, match="no site folder"):
        write_site(tiny_folder, tmp_path / "home", force=True)
    assert (tmp_path / "home" / "letter.txt").is_file()


def test_force_keeps_runs(tiny_folder: SiteFolder, tmp_path: Path) -> None:
    """Replacing a site keeps its runs and drops its other old files."""
    target = write_site(tiny_folder, tmp_path / "site")
    (target / "runs").mkdir()
    (target / "runs" / "plan.json").write_text("{}", encoding="utf-8")
    (target / "old.csv").write_text("old", encoding="utf-8")
    write_site(tiny_folder, target, force=True)
    assert (target / "runs" / "plan.json").is_file()
    assert not (target / "old.csv").exists()


def test_failed_write_leaves_nothing(
    tiny_folder: SiteFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When writing fails half way there is no folder and no draft."""

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(sitefolder, "write_provenance", fail)
    with pytest.raises(OSError, match="disk full"):
        write_site(tiny_folder, tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_failed_replacement_restores_the_old_site(
    tiny_folder: SiteFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the new folder cannot take its place the old one is put back with its runs."""
    target = write_site(tiny_folder, tmp_path / "site")
    (target / "runs").mkdir()
    real = Path.replace

    def fail_once(path: Path, other: Path) -> Path:
        if path.name.startswith(".site-") and not path.name.startswith(".site-old"):
            raise OSError("no")
        return real(path, other)

    monkeypatch.setattr(Path, "replace", fail_once)
    with pytest.raises(OSError, match="no"):
        write_site(tiny_folder, target, force=True)
    assert (target / "site.yaml").is_file()
    assert (target / "runs").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_parquet_tables_round_trip(tmp_path: Path) -> None:
    """A table named .parquet is Parquet, and its columns can be listed."""
    import duckdb

    table = pd.DataFrame({"time": ["00:00", "01:00"], "cpu": [0.25, 1.0]})
    write_table(table, tmp_path / "demand.parquet")
    assert table_columns(tmp_path / "demand.parquet") == ["time", "cpu"]
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(tmp_path / "demand.parquet")).fetchall()
    assert rows == [("00:00", 0.25), ("01:00", 1.0)]
