"""Work for executors that tells who does it, in a module that workers can import."""

from __future__ import annotations

import os
import time
from pathlib import Path

WORK_S = 1.0


def slow_square(folder: str, number: int) -> int:
    """Note in a folder that it began and in which process, take a while, and square."""
    (Path(folder) / f"{number}-{os.getpid()}").touch()
    time.sleep(WORK_S)
    return number * number


def slow_square_in_time(folder: str, number: int, seconds: float) -> int:
    """Square as slowly, and see that there is time left to do it."""
    assert seconds > 0.0
    return slow_square(folder, number)


def until_unwanted(folder: str, number: int) -> int:
    """Go on, as a search does, until nobody waits any more; note that it has ended then."""
    from optimiser.solve.executor import is_wanted

    (Path(folder) / f"{number}-{os.getpid()}").touch()
    while is_wanted():
        time.sleep(0.05)
    (Path(folder) / f"left-{os.getpid()}").touch()
    return number
