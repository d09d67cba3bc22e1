"""The files of a disclosure, in the formats that were asked for, and its assurance pack."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from optimiser.errors import UsageError, did_you_mean
from optimiser.report.disclosure.csv_form import long_csv, table_csv, table_name
from optimiser.report.disclosure.html_form import to_html
from optimiser.report.disclosure.json_form import digest_of, to_json
from optimiser.report.disclosure.pack import to_zip
from optimiser.report.disclosure.pages import boundary_page, sign_off_page
from optimiser.report.disclosure.pdf_form import find_chromium, to_pdf
from optimiser.report.disclosure.table import Disclosure
from optimiser.report.disclosure.xlsx_form import to_xlsx
from optimiser.store.canonical import canonical_json
from optimiser.store.manifest import MANIFEST
from optimiser.workflow.disclosure.material import Material

FORMATS = ("json", "csv", "html", "xlsx", "pdf")
DEFAULT_FORMATS = ("json", "csv", "html", "xlsx")
PACK = "assurance.zip"
NOT_RECOMPUTED = ("disclosure.pdf", PACK)
"""Files whose bytes depend on the browser that printed the page; their hash is checked."""


def check_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return formats in one order, JSON always among them.

    Raises ``UsageError`` for an unknown one and ``MissingError`` for pdf without a browser.
    """
    for name in formats:
        if name not in FORMATS:
            near = did_you_mean(name, FORMATS) or f"the formats are {', '.join(FORMATS)}"
            raise UsageError(f"there is no format {name!r}", near)
    if "pdf" in formats and find_chromium() is None:
        to_pdf(b"")  # says what is missing before anything is computed
    return tuple(name for name in FORMATS if name in (*formats, "json"))


def files_of(disclosure: Disclosure, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the files by name; the same disclosure gives the same bytes."""
    writers: dict[str, Callable[[], dict[str, bytes]]] = {
        "json": lambda: {"disclosure.json": to_json(disclosure)},
        "csv": lambda: _csv_files(disclosure),
        "html": lambda: {"disclosure.html": to_html(disclosure)},
        "xlsx": lambda: {"disclosure.xlsx": to_xlsx(disclosure)},
        "pdf": lambda: {"disclosure.pdf": to_pdf(to_html(disclosure))},
    }
    found: dict[str, bytes] = {}
    for name in FORMATS:
        if name in formats:
            found |= writers[name]()
    return found


def with_pack(
    files: Mapping[str, bytes], disclosure: Disclosure, material: Material,
    signers: tuple[str, str],
) -> dict[str, bytes]:  # fmt: skip
    """Return the files with the assurance pack added.

    The pack holds them all, the documents they were made from, the boundary statement, the sign-off
    page, and a manifest with the SHA-256 of each. ``signers`` are preparer and reviewer.
    """
    digest = digest_of(disclosure)
    held = {
        **files,
        **{f"sources/{name}": data for name, data in material.texts.items()},
        "boundary.html": boundary_page(disclosure, digest),
        "sign-off.html": sign_off_page(disclosure, digest, *signers),
    }
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in held.items()}
    manifest = {
        "schema": "dcopt.assurance-pack/1",
        "digest": digest,
        "site": disclosure.site,
        "period": disclosure.period,
        "edition": dict(disclosure.edition),
        "inputs": dict(material.files),
        "files": hashes,
    }
    return {**files, PACK: to_zip({**held, MANIFEST: canonical_json(manifest)})}


def _csv_files(disclosure: Disclosure) -> dict[str, bytes]:
    tables = {table_name(table): table_csv(table) for table in disclosure.tables}
    return {"datapoints.csv": long_csv(disclosure), **tables}
