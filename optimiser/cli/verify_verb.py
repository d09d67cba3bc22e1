"""``dcopt verify``: check a stored plan again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.workflow.verify import VerifyResult


@verb(
    examples=(
        ("dcopt verify mysite/runs/latest", "Check the newest plan"),
        ("dcopt verify mysite --json", "The same, for a script"),
    ),
    exits=(0, 1, 2, 3, 6, 69),
)
@click.argument("run", type=click.Path(path_type=Path))
def verify(call: Call, run: Path) -> None:
    """Check the plan in RUN again: a run folder, runs/latest, or a site (its newest run).

    Everything is read from the run folder: the site is rebuilt from the inputs kept there, every
    rule is checked exactly in whole numbers, every prefix of the moves is replayed, and the
    figures are simulated again. Neither the model nor the solver is loaded. A plan that does not
    hold is refused with exit code 6 and the reasons.
    """
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
