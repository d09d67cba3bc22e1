"""What one call of ``dcopt`` asked for besides its verb."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Call:
    """Switches every verb has; filled while the command line is parsed.

    ``json`` prints one JSON object on standard output instead of tables, ``quiet`` leaves out
    progress and messages, ``debug`` shows the trace of an unexpected error.
    """

    json: bool = False
    quiet: bool = False
    debug: bool = False
