"""``dcopt explain``: what binds, what contradicts, why not there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.schema.plan import Binding, RulePrice, Term
    from optimiser.workflow.explain import Explanation


@verb(
    examples=(
        (
            "dcopt explain mysite/runs/latest",
            "Which rules bind the plan, and what one unit is worth",
        ),
        ("dcopt explain mysite", "Whether any plan can keep every rule, and if not, why"),
        ("dcopt explain mysite/runs/latest --workload web-1", "Why a workload moves"),
        ("dcopt explain mysite/runs/latest --workload web-1 --host h12", "Why not there"),
        ("dcopt explain PUE --period 2026 --site mysite", "The arithmetic down to the meters"),
    ),
    exits=(0, 1, 2, 3, 4, 69),
)
@click.argument("place", metavar="RUN|SITE|INDICATOR", type=click.Path(path_type=Path))
@click.option("--workload", metavar="NAME", help="Why this workload moves.")
@click.option("--host", metavar="NAME", help="Why --workload is not here.")
@click.option(
    "--period",
    metavar="PERIOD",
    help="Explain an indicator of a sustainability report over this period, such as 2026.",
)
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    help="Site of the indicator.  [default: this folder]",
)
@click.option(
    "--basis",
    type=click.Choice(("meters", "model", "both")),
    help="Figures from the meters, from the simulated site, or both.  [default: as in report]",
)
def explain(
    call: Call, place: Path, workload: str | None, host: str | None, period: str | None,
    site: Path | None, basis: str | None,
) -> None:  # fmt: skip
    """Explain a stored plan, a site before it is planned, or an indicator of a report.

    Of a plan it tells which rules bind, what one unit of relief is worth and what each rule costs a
    year. Of a site it tells
    which rules contradict each other, how much is missing and what would mend it (exit code 4).
    With --workload it says what the moves of one workload are for and what leaving it would mean.
    With --host too it moves it there in thought, and says which rules would break or what it would
    cost.

    With --period the first word is an indicator, such as PUE, REF or CUE: its terms with units, and
    each series behind them with its class, accuracy, line of the register and file.
    """
    if period is not None:
        _explain_indicator(call, str(place), site or Path(), period, basis)
        return
    if site is not None or basis is not None:
        raise click.UsageError("--site and --basis belong to an indicator with --period")
    _explain_plan(call, place, workload, host)


def _explain_plan(call: Call, place: Path, workload: str | None, host: str | None) -> None:
    from optimiser.cli.console import print_json, print_tables
    from optimiser.errors import UsageError
    from optimiser.workflow.explain import explain_pair, explain_path, explain_workload

    if host is not None and workload is None:
        raise UsageError("--host needs --workload", "name the workload too")
    if workload is not None:
        answer = (
            explain_workload(place, workload)
            if host is None
            else explain_pair(place, workload, host)
        )
        if call.json:
            told = {"workload": workload, "host": host, "sentences": answer}
            print_json("dcopt.why-not/1", told)
        else:
            print_tables(*answer)
        return
    found = explain_path(place)
    if call.json:
        print_json("dcopt.explain/1", found.to_dict())
    else:
        _show(found)
    if found.findings:
        click.get_current_context().exit(4)


def _explain_indicator(call: Call, name: str, site: Path, period: str, basis: str | None) -> None:
    from optimiser.cli.console import print_json, print_tables, table
    from optimiser.cli.report_lines import series_rows
    from optimiser.workflow.disclosure.explain import explain_indicator
    from optimiser.workflow.disclosure.gather import gather
    from optimiser.workflow.disclosure.material import Settings

    settings = Settings(period, allow_partial=True, basis=basis)  # type: ignore[arg-type]
    found = explain_indicator(gather(site, settings), name)
    if call.json:
        print_json("dcopt.explain-indicator/1", {"indicators": [one.to_dict() for one in found]})
        return
    head = ("component", "series", "amount", "unit", "class", "seen", "accuracy", "where from")
    for one in found:
        print_tables(one.headline, *(f"  {line}" for line in one.lines))
        print_tables(*(f"  {flag.sentence}" for flag in one.ratio.flags))
        print_tables(table("", head, series_rows(one), numbers=(2, 5, 6)))


def _show(found: Explanation) -> None:
    from optimiser.cli.console import print_tables, table

    print_tables(*found.sentences)
    print_tables(*found.findings)
    if found.binding:
        binds = [_binding(one) for one in found.binding]
        head = ("rule", "where", "what it means", f"{found.currency} a year", "found by")
        print_tables(table("what binds", head, binds, numbers=(3,)))
    if found.rule_prices:
        priced = [_price(one) for one in found.rule_prices]
        columns = ("rule", "kind", "kWh", found.currency, "kg CO₂e", "found by")
        print_tables(table("what each rule costs a year", columns, priced, numbers=(2, 3, 4)))
    if found.terms:
        terms = [_term(one) for one in found.terms]
        names = ("term", "today", "believed", "simulated")
        print_tables(table(f"objective, {found.currency}", names, terms, numbers=(1, 2, 3)))


def _binding(found: Binding) -> tuple[str, ...]:
    price = f"{found.price:,.4g} / {found.unit}"
    return found.rule, found.where, found.sentence, price, found.method


def _price(found: RulePrice) -> tuple[str, ...]:
    amounts = (found.kwh_per_year, found.cost_per_year, found.kgco2e_per_year)
    return found.rule, found.kind, *(f"{value:,.0f}" for value in amounts), found.method


def _term(term: Term) -> tuple[str, ...]:
    values = (term.before, term.believed, term.simulated)
    return term.name, *("–" if value is None else f"{value:,.2f}" for value in values)
