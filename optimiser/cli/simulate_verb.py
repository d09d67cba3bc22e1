"""``dcopt simulate``: what the site uses today."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb
from optimiser.units import MOST_HOURS

if TYPE_CHECKING:
    from optimiser.analysis.bottlenecks import Bottleneck
    from optimiser.workflow.simulate import HotRack, SimulateResult


@verb(
    examples=(
        ("dcopt simulate mysite", "Show the present over the study's horizon"),
        ("dcopt simulate mysite --year", "Show a year at hourly steps"),
        ("dcopt simulate mysite --json | jq .summary.pue", "Read one figure in a script"),
    )
)
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--year", is_flag=True, help="Simulate 8,760 hours from the first of January.")
@click.option(
    "--hours", type=click.FloatRange(min=1, max=MOST_HOURS), help="Simulate so many hours instead."
)
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Lines shown."
)
def simulate(call: Call, site: Path, year: bool, hours: float | None, top: int) -> None:
    """Simulate SITE, a site folder or a study file, as it runs today.

    The full model is replayed: servers, power chain, air, plant, weather, prices and carbon. The
    answer is energy by meter, PUE, WUE, carbon, cost, the hottest racks, what is fullest of each
    kind, and the rules that today's placement breaks.
    """
    from optimiser.cli.console import print_json
    from optimiser.errors import UsageError
    from optimiser.workflow.simulate import simulate_site

    if year and hours is not None:
        raise UsageError("--year and --hours exclude each other", "give one of them")
    result = simulate_site(site, hours=8760.0 if year else hours, from_new_year=year)
    if call.json:
        print_json("dcopt.simulate/1", result.to_dict())
    else:
        _show(result, top)


def _show(result: SimulateResult, top: int) -> None:
    from optimiser.cli.console import print_tables, table

    print_tables(f"{result.site}: {result.period}")
    print_tables(table("", ("", "today"), result.figures(), numbers=(1,)))
    print_tables(
        table("energy by meter", ("meter", "kWh", "share"), result.meters(), numbers=(1, 2))
    )
    if result.hottest:
        warm = [_hot(found) for found in result.hottest[:top]]
        columns = ("rack", "inlet °C", "limit °C", "peak kW")
        print_tables(table("hottest racks", columns, warm, numbers=(1, 2, 3)))
    full = [_fullest(found) for found in result.bottlenecks]
    head = ("kind", "where", "used", "limit", "")
    print_tables(table("fullest of each kind", head, full, numbers=(2, 3, 4)))
    for rule, count in result.broken.items():
        print_tables(f"today {rule} is broken {count} times")
    print_tables(*(f"  {sentence}" for sentence in result.violations[:top]))
    print_tables(*(f"note: {note}" for note in result.notes))


def _hot(found: HotRack) -> tuple[str, ...]:
    limit = "–" if found.limit_c is None else f"{found.limit_c:.1f}"
    return found.rack, f"{found.inlet_c:.1f}", limit, f"{found.peak_kw:.2f}"


def _fullest(found: Bottleneck) -> tuple[str, ...]:
    from optimiser.report.text import number

    share = f"{found.used / found.limit:.0%}" if found.limit else "–"
    used, limit = number(found.used), number(found.limit)
    return found.kind, found.where, used, f"{limit} {found.unit}", share
