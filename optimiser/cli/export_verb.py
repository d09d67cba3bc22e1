"""``dcopt export``: write a plan in another tool's form."""

from __future__ import annotations

from pathlib import Path

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import SETTINGS, verb


@click.group(name="export", context_settings=SETTINGS)
def export_group() -> None:
    """Write a stored plan in the form of another tool or a public benchmark.

    The plan is checked again before anything is written.
    """


@verb(
    name="roadef",
    examples=(
        ("dcopt export roadef a1_1/runs/latest -o new.txt", "Write the newest plan's assignment"),
    ),
    exits=(0, 1, 2, 3, 6, 69),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def roadef(call: Call, run: Path, target: Path, force: bool) -> None:
    """Write the plan in RUN as an assignment of the ROADEF/EURO challenge 2012.

    One number per process, in the order of the workloads table: its machine, counted from 0 in
    the order of the hosts table. RUN is a run folder, runs/latest, or a site (its newest run).
    """
    from optimiser.cli.console import print_json, print_tables
    from optimiser.workflow.export import export_roadef

    report = export_roadef(run, target, force=force)
    if call.json:
        print_json("dcopt.export/1", report.to_dict())
        return
    told = f"{report.workloads:,} workloads, {report.moved:,} moved, objective"
    print_tables(f"{report.target}: {told} {report.objective:,.0f}")


export_group.add_command(roadef)
