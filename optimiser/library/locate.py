"""Where the library content is: ``models/`` and ``datasets/``, in a wheel or a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from optimiser.errors import MissingError

VARIABLE = "OPTIMISER_LIBRARY"
_PACKAGE = Path(__file__).resolve().parent.parent


def library_root() -> Path:
    """Return the folder that holds ``models/`` and ``datasets/``.

    The environment variable ``OPTIMISER_LIBRARY`` wins when it is set, then the folder
    ``_library`` of the installed package, then the checkout around the package.

    Raises ``MissingError`` naming all three places. A variable that points nowhere is an error
    too: falling back would answer with other equipment than the person asked for.
    """
    chosen = os.environ.get(VARIABLE)
    places = [Path(chosen).expanduser()] if chosen else [_PACKAGE / "_library", _PACKAGE.parent]
    for place in places:
        if (place / "models" / "equipment").is_dir():
            return place
    raise MissingError(
        "the library of equipment and sites was not found: "
        f"{VARIABLE} is {repr(chosen) if chosen else 'not set'}, "
        f"the installed package has {_state(_PACKAGE / '_library')}, "
        f"the checkout has {_state(_PACKAGE.parent)}",
        remedy=f"install dc-optimiser again, or set {VARIABLE} to a folder with models/equipment",
    )


def _state(folder: Path) -> str:
    found = (folder / "models" / "equipment").is_dir()
    return f"{'a' if found else 'no'} models/equipment in {folder}"


def library_path(*parts: str) -> Path:
    """Return a path below the library root, such as ``library_path("models", "sites")``."""
    return library_root().joinpath(*parts)
