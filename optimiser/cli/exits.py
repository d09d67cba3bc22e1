"""What each exit code means, in one place for help, manual and documentation."""

from __future__ import annotations

EXITS: dict[int, str] = {
    0: "fine; the gap to the proven bound is printed",
    1: "a bug of ours; repeat the call with --debug for the trace",
    2: "the call itself makes no sense",
    3: "the input is wrong; every mistake is listed with file, line and remedy",
    4: "no plan can keep every rule or a workload found no host (explained), or a check or a "
    "quality gate of a report failed",
    5: "no plan was found in the time given",
    6: "the exact checker refused the plan, or a stored report does not come out as it is",
    69: "a file of ours, an extra, disk space or a service is missing",
    130: "interrupted (Ctrl-C); the best plan found is saved",
    143: "terminated; the best plan found is saved",
}


def exit_lines(codes: tuple[int, ...] = tuple(EXITS)) -> list[tuple[str, str]]:
    """Return (code, meaning) pairs for a help page."""
    return [(str(code), EXITS[code]) for code in codes]
