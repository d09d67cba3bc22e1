"""The command ``dcopt``: parse, call one workflow function, print.

This module stays light: whatever takes time to import is imported inside a verb.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code.

    What goes wrong while objects are thrown away after an interrupt is nobody's concern but that of
    ``--debug``; Python would show a trace of it. xarray would load Dask wherever that is installed,
    only to find that none of our arrays are its; so Dask is out of sight until a cluster is used.
    """
    import sys

    if "xarray" not in sys.modules:  # otherwise it has looked for Dask already and counts on it
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type]

    if "--debug" not in sys.argv:
        sys.unraisablehook = lambda _: None
    from optimiser.cli.app import run

    raise SystemExit(run())
