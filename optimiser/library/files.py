"""Bytes and text of input files, with clear words when a file cannot be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from optimiser.errors import InputError, Problem, did_you_mean

_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


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
        raise InputError(_problem(path, "is a folder where a file is needed")) from None
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
    names = [entry.name for entry in path.parent.iterdir()]
    near = did_you_mean(path.name, names)
    return _problem(path, "does not exist", near or "create it, or correct the path")


def _problem(path: Path, what: str, remedy: str | None = None) -> Problem:
    return Problem(what=what, file=str(path), remedy=remedy)


def _decode(raw: bytes, path: Path) -> str:
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
