"""``dcopt check``: read a site and report every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.workflow.check import CheckResult

SHOWN = 12


@verb(
    examples=(
        ("dcopt check mysite", "Check a site folder"),
        ("dcopt check mysite --strict", "Fail when today's placement breaks a rule (for CI)"),
        ("dcopt check mysite --json | jq .violations", "Read the answer in a script"),
    ),
    exits=(0, 1, 2, 3, 4, 69),
)
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit with 4 when today's placement breaks a rule.")
def check(call: Call, site: Path, strict: bool) -> None:
    """Read SITE, a site folder or a study file, and report every mistake at once.

    A reporting.yaml beside the site is checked too, with its ledgers, the register of meters and
    (up to 50 MB) their readings. Each mistake names the file, the line, the field, what was found,
    what was expected and how to mend it. When the input is in order, the answer is what the site
    holds, which defaults were used, and which rules today's placement breaks.
    """
    from optimiser.cli.console import print_json
    from optimiser.errors import CheckFailedError
    from optimiser.workflow.check import check_site

    result = check_site(site)
    if call.json:
        print_json("dcopt.check/1", result.to_dict())
    else:
        _show(result)
    if strict and result.broken:
        raise CheckFailedError(
            f"today's placement breaks {sum(result.broken.values())} limits",
            "make a plan, or excuse what exists with a not_worse policy",
        )


def _show(result: CheckResult) -> None:
    from optimiser.cli.console import print_tables, table

    counts = [(what, f"{count:,}") for what, count in result.counts.items()]
    print_tables(f"{result.site}: the input is in order")
    print_tables(table("", ("what", "count"), counts, numbers=(1,)))
    rules = [(name, kind, "soft" if soft else "hard") for name, kind, soft in result.rules]
    if rules:
        print_tables(table("rules", ("rule", "kind", ""), rules))
    if not result.has_placement:
        print_tables("no placement is known today: a plan places every workload anew")
    for rule, count in result.broken.items():
        print_tables(f"today {rule} is broken {count} times")
    print_tables(*(f"  {sentence}" for sentence in result.violations[:SHOWN]))
    if result.defaults:
        print_tables(f"{len(result.defaults)} defaults are used; --json lists them")
