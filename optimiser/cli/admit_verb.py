"""``dcopt admit``: take arriving workloads into a running site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.workflow.admit import Admitted

SHOWN = 40


@verb(
    examples=(
        ("dcopt admit mysite new.csv", "Where the workloads of new.csv can run"),
        (
            "dcopt admit mysite new.csv -o placement.csv",
            "Write the placement of the whole site with them",
        ),
        ("dcopt admit mysite/runs/latest new.csv", "The same after the newest plan"),
        ("dcopt admit mysite new.csv --json | jq .refused", "Read in a script who was refused"),
    ),
    exits=(0, 1, 2, 3, 4, 6, 69),
)
@click.argument("site", metavar="SITE|RUN", type=click.Path(path_type=Path))
@click.argument("workloads", metavar="WORKLOADS", type=click.Path(path_type=Path))
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the new placement table of the whole site.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def admit(call: Call, site: Path, workloads: Path, target: Path | None, force: bool) -> None:
    """Place the workloads of a table in a site that runs, and move nothing.

    SITE is a site folder or a study file, taken as it runs today; a run folder or runs/latest is
    taken as its plan leaves the site. WORKLOADS is a table with the columns of the site's
    workloads table. Its rows come in its order, all copies of a row or none; each workload goes
    to the host where it costs and strands least among those that every hard rule of the site
    allows, those that are on before those that sleep. A row that finds no host is tried again
    when others have come, then refused with the reasons (exit code 4).

    The site with the new workloads is checked exactly before anything is written. To keep them,
    add the admitted rows to the site's workloads table and use the new placement table.
    """
    from optimiser.cli.console import print_json
    from optimiser.workflow.admit import admit as admit_workloads

    found = admit_workloads(site, workloads, target, force=force)
    if call.json:
        print_json("dcopt.admit/1", found.to_dict())
    else:
        _show(found)
    if found.refused:
        click.get_current_context().exit(4)


def _show(found: Admitted) -> None:
    from optimiser.cli.console import print_tables, table

    placed = [answer for answer in found.answers if answer.is_admitted]
    told = f"{len(placed):,} of {len(found.answers):,} workloads admitted"
    limits = f"{sum(found.checked.values()):,} limits checked"
    print_tables(
        f"{found.site}: {told}, {found.hosts_on:,} hosts on, {limits}",
        f"ready after {found.prepare_s:.1f} s, {found.answer_ms:.2f} ms for each workload",
    )
    if placed:
        rows = [
            (one.workload, str(one.host), ";".join(map(str, one.devices)),
             "woken" if one.woken else "")
            for one in placed[:SHOWN]
        ]  # fmt: skip
        print_tables(table("admitted", ("workload", "host", "devices", ""), rows))
        if len(placed) > SHOWN:
            print_tables(f"and {len(placed) - SHOWN:,} more; --json or -o lists all")
    if found.refused:
        reasons = [(one.workload, one.reason) for one in found.refused[:SHOWN]]
        print_tables(table("refused", ("workload", "reason"), reasons))
        if len(found.refused) > SHOWN:
            print_tables(f"and {len(found.refused) - SHOWN:,} more; --json lists all")
    print_tables(*(f"soft: {sentence}" for sentence in found.soft[:10]))
    if found.target is not None:
        print_tables(f"written to {found.target}")
