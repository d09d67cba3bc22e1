"""Where the public data is that benchmarks read."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.outcome import UnavailableError


def shared_data(name: str) -> Path:
    """Return a folder of the public data; raise ``UnavailableError`` with the reason without it."""
    home = Path(os.environ.get("DCOPT_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (home / name).is_dir():
        raise UnavailableError(f"public data not found: {name}; set DCOPT_SHARED_DATA")
    return home / name
