"""Standard output belongs to our own words: compiled libraries keep quiet there."""

import os
import subprocess
import sys

from optimiser.solve.silence import silent_stdout

FIRST_SOLVER = """
from optimiser.solve.bridge import new_solver
new_solver()
print("ours")
"""
CLOSED = """
import os
from optimiser.solve.silence import silent_stdout
os.close(1)
with silent_stdout():
    print("nobody hears this", file=__import__("sys").stderr)
"""


def _run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )


def test_first_solver_of_a_process_says_nothing():
    """Neither the banner of HiGHS 1.16 nor anything else stands before our own line."""
    assert _run(FIRST_SOLVER).stdout == "ours\n"


def test_descriptor_is_silent_inside_and_back_after(capfd):
    """Writes to the descriptor vanish in the block only, even when the block fails."""
    os.write(1, b"before ")
    try:
        with silent_stdout():
            os.write(1, b"inside ")
            raise KeyError
    except KeyError:
        os.write(1, b"after")
    assert capfd.readouterr().out == "before after"


def test_closed_output_is_no_trouble():
    """A process without standard output can still make a solver."""
    assert "nobody hears this" in _run(CLOSED).stderr
