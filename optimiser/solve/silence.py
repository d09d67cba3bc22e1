"""Keep a library's own words out of standard output, where machines read our JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STDOUT = 1


@contextmanager
def silent_stdout() -> Iterator[None]:
    """Send what compiled code writes to standard output nowhere, for the time of the block.

    Works on the file descriptor, since compiled code does not know ``sys.stdout``. Without an open
    descriptor there is nothing to silence.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    try:
        kept = os.dup(STDOUT)
    except OSError:
        yield
        return
    try:
        _point_at_nothing()
        yield
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)


def _point_at_nothing() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, STDOUT)
    os.close(nothing)
