"""The one form of everything that is disclosed: outputs made of tables.

JSON, CSV, workbook and page are written from these tables only, so that they agree value by
value. What must not be mixed (measured and modelled, in force and draft, location- and
market-based, operational and embodied, attributional and consequential) stands in different
tables of one output; the table says which in ``section``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from optimiser.report.disclosure.plain import Cell, plain_cell, plain_text


class Kind(StrEnum):
    """What a column holds; numbers are never text, text is never a number."""

    TEXT = "text"
    NUMBER = "number"
    COUNT = "count"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``unit`` as of its numbers (empty when a column of units stands beside them).

    ``is_key`` marks the columns that name a row, ``is_provenance`` those that a page leaves out
    and a workbook hides.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    unit: str = ""
    is_key: bool = False
    is_provenance: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. Build it with :func:`make_table`, which puts cells into plain form.

    ``section`` says what sets it apart from the other tables of its output, such as ``measured``.
    """

    name: str
    title: str
    section: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    watermark: str = ""

    def key_of(self, row: tuple[Cell, ...]) -> str:
        """Return the name of a row: its key cells joined."""
        cells = (c for c, column in zip(row, self.columns, strict=True) if column.is_key)
        return " / ".join("" if cell is None else str(cell) for cell in cells)

    def column(self, name: str) -> list[Cell]:
        """Return the cells of a column. Raises ``KeyError`` when there is none of that name."""
        at = {column.name: index for index, column in enumerate(self.columns)}[name]
        return [row[at] for row in self.rows]


class Level(StrEnum):
    """How much a finding about the data weighs."""

    FLAG = "flag"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a quality gate found: ``gate`` is its name, ``text`` a sentence."""

    gate: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """One of the outputs: its tables, or the reason why it does not apply."""

    name: str
    title: str
    framework: str
    tables: tuple[Table, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_applicable: str | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Everything that is disclosed about one site and one period.

    ``facts`` are what stands at the head (name, operator, period …), ``methods`` the identifiers of
    rulesets, factors and settings that decide over the numbers, with the digest of the inputs.
    """

    site: str
    period: str
    facts: Mapping[str, Cell]
    outputs: tuple[Output, ...]
    methods: Mapping[str, Cell]
    boundary: str = ""
    edition: Mapping[str, Cell] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [table.name for table in self.tables]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"tables share a name: {', '.join(twice)}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all gates."""
        return tuple(finding for output in self.outputs for finding in output.findings)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in the order of the outputs."""
        return tuple(table for output in self.outputs for table in output.tables)

    def output(self, name: str) -> Output:
        """Return an output by name. Raises ``KeyError`` when there is none."""
        return {output.name: output for output in self.outputs}[name]


def make_table(
    name: str,
    title: str,
    section: str,
    columns: Iterable[Column],
    rows: Iterable[Mapping[str, object]],
    *,
    notes: Iterable[str] = (),
    watermark: str = "",
    keep_order: bool = False,
) -> Table:
    """Return a table of rows given by column name; rows are sorted by key unless told not to.

    A column that a row leaves out is empty. Raises ``KeyError`` for a row with an unknown column
    and ``ValueError`` for a cell that is no value of its column or two rows of one name.
    """
    heads = tuple(columns)
    made = [_row(name, heads, row) for row in rows]
    table = Table(
        name, plain_text(title), section, heads, (), tuple(map(plain_text, notes)), watermark
    )
    keys = [table.key_of(row) for row in made]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"table {name}: two rows are named {twice!r}")
    if not keep_order:
        made = [row for _, row in sorted(zip(keys, made, strict=True), key=lambda pair: pair[0])]
    return Table(name, table.title, section, heads, tuple(made), table.notes, plain_text(watermark))


def _row(name: str, columns: tuple[Column, ...], row: Mapping[str, object]) -> tuple[Cell, ...]:
    unknown = set(row) - {column.name for column in columns}
    if unknown:
        raise KeyError(f"table {name} has no column {sorted(unknown)}")
    return tuple(_cell(name, column, row.get(column.name)) for column in columns)


def _cell(name: str, column: Column, value: object) -> Cell:
    cell = plain_cell(value)
    fits = {
        Kind.TEXT: isinstance(cell, str),
        Kind.FLAG: isinstance(cell, bool),
        Kind.COUNT: isinstance(cell, int) and not isinstance(cell, bool),
        Kind.NUMBER: isinstance(cell, (int, float)) and not isinstance(cell, bool),
    }
    if cell is not None and not fits[column.kind]:
        raise ValueError(f"table {name}, column {column.name}: {cell!r} is no {column.kind}")
    return cell
