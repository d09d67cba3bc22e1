"""The group of verbs and the one place where an error becomes an exit code."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import click

from optimiser.cli.call import Call
from optimiser.cli.exits import exit_lines
from optimiser.cli.failures import exit_code_of
from optimiser.cli.verb import SETTINGS
from optimiser.errors import did_you_mean

VERBS: dict[str, str] = {
    "init": "optimiser.cli.init_verb:init",
    "check": "optimiser.cli.check_verb:check",
    "simulate": "optimiser.cli.simulate_verb:simulate",
    "plan": "optimiser.cli.plan_verb:plan",
    "admit": "optimiser.cli.admit_verb:admit",
    "verify": "optimiser.cli.verify_verb:verify",
    "explain": "optimiser.cli.explain_verb:explain",
    "report": "optimiser.cli.report_verb:report",
    "import": "optimiser.cli.import_verb:import_group",
    "export": "optimiser.cli.export_verb:export_group",
    "library": "optimiser.cli.library_verb:library",
    "manual": "optimiser.cli.manual_verb:manual",
}
"""Verb -> where its command is, in the order of a first hour."""


class LazyGroup(click.Group):
    """A group that imports a verb when it is called or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order a new user meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; ``None`` when there is none of that name."""
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; an unknown one is answered with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            near = did_you_mean(args[0], VERBS)
            hint = near or f"the verbs are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no verb '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first hour and the exit codes."""
        with formatter.section("Examples"):
            for line in (
                "dcopt init mysite",
                "dcopt plan mysite",
                "dcopt verify mysite/runs/latest",
            ):
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl(exit_lines())


@click.command(cls=LazyGroup, context_settings=SETTINGS)
@click.version_option(
    package_name="dc-optimiser", prog_name="dcopt", message="%(prog)s %(version)s"
)
def app() -> None:
    """Plan where workloads run in a data centre, which hosts sleep and what that saves.

    A site is a folder with site.yaml and tables beside it. The plan is checked exactly before it
    is written, and says how far from the best possible it can be. Results go to standard output,
    progress and messages to standard error; NO_COLOR is honoured.
    """


def run(args: Sequence[str] | None = None) -> int:
    """Run one call and return its exit code."""
    call = Call()
    _tolerate_narrow_encodings()
    _collect_garbage_less_often()
    try:
        result: Any = app.main(
            args=None if args is None else list(args),
            prog_name="dcopt",
            standalone_mode=False,
            obj=call,
        )
    except BaseException as error:
        return exit_code_of(error, call)
    return result if isinstance(result, int) else 0


def _tolerate_narrow_encodings() -> None:
    """Write ``?`` for characters that an ASCII terminal cannot show, instead of failing."""
    import io
    import sys

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _collect_garbage_less_often() -> None:
    """Start a garbage collection after 100,000 new objects instead of 700.

    Importing and building models makes many objects and almost no garbage, so that the default
    spends a tenth of a short call on looking for some.
    """
    import gc

    gc.set_threshold(100_000, 20, 20)
