"""Who made a report, and with which program, down to its source."""

from __future__ import annotations

import getpass
import hashlib
import subprocess
from functools import cache
from pathlib import Path

import optimiser


def operator_name() -> str:
    """Return the name of the account, or ``unknown``."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


@cache
def code_version() -> dict[str, str | None]:
    """Return the SHA-256 over all modules of the package, and the commit of a checkout."""
    root = Path(optimiser.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return {"sha256": digest.hexdigest(), "commit": _commit(root.parent)}


def _commit(checkout: Path) -> str | None:
    if not (checkout / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), "rev-parse", "HEAD"],
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
