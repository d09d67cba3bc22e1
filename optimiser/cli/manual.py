"""Manual pages made from the commands themselves, as plain text, roff or Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

import click

from optimiser.cli.exits import exit_lines
from optimiser.cli.verb import Verb


@dataclass(frozen=True)
class Page:
    """One manual page: ``options`` and ``exits`` are (term, meaning), ``examples`` (line, use)."""

    title: str
    summary: str
    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    examples: tuple[tuple[str, str], ...]
    exits: tuple[tuple[str, str], ...]
    verbs: tuple[tuple[str, str], ...]


def pages(command: click.Command, name: str = "dcopt") -> Iterator[Page]:
    """Yield the page of a command and of every command below it."""
    ctx = click.Context(command, info_name=name)
    yield _page(ctx, command, name)
    if isinstance(command, click.Group):
        for child in command.list_commands(ctx):
            found = command.get_command(ctx, child)
            if found is not None:
                yield from pages(found, f"{name} {child}")


def _page(ctx: click.Context, command: click.Command, name: str) -> Page:
    text = inspect.cleandoc(command.help or "")
    summary, *rest = (" ".join(part.split()) for part in text.split("\n\n"))
    options = [param for param in command.get_params(ctx) if isinstance(param, click.Option)]
    records = (option.get_help_record(ctx) for option in options)
    pieces = " ".join(command.collect_usage_pieces(ctx))
    children: tuple[tuple[str, str], ...] = ()
    if isinstance(command, click.Group):
        found = ((c, command.get_command(ctx, c)) for c in command.list_commands(ctx))
        children = tuple((c, sub.get_short_help_str(100)) for c, sub in found if sub)
    verb = command if isinstance(command, Verb) else None
    return Page(
        title=name,
        summary=summary,
        usage=f"{name} {pieces}",
        paragraphs=tuple(rest),
        options=tuple(record for record in records if record),
        examples=verb.examples if verb else (),
        exits=tuple(exit_lines(verb.exits) if verb else exit_lines()),
        verbs=children,
    )


def plain(page: Page) -> str:
    """Return a page as text for a terminal."""
    formatter = click.HelpFormatter(width=88)
    for heading, lines in _sections(page):
        with formatter.section(heading):
            for line in lines:
                if isinstance(line, tuple):
                    formatter.write_dl([line])
                else:
                    formatter.write_text(line)
                    formatter.write_paragraph()
    return formatter.getvalue()


def _sections(page: Page) -> Iterator[tuple[str, list[str | tuple[str, str]]]]:
    yield "NAME", [f"{page.title} - {page.summary}"]
    yield "SYNOPSIS", [page.usage]
    if page.paragraphs:
        yield "DESCRIPTION", list(page.paragraphs)
    if page.verbs:
        yield "VERBS", list(page.verbs)
    if page.options:
        yield "OPTIONS", list(page.options)
    if page.examples:
        yield "EXAMPLES", [(line, use) for line, use in page.examples]
    yield "EXIT STATUS", list(page.exits)


def roff(page: Page, version: str) -> str:
    """Return a page for ``man``."""
    name = page.title.replace(" ", "-")
    lines = [f'.TH "{name.upper()}" "1" "" "dc-optimiser {version}" "User commands"']
    for heading, items in _sections(page):
        lines.append(f".SH {heading}")
        for item in items:
            if isinstance(item, tuple):
                lines += [".TP", rf"\fB{_escaped(item[0])}\fR", _escaped(item[1])]
            else:
                lines += [".PP", _escaped(item)]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def markdown(page: Page) -> str:
    """Return a page for the documentation."""
    level = "#" * len(page.title.split())
    parts = [f"{level} {page.title}", page.summary, f"```\n{page.usage}\n```", *page.paragraphs]
    if page.verbs:
        parts.append(_table(("verb", "what it does"), page.verbs))
    if page.options:
        parts.append(_table(("option", "meaning"), page.options))
    if page.examples:
        lines = "\n".join(f"{line}  # {use}" for line, use in page.examples)
        parts.append(f"```sh\n{lines}\n```")
    codes = ", ".join(code for code, _ in page.exits)
    parts.append(_table(("exit code", "meaning"), page.exits) if page.verbs else f"Exits: {codes}.")
    return "\n\n".join(parts) + "\n"


def _table(head: tuple[str, str], rows: tuple[tuple[str, str], ...]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{a}` | {b.replace('|', chr(92) + '|')} |" for a, b in rows)])
