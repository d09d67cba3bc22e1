"""Bytes and text of input files, with clear words when a file cannot be read."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from optimiser.errors import InputError, Problem

_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
# how files begin that are no text at all: what they are, what to do
_KINDS = {
    b"PK\x03\x04": ("a spreadsheet or a zip archive", "export the sheet as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": ("an old Excel file", "export the sheet as CSV UTF-8"),
    b"PAR1": ("a Parquet file", "give its name the ending .parquet"),
    b"\x1f\x8b": ("compressed", "unpack it"),
}
_LIKE = 0.75


@dataclass(frozen=True)
class SourceFile:
    """A file as it was read: ``text`` without byte-order mark and the SHA-256 of its bytes."""

    path: Path
    text: str
    sha256: str


def read_text(path: Path) -> SourceFile:
    """Read a UTF-8 file. Raises ``InputError`` naming the file, and the line of a bad byte."""
    raw = read_bytes(path)
    return SourceFile(path, _decode(raw, path), hashlib.sha256(raw).hexdigest())


def read_bytes(path: Path) -> bytes:
    """Read a file. Raises ``InputError`` when it is missing, a folder or not readable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(missing_file(path)) from None
    except (IsADirectoryError, NotADirectoryError):
        remedy = "move the folder away, or correct the path"
        raise InputError(_problem(path, "is a folder where a file is needed", remedy)) from None
    except PermissionError:
        remedy = "give yourself the right to read it (chmod u+r)"
        raise InputError(_problem(path, "may not be read by you", remedy)) from None
    except (OSError, ValueError) as error:
        raise InputError(_problem(path, f"cannot be read: {error}")) from None


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, read in blocks. Raises ``InputError`` as reading does."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return hashlib.sha256(read_bytes(path)).hexdigest()


def missing_file(path: Path) -> Problem:
    """Return the problem of a file that is not there, with the nearest name beside it."""
    if not path.parent.is_dir():
        return _problem(path, "does not exist", f"there is no folder {path.parent} either")
    near = _like(path.stem, {entry.stem.lower(): entry.name for entry in path.parent.iterdir()})
    remedy = f"did you mean '{near}'?" if near else "create it, or correct the path"
    return _problem(path, "does not exist", remedy)


def _like(stem: str, names: dict[str, str]) -> str | None:
    """Return the file whose name without ending is like ``stem``; endings are alike anyway."""
    near = difflib.get_close_matches(stem.lower(), sorted(names), n=1, cutoff=_LIKE)
    return names[near[0]] if near else None


def _problem(path: Path, what: str, remedy: str | None = None) -> Problem:
    return Problem(what=what, file=str(path), remedy=remedy)


def _decode(raw: bytes, path: Path) -> str:
    for start, (kind, remedy) in _KINDS.items():
        if raw.startswith(start):
            raise InputError(_problem(path, f"is {kind}, not text", remedy))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = _BYTE_ORDER_MARKS.get(raw[:2])
        what = f"is {found} text" if found else "is not UTF-8 text"
        line = None if found else raw.count(b"\n", 0, error.start) + 1
        value = None if found else f"byte 0x{raw[error.start]:02x}"
        problem = Problem(
            what=what,
            file=str(path),
            line=line,
            value=value,
            expected="UTF-8",
            remedy="save the file as UTF-8 (in Excel: CSV UTF-8)",
        )
        raise InputError(problem) from None
