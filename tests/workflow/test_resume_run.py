"""Going on with the moves of a stored run after any part of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from optimiser.cli.app import app
from optimiser.cli.call import Call
from optimiser.errors import UsageError
from optimiser.store.tables import read_moves
from optimiser.workflow.plan import PlanOutcome
from optimiser.workflow.resume import read_numbers, resume


def test_the_rest_after_each_prefix_leads_to_the_plan(outcome: PlanOutcome) -> None:
    """After N moves nothing is broken and the other moves are left in their order."""
    moves = [(m.workload, m.source, m.target) for m in outcome.plan.moves]
    assert len(moves) > 1
    for count in range(len(moves) + 1):
        found = resume(outcome.run, range(1, count + 1))
        assert found.is_legal
        assert not found.is_reordered
        assert [(m.workload, m.source, m.target) for m in found.rest] == moves[count:]
        assert [m.order for m in found.rest] == list(range(1, len(moves) - count + 1))


def test_moves_done_out_of_order_leave_a_rest_too(outcome: PlanOutcome) -> None:
    """When only the last move is done, what is left still ends in the plan."""
    last = outcome.plan.moves[-1]
    found = resume(outcome.run, [last.order])
    where = {m.workload: m.target for m in outcome.plan.moves}
    assert {m.workload: m.target for m in found.rest} | {last.workload: last.target} == where


def test_the_rest_is_written_as_a_table_of_moves(outcome: PlanOutcome, tmp_path: Path) -> None:
    """``--rest`` gives a file that reads back as the same moves, with their times."""
    target = tmp_path / "rest.csv"
    found = resume(outcome.run, [1], target)
    again = read_moves(target)
    assert [m.workload for m in again] == [m.workload for m in found.rest]
    assert all(m.seconds is not None and m.start for m in again)


def test_moves_that_the_run_has_not_are_refused(outcome: PlanOutcome) -> None:
    """A number beyond the last move is named with the numbers there are."""
    with pytest.raises(UsageError, match="has no move 9999"):
        resume(outcome.run, [9999])


def test_numbers_are_read_as_people_write_them() -> None:
    """Ranges and single numbers, and nothing else."""
    assert read_numbers("1-3, 7") == [1, 2, 3, 7]
    for wrong in ("", "a", "3-", "1,,2"):
        with pytest.raises(UsageError, match="names no moves"):
            read_numbers(wrong)


def test_the_command_tells_what_is_left(outcome: PlanOutcome) -> None:
    """``dcopt verify RUN --after-move 1`` prints the state and the next moves."""
    words = ["verify", str(outcome.run), "--after-move", "1"]
    result = CliRunner().invoke(app, words, obj=Call())
    assert result.exit_code == 0, result.output
    assert "after 1 moves the site breaks no rule" in " ".join(result.output.split())
    assert outcome.plan.moves[1].workload in result.output


def test_every_move_has_its_time_energy_and_worth(outcome: PlanOutcome) -> None:
    """plan.json and moves.csv carry start, duration, energy, saving and pay-back of each move."""
    stored = read_moves(outcome.run / "moves.csv")
    assert stored == outcome.plan.moves
    assert all(m.start and m.seconds and m.energy_kwh is not None for m in stored)
    assert any(m.saved_kwh_per_year for m in stored)
