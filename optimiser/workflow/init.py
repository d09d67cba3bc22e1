"""Start from a bundled site."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from optimiser.connect.sitefolder import SCHEMAS, refuse_in_the_way, replace_site
from optimiser.errors import UsageError, did_you_mean
from optimiser.library.catalogue import list_sites
from optimiser.schema.export import write_schemas
from optimiser.store.atomic import draft_folder

_MODELINE = "# yaml-language-server: $schema="


@dataclass(frozen=True)
class NewSite:
    """A site folder that was made."""

    folder: Path
    site: str
    title: str
    files: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return {
            "folder": str(self.folder),
            "site": self.site,
            "title": self.title,
            "files": list(self.files),
        }


def init_site(folder: Path, site: str = "demo", *, force: bool = False) -> NewSite:
    """Copy a bundled site to ``folder``, with the schemas that let an editor complete it.

    The folder appears whole or not at all. Raises ``UsageError`` for an unknown site or when
    ``folder`` is in the way; with ``force`` a site there is replaced and keeps its ``runs/``.
    """
    folder = Path(folder)
    entries = {entry.name: entry for entry in list_sites()}
    if site not in entries:
        near = did_you_mean(site, entries) or f"the bundled sites are {', '.join(entries)}"
        raise UsageError(f"there is no bundled site {site!r}", near)
    refuse_in_the_way(folder, force)
    with draft_folder(folder.parent) as draft:
        whole = draft / "site"
        shutil.copytree(entries[site].path, whole, copy_function=shutil.copyfile)
        write_schemas(whole / SCHEMAS)
        for name in ("site", "study", "reporting"):
            _point_at_schema(whole / f"{name}.yaml", f"{SCHEMAS}/{name}.schema.json")
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        replace_site(whole, folder)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    kept = tuple(name for name in files if not name.startswith("runs/"))
    return NewSite(folder, site, entries[site].title, kept)


def _point_at_schema(path: Path, schema: str) -> None:
    """Make the first line of a YAML file name its schema, relative to the file."""
    if not path.is_file():
        return
    old = path.read_bytes()
    lines = old.decode("utf-8").splitlines(keepends=True)
    rest = lines[1:] if lines and lines[0].startswith(_MODELINE) else lines
    new = "".join([f"{_MODELINE}{schema}\n", *rest]).encode()
    path.write_bytes(new)
    _restate(path.parent / "dataset.yaml", old, new)


def _restate(dataset: Path, old: bytes, new: bytes) -> None:
    """Let ``dataset.yaml`` tell the size and hash that a file has now."""
    if dataset.is_file():
        told, tells = (
            f"bytes: {len(data)}\n    sha256: {hashlib.sha256(data).hexdigest()}"
            for data in (old, new)
        )
        text = dataset.read_text(encoding="utf-8").replace(told, tells)
        dataset.write_text(text, encoding="utf-8", newline="\n")
