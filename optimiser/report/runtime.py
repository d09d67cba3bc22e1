"""The chart library as one script, made once per installation and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

FOLDER = "dcopt"


@cache
def chart_runtime() -> str:
    """Return Vega, Vega-Lite and their embedder as one script.

    Bundling takes two seconds, so the script is kept under ``XDG_CACHE_HOME`` (``~/.cache``) and
    read from there while the versions stay the same and its digest is right.
    """
    kept = _folder() / f"charts-{_versions()}.js"
    with suppress(OSError, UnicodeDecodeError):
        digest, _, script = kept.read_text(encoding="utf-8").partition("\n")
        if digest == _digest(script):
            return script
    script = _bundle()
    with suppress(OSError):  # without a cache the next report takes longer
        _keep(kept, f"{_digest(script)}\n{script}")
    return script


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / FOLDER


def _versions() -> str:
    return "-".join(metadata.version(name) for name in ("vl-convert-python", "altair"))


def _digest(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()


def _bundle() -> str:
    import altair
    import vl_convert

    wanted = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    known = vl_convert.get_vegalite_versions()
    # The stub of this function wrongly requires a snippet, so the options go as a dictionary.
    options: dict[str, Any] = {"vl_version": wanted if wanted in known else None}
    return vl_convert.javascript_bundle(**options)


def _keep(path: Path, text: str) -> None:
    """Write the file whole or not at all: several runs may do so at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
