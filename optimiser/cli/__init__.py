"""The command ``dcopt``: parse, call one workflow function, print.

This module stays light: whatever takes time to import is imported inside a verb.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code.

    What goes wrong while objects are thrown away after an interrupt is nobody's concern but that of
    ``--debug``; Python would show a trace of it.
    """
    import sys

    if "--debug" not in sys.argv:
        sys.unraisablehook = lambda _: None
    from optimiser.cli.app import run

    raise SystemExit(run())
