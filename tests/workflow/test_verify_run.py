"""A stored plan that was tampered with is refused."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from optimiser.errors import InputError, RefusedError
from optimiser.workflow.report import rebuild_report
from optimiser.workflow.verify import refuse_unverified, verify_run

CopyRun = Callable[[], Path]
Rows = list[list[str]]


def edit_csv(path: Path, change: Callable[[Rows], Rows]) -> None:
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream))
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([rows[0], *change(rows[1:])])


def all_on_one_host(rows: Rows) -> Rows:
    return [[*row[:3], rows[0][3], *row[4:]] for row in rows]


def unknown_host(rows: Rows) -> Rows:
    return [[*rows[0][:3], "h99", *rows[0][4:]], *rows[1:]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows[1:], "has no host"),
        (lambda rows: [*rows, rows[0]], "placed 2 times"),
        (all_on_one_host, "apart"),
        (unknown_host, "h99"),
    ],
    ids=["dropped", "duplicated", "together", "unknown"],
)
def test_a_changed_placement_is_refused(
    copied_run: CopyRun, change: Callable[[Rows], Rows], reason: str
) -> None:
    """A placement that was dropped, doubled, crowded or renamed is refused with the reason."""
    run = copied_run()
    edit_csv(run / "placements.csv", change)
    result = verify_run(run)
    assert any(reason in sentence for sentence in result.refusals), result.refusals
    with pytest.raises(RefusedError):
        refuse_unverified(result)


def test_moves_that_lead_elsewhere_are_refused(copied_run: CopyRun) -> None:
    """Without its last move the order no longer leads to the plan."""
    run = copied_run()
    edit_csv(run / "moves.csv", lambda rows: rows[:-1])
    assert any("moves" in sentence for sentence in verify_run(run).refusals)


@pytest.mark.parametrize("name", ["twin.nc", "inputs/hosts.csv", "inputs/site.yaml"])
def test_changed_evidence_is_refused(copied_run: CopyRun, name: str) -> None:
    """A change of the inputs or the twin is noticed, whatever the plan says."""
    run = copied_run()
    path = run / name
    if name.endswith("csv"):
        path.write_text(path.read_text().replace("h4,r2", "h4,r1"))
    elif name.endswith("yaml"):
        path.write_text(path.read_text() + "\n# harmless\n")
    else:
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        path.write_bytes(bytes(raw))
    result = verify_run(run)
    assert any(name in sentence for sentence in result.refusals)


def test_changed_figures_are_refused(copied_run: CopyRun) -> None:
    """Figures that the simulation does not reproduce are named."""
    run = copied_run()
    path = run / "metrics.json"
    text = path.read_text()
    start = text.index('"facility_kwh": ') + len('"facility_kwh": ')
    path.write_text(text[:start] + "1" + text[start:])
    assert any("facility_kwh" in sentence for sentence in verify_run(run).refusals)


@pytest.mark.parametrize("name", ["plan.json", "manifest.json", "moves.csv"])
def test_a_damaged_file_is_named(copied_run: CopyRun, name: str) -> None:
    """A truncated file is an input error that names it."""
    run = copied_run()
    path = run / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=name):
        verify_run(run)


def test_a_report_is_made_again(copied_run: CopyRun) -> None:
    """The report comes back from the run folder alone, and does not disturb the verdict."""
    run = copied_run()
    before = (run / "report.html").read_text()
    (run / "report.html").unlink()
    assert rebuild_report(run) == run / "report.html"
    assert (run / "report.html").read_text() == before
    assert verify_run(run).is_verified
