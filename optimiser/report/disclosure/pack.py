"""The assurance pack: one zip whose bytes depend on its content only."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_MOMENT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


def to_zip(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files by name, sorted, with a fixed date and mode."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3
            archive.writestr(entry, files[name], compresslevel=6)
    return stream.getvalue()
