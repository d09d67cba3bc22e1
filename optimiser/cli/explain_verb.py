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
        ("dcopt explain mysite/runs/latest --workload web-1 --host h12", "Why not there"),
    ),
    exits=(0, 1, 2, 3, 4, 69),
)
@click.argument("place", metavar="RUN|SITE", type=click.Path(path_type=Path))
@click.option("--workload", metavar="NAME", help="A workload; needs --host.")
@click.option("--host", metavar="NAME", help="The host it is not on; needs --workload.")
def explain(call: Call, place: Path, workload: str | None, host: str | None) -> None:
    """Explain a stored plan, a run folder or runs/latest, or a site before it is planned.

    Of a plan it tells which rules bind, what one unit of relief is worth and what each rule costs a
    year. Of a site it tells
    which rules contradict each other, how much is missing and what would mend it (exit code 4).
    With --workload and --host it moves one workload in thought, and says which rules would break
    or what it would cost.
    """
    from optimiser.cli.console import print_json, print_tables
    from optimiser.errors import UsageError
    from optimiser.workflow.explain import explain_pair, explain_path

    if (workload is None) != (host is None):
        raise UsageError("--workload and --host belong together", "give both")
    if workload is not None and host is not None:
        answer = explain_pair(place, workload, host)
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
