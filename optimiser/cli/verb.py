"""The form every verb shares: switches, examples, exit codes, help as complete as a man page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from optimiser.cli.call import Call
from optimiser.cli.exits import exit_lines

COMMON_EXITS = (0, 1, 2, 3, 69)
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Verb(click.Command):
    """A command whose help ends with examples and exit codes."""

    def __init__(
        self,
        *args: Any,
        examples: tuple[tuple[str, str], ...] = (),
        exits: tuple[int, ...] = COMMON_EXITS,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.exits = exits

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the exit codes."""
        with formatter.section("Examples"):
            for line, meaning in self.examples:
                formatter.write_text(f"{meaning}:")
                formatter.write(f"{'':>{formatter.current_indent + 4}}{line}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl(exit_lines(self.exits))


def verb(
    *,
    examples: tuple[tuple[str, str], ...],
    exits: tuple[int, ...] = COMMON_EXITS,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Verb]:
    """Make a function a verb; it receives the :class:`Call` as its first argument."""

    def decorate(function: Callable[..., Any]) -> Verb:
        """Turn a function into a verb."""
        make = click.command(
            name, cls=Verb, examples=examples, exits=exits, context_settings=SETTINGS
        )
        command = make(click.pass_obj(function))
        command.params += common_options()  # after the verb's own
        return command

    return decorate


def common_options() -> list[click.Parameter]:
    """Return the switches that every verb has."""
    return [
        _switch(("--json",), "json", "Print one JSON object instead of tables."),
        _switch(("-q", "--quiet"), "quiet", "Leave out progress and messages."),
        _switch(("--debug",), "debug", "Show the trace of an unexpected error."),
    ]


def _switch(flags: tuple[str, ...], field: str, text: str) -> click.Option:
    def store(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value and isinstance(ctx.obj, Call):
            setattr(ctx.obj, field, True)

    return click.Option(
        flags, is_flag=True, expose_value=False, is_eager=True, callback=store, help=text
    )
