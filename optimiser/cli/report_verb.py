"""``dcopt report``: write the report of a stored plan again."""

from __future__ import annotations

from pathlib import Path

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb


@verb(
    examples=(
        ("dcopt report mysite/runs/latest", "Write report.html of the newest plan again"),
        ("dcopt report mysite -o board.html", "Write it somewhere else"),
    ),
    exits=(0, 1, 2, 3, 69),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write.  [default: report.html in the run folder]",
)
def report(call: Call, run: Path, output: Path | None) -> None:
    """Write the report of RUN again: a run folder, runs/latest, or a site (its newest run).

    The page is one file that opens offline. Everything on it is simulated again from the run
    folder, so a newer version of the program can show an older plan.
    """
    from optimiser.cli.console import print_json, print_tables
    from optimiser.workflow.report import rebuild_report

    written = rebuild_report(run, output)
    if call.json:
        print_json("dcopt.report/1", {"report": str(written), "bytes": written.stat().st_size})
    else:
        print_tables(str(written))
