"""The command ``dcopt``: parse, call one workflow function, print.

This module stays light: whatever takes time to import is imported inside a verb.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    from optimiser.cli.app import run

    raise SystemExit(run())
