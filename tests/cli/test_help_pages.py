"""Help and manual are as complete as a man page."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from optimiser.cli.app import VERBS, app
from optimiser.cli.call import Call
from optimiser.cli.exits import EXITS
from optimiser.cli.manual import Page, markdown, pages, plain, roff
from optimiser.cli.verb import Verb

PAGES = {page.title: page for page in pages(app)}
GROUPS = ("dcopt", "dcopt import", "dcopt export")
VERB_PAGES = [page for title, page in PAGES.items() if title not in GROUPS]


def help_of(*words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--help"], obj=Call())
    assert result.exit_code == 0, result.output
    return result.output


def test_the_group_names_every_verb_and_every_exit_code() -> None:
    """``dcopt --help`` lists all verbs and documents all exit codes."""
    text = help_of()
    assert [verb for verb in VERBS if f"\n  {verb} " not in text] == []
    assert [code for code in EXITS if f"\n  {code} " not in text] == []


@pytest.mark.parametrize("page", VERB_PAGES, ids=lambda page: page.title)
def test_every_verb_explains_itself(page: Page) -> None:
    """Each verb has a sentence, a description, an example that names it, and exit codes."""
    words = page.title.split()[1:]
    text = help_of(*words)
    assert page.summary.endswith(".")
    assert page.paragraphs, "no description beyond the first sentence"
    assert any(line.startswith(page.title) for line, _ in page.examples)
    assert "Examples:" in text
    assert "Exit codes:" in text
    assert "--json" in text
    assert [name for name, meaning in page.options if not meaning] == []


def parse(line: str) -> None:
    """Parse a line of the shell as ``dcopt`` would; raises when it would be refused."""
    words = re.split(r"[|>#]|&&", line)[0].split()
    command: click.Command = app
    ctx, rest = click.Context(app, info_name="dcopt", obj=Call()), words[1:]
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(ctx, rest)
        assert found is not None
        command, ctx = found, click.Context(found, parent=ctx, obj=Call())
    assert isinstance(command, Verb)
    command.parse_args(ctx, list(rest))


@pytest.mark.parametrize("page", VERB_PAGES, ids=lambda page: page.title)
def test_every_example_parses(page: Page) -> None:
    """Each example line is accepted by the parser: its options and arguments exist."""
    assert page.examples
    for line, _ in page.examples:
        parse(line)


@pytest.mark.parametrize("name", ["README.md", "docs/first-site.md", "docs/reading-a-plan.md"])
def test_every_command_of_the_documentation_parses(name: str) -> None:
    """Each ``dcopt`` line in a code block of a page is accepted by the parser."""
    text = (Path(__file__).parents[2] / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    calls = re.findall(r"dcopt [^\n&|#]+", "\n".join(blocks))
    assert calls
    for line in calls:
        parse(line)


def test_manual_pages_are_valid_roff(tmp_path: Path) -> None:
    """Each page has the sections that ``man`` readers look for, with hyphens escaped."""
    for page in PAGES.values():
        text = roff(page, "1.0")
        assert text.startswith(".TH ")
        for heading in (".SH NAME", ".SH SYNOPSIS", ".SH EXIT STATUS"):
            assert heading in text
        assert not any(line.startswith("'") for line in text.splitlines())
    result = CliRunner().invoke(app, ["manual", "--roff", str(tmp_path)], obj=Call())
    assert result.exit_code == 0
    assert len(list(tmp_path.glob("*.1"))) == len(PAGES)


def test_the_manual_of_one_verb_reads_like_a_page() -> None:
    """``dcopt manual check`` shows name, synopsis and exit status as text."""
    result = CliRunner().invoke(app, ["manual", "check"], obj=Call())
    assert "NAME" in result.output
    assert "dcopt check [OPTIONS] SITE" in result.output
    assert plain(PAGES["dcopt check"]) == result.output
    assert "| `--json` |" in markdown(PAGES["dcopt check"])
