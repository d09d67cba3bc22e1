"""Work for executors that tells who does it, in a module that workers can import."""

from __future__ import annotations

import os
import time
from pathlib import Path


def slow_square(item: tuple[str, int]) -> int:
    """Note in a folder that it began and in which process, take a while, and square."""
    folder, number = item
    (Path(folder) / f"{number}-{os.getpid()}").touch()
    time.sleep(1.0)
    return number * number
