"""The page as PDF, printed by a Chromium that is on the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from optimiser.errors import MissingError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TIMEOUT_S = 180.0
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)(\d{14})")
_FIXED_DATE = b"20000101000000"


def find_chromium() -> str | None:
    """Return the program named by ``CHROMIUM``, or the first browser on the path."""
    wanted = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [wanted] if wanted else NAMES)), None)


def to_pdf(page: bytes) -> bytes:
    """Print a page; dates inside the file are set to a fixed one, so that bytes repeat.

    Another version of the browser may set the page in other bytes. Raises ``MissingError`` when
    there is no browser or it fails.
    """
    browser = find_chromium()
    if browser is None:
        raise MissingError(
            "no Chromium was found to print the PDF",
            "install one, name it in CHROMIUM, or leave pdf out of --format",
        )
    with tempfile.TemporaryDirectory(prefix="dcopt-pdf-") as name:
        folder = Path(name)
        (folder / "page.html").write_bytes(page)
        _print(browser, folder)
        made = (folder / "page.pdf").read_bytes()
    return _DATE.sub(rb"\g<1>" + _FIXED_DATE, made)


def _print(browser: str, folder: Path) -> None:
    call = [
        browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--no-pdf-header-footer",
        f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'page.pdf'}",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        call.append("--no-sandbox")  # Chromium refuses its sandbox to root
    try:
        done = subprocess.run(
            [*call, (folder / "page.html").as_uri()],
            capture_output=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(
            f"the PDF was not printed: {error}", "leave pdf out of --format"
        ) from None
    if not (folder / "page.pdf").is_file():
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        told = last[0] if last else f"exit code {done.returncode}"
        raise MissingError(f"the PDF was not printed: {told}", "leave pdf out of --format")
