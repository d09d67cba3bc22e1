"""``dcopt library``: look at the bundled equipment, sites and recipes."""

from __future__ import annotations

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb


@verb(
    examples=(
        ("dcopt library", "Count what the library holds"),
        ("dcopt library server", "List the server cards"),
        ("dcopt library server hp-ml110-g5", "Show one card with its source"),
        ("dcopt library sites", "List the bundled sites"),
        ("dcopt library rulesets", "List laws and standards, drafts marked"),
        ("dcopt library factors de-residual-2025", "Show one emission factor with its source"),
    )
)
@click.argument("kind", required=False)
@click.argument("name", required=False)
def library(call: Call, kind: str | None, name: str | None) -> None:
    """Show the library by KIND: cards, sites, recipes, data sets, rulesets, factors.

    Without KIND every kind is counted, with KIND its entries are listed, with KIND and NAME one
    entry is shown in full, with the source of its numbers. A site's own cards take precedence
    over the library's.
    """
    from optimiser.cli.console import print_json, print_tables, table
    from optimiser.workflow.library import library_entries, library_entry, library_kinds

    if kind is not None and name is not None:
        _show_entry(call, kind, name, library_entry(kind, name))
        return
    entries = library_entries(kind) if kind else library_kinds()
    if call.json:
        print_json("dcopt.library/1", {"kind": kind, "entries": entries})
        return
    columns = tuple(entries[0]) if entries else ("name",)
    rows = [tuple(_text(entry[column]) for column in columns) for entry in entries]
    print_tables(table(kind or "library", columns, rows))


def _show_entry(call: Call, kind: str, name: str, fields: dict[str, object]) -> None:
    from optimiser.cli.console import print_json, print_tables, table

    if call.json:
        print_json("dcopt.library-entry/1", {"kind": kind, "entry": fields})
        return
    rows = [(field, _text(value)) for field, value in fields.items()]
    print_tables(table(f"{kind} {name}", ("field", "value"), rows))


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
