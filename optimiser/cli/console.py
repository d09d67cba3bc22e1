"""Tables and messages for people: results on standard output, the rest on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optimiser.cli.call import Call

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPED_WIDTH = 160
"""Columns of a table that goes to a file or another program."""


def print_json(schema: str, answer: Mapping[str, Any]) -> None:
    """Print one JSON object with its schema name; numbers that are not finite become null."""
    print(json.dumps({"schema": schema, **_finite(answer)}, indent=2, default=str))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not (abs(value) < float("inf")):
        return None
    return value


def result_console() -> Console:
    """Return the console for results; plain and wide when standard output is no terminal."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=PIPED_WIDTH, no_color=True, force_terminal=False)


def message_console() -> Console:
    """Return the console for progress and messages."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(call: Call, text: str) -> None:
    """Print a message for people, unless they asked for quiet or nobody is looking."""
    if not call.quiet and not call.json and sys.stderr.isatty():
        message_console().print(text, markup=False)


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
) -> Table:
    """Return a table; the columns counted in ``numbers`` are set flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    return made


def print_tables(*tables: Table | str) -> None:
    """Print tables and sentences one after the other."""
    from rich.text import Text

    console = result_console()
    for item in tables:
        console.print(Text(item) if isinstance(item, str) else item)
