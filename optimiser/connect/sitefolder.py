"""Write a site folder: ``site.yaml``, its tables, a study and where everything comes from.

The folder appears whole or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.connect.yamltext import render, to_plain
from optimiser.errors import UsageError
from optimiser.schema.export import write_schemas
from optimiser.schema.reporting import Reporting
from optimiser.schema.site import Resource, Site
from optimiser.schema.study import Study
from optimiser.schema.tables import TABLES, Column

if TYPE_CHECKING:
    import pandas as pd

SCHEMAS = "schemas"
DATASET_FORMAT = "dcopt.dataset/1"


@dataclass(frozen=True)
class Provenance:
    """What ``dataset.yaml`` tells about a folder."""

    title: str
    origin: str
    licence: str
    how: str
    time_zone: str = "UTC"
    resolution: str = "static"


@dataclass(frozen=True)
class SiteFolder:
    """Everything that goes into one site folder."""

    site: Site
    tables: Mapping[str, pd.DataFrame]
    """File name (``hosts.csv``) -> table, written in the given column and row order."""
    provenance: Provenance
    study: Study | None = None
    site_head: Sequence[str] = ()
    """Comment lines, without ``#``, at the top of ``site.yaml``."""
    site_comments: Mapping[str, str] = field(default_factory=dict)
    study_comments: Mapping[str, str] = field(default_factory=dict)
    reporting: Reporting | None = None
    reporting_comments: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Meanings of the columns of files that have no table specification, by file and column."""
    with_schemas: bool = True
    """Put JSON Schemas in ``schemas/`` and name them in the YAML, so that editors complete it."""


def write_site(folder: SiteFolder, target: Path, *, force: bool = False) -> Path:
    """Write ``folder`` to ``target`` and return ``target``.

    An existing ``target`` is refused; with ``force`` a folder that holds a ``site.yaml`` is
    replaced and keeps its ``runs/``. Nothing of an old folder is lost when writing fails.

    Raises ``UsageError`` when ``target`` is in the way.
    """
    target = Path(target)
    refuse_in_the_way(target, force)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        draft.chmod(0o755)
        _write_files(folder, draft)
        replace_site(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet or, by default, as UTF-8 CSV with ``\\n`` line ends, so that the
    same table gives the same bytes on every system."""
    if path.suffix != ".parquet":
        table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
        return
    import duckdb

    with duckdb.connect() as connection:
        connection.register("source", table)
        connection.table("source").write_parquet(str(path), compression="zstd")


def table_columns(path: Path) -> list[str]:
    """Return the column names of a CSV or Parquet file."""
    if path.suffix != ".parquet":
        with path.open(encoding="utf-8") as stream:
            return stream.readline().strip().split(",")
    import duckdb

    with duckdb.connect() as connection:
        return list(connection.read_parquet(str(path)).columns)


def write_provenance(
    provenance: Provenance,
    folder: Path,
    resources: Sequence[Resource] = (),
    columns: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write ``dataset.yaml`` with the size and SHA-256 of every other file of ``folder``.

    Columns are described by the table specifications; ``resources`` name those of the site,
    ``columns`` gives the meanings of those of further files, by file and column.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    plain: dict[str, Any] = {
        "format": DATASET_FORMAT,
        "title": provenance.title,
        "origin": provenance.origin,
        "licence": provenance.licence,
        "how": provenance.how,
        "time_zone": provenance.time_zone,
        "resolution": provenance.resolution,
        "files": {
            name: _file_entry(folder / name, resources, (columns or {}).get(name))
            for name in names
            if name != "dataset.yaml"
        },
    }
    _write_text(folder / "dataset.yaml", render(plain, {}, ()))


def _file_entry(
    path: Path, resources: Sequence[Resource], columns: Mapping[str, str] | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    spec = TABLES.get(path.stem)
    if columns is not None:
        entry["columns"] = dict(columns)
    elif spec is not None:
        found = table_columns(path)
        known = spec.with_resources(resources).columns
        entry["columns"] = {c.name: meaning(c) for c in known if c.name in found}
    return entry


def meaning(column: Column) -> str:
    """Return what a column means, with its unit."""
    return f"{column.description} [{column.unit}]" if column.unit else column.description


def _write_files(folder: SiteFolder, draft: Path) -> None:
    site = to_plain(folder.site)
    head = [f"# {line}".rstrip() for line in folder.site_head]
    text = render(site, folder.site_comments, [*_modeline(folder, "site"), *head])
    _write_text(draft / "site.yaml", text)
    if folder.study is not None:
        plain = to_plain(folder.study)
        study = render(plain, folder.study_comments, _modeline(folder, "study"))
        _write_text(draft / "study.yaml", study)
    if folder.reporting is not None:
        plain = to_plain(folder.reporting)
        text = render(plain, folder.reporting_comments, _modeline(folder, "reporting"))
        _write_text(draft / "reporting.yaml", text)
    for name, table in folder.tables.items():
        write_table(table, draft / name)
    write_provenance(folder.provenance, draft, folder.site.resources, folder.columns)
    if folder.with_schemas:
        write_schemas(draft / SCHEMAS)


def _modeline(folder: SiteFolder, document: str) -> list[str]:
    schema = f"# yaml-language-server: $schema={SCHEMAS}/{document}.schema.json"
    return [schema] if folder.with_schemas else []


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def refuse_in_the_way(target: Path, force: bool) -> None:
    """Raise ``UsageError`` when ``target`` exists and may not be replaced by a site folder."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not force:
        raise UsageError(f"{target} exists already", "choose another folder or add --force")
    if not (target / "site.yaml").is_file():
        raise UsageError(
            f"{target} exists and is no site folder (no site.yaml in it)",
            "choose another folder; --force replaces site folders only",
        )


def replace_site(draft: Path, target: Path) -> None:
    """Rename ``draft`` to ``target``; the ``runs/`` of an old site there are kept."""
    if not target.exists():
        draft.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent)) / "site"
    target.replace(old)
    try:
        if (old / "runs").is_dir():
            (old / "runs").replace(draft / "runs")
        draft.replace(target)
    except OSError:
        if (draft / "runs").is_dir():
            (draft / "runs").replace(old / "runs")
        old.replace(target)
        old.parent.rmdir()
        raise
    shutil.rmtree(old.parent, ignore_errors=True)
