"""What one call of ``dcopt`` asked for besides its verb."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Call:
    """Switches every verb has; filled while the command line is parsed.

    ``json`` prints one JSON object on standard output instead of tables, ``quiet`` leaves out
    progress and messages, ``debug`` shows the trace of an unexpected error. ``terminated`` is set
    when SIGTERM rather than Ctrl-C stops the call.
    """

    json: bool = False
    quiet: bool = False
    debug: bool = False
    terminated: bool = False
