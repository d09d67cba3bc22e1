"""``dcopt verify``: check a stored plan again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.workflow.resume import Resumed
    from optimiser.workflow.verify import VerifyResult

SHOWN = 12


@verb(
    examples=(
        ("dcopt verify mysite/runs/latest", "Check the newest plan"),
        ("dcopt verify mysite --json", "The same, for a script"),
        ("dcopt verify mysite --after-move 120", "Is the site legal now, and what is left to do"),
        (
            "dcopt verify mysite --done 1-40,43 --rest rest.csv",
            "The same where moves were left out",
        ),
    ),
    exits=(0, 1, 2, 3, 4, 6, 69),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--after-move", type=click.IntRange(min=0), metavar="N",
              help="Check the state after the first N moves, and tell what is left.")  # fmt: skip
@click.option("--done", metavar="NUMBERS",
              help="The same for any moves, such as 1-40,43; numbers as in moves.csv.")  # fmt: skip
@click.option("--rest", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the moves that are left there, in the form of moves.csv.")  # fmt: skip
def verify(
    call: Call, run: Path, after_move: int | None, done: str | None, rest: Path | None
) -> None:
    """Check the plan in RUN again: a run folder, runs/latest, or a site (its newest run).

    Everything is read from the run folder: the site is rebuilt from the inputs kept there, every
    rule is checked exactly in whole numbers, every prefix of the moves is replayed, and the
    figures are simulated again. Neither the model nor the solver is loaded. A plan that does not
    hold is refused with exit code 6 and the reasons.

    With --after-move or --done it checks the state that the site is in when so many of the moves
    are done, and gives the rest of the way: in the stored order where that is still legal from
    there, else ordered anew. Exit code 4 tells that the state breaks a rule, or that the plan can
    no longer be reached.
    """
    if after_move is not None or done is not None or rest is not None:
        _resume(call, run, after_move, done, rest)
        return
    from optimiser.cli.console import print_json
    from optimiser.workflow.verify import refuse_unverified, verify_run

    result = verify_run(run)
    if call.json:
        print_json("dcopt.verify/1", result.to_dict())
        if not result.is_verified:
            click.get_current_context().exit(6)
        return
    refuse_unverified(result)
    _show(result)


def _resume(
    call: Call, run: Path, after_move: int | None, done: str | None, rest: Path | None
) -> None:
    from optimiser.cli.console import print_json
    from optimiser.errors import UsageError
    from optimiser.workflow.resume import read_numbers, resume

    if (after_move is None) == (done is None):
        raise UsageError("how far the moves have come is not clear", "give --after-move or --done")
    numbers = range(1, (after_move or 0) + 1) if done is None else read_numbers(done)
    found = resume(run, numbers, rest)
    if call.json:
        print_json("dcopt.resume/1", found.to_dict())
    else:
        _show_rest(found, rest)
    if not found.is_legal:
        click.get_current_context().exit(4)


def _show_rest(found: Resumed, rest: Path | None) -> None:
    from optimiser.cli.console import print_tables, table

    legal = "breaks no rule" if not found.broken else "breaks rules that today and the plan keep"
    print_tables(f"{found.run}: after {found.done:,} moves the site {legal}")
    print_tables(*(f"broken: {sentence}" for sentence in found.broken[:10]))
    print_tables(*(f"stuck: {sentence}" for sentence in found.stuck[:10]))
    order = "ordered anew" if found.is_reordered else "in the stored order"
    print_tables(f"{len(found.rest):,} moves are left, {order}; every prefix of them is legal")
    rows = [(str(m.wave), str(m.order), m.workload, m.source, m.target) for m in found.rest[:SHOWN]]
    if rest is not None:
        print_tables(f"written to {rest}")
    elif rows:
        columns = ("wave", "step", "workload", "from", "to")
        print_tables(table("next", columns, rows, numbers=(0, 1)))


def _show(result: VerifyResult) -> None:
    from optimiser.cli.console import print_tables, table

    rows = [(kind, f"{count:,}") for kind, count in sorted(result.checked.items())]
    total = sum(result.checked.values())
    print_tables(f"{result.run}: verified, {total:,} limits hold")
    print_tables(table("", ("kind of limit", "checked"), rows, numbers=(1,)))
    if result.prefixes:
        print_tables(f"every rule holds after each of {result.prefixes:,} moves")
    print_tables(*(f"soft: {sentence}" for sentence in result.soft[:10]))
    print_tables(*(f"note: {note}" for note in result.notes))
