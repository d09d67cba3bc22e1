"""``dcopt manual``: the manual pages, for reading, for ``man`` and for the documentation."""

from __future__ import annotations

from pathlib import Path

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb


@verb(
    examples=(
        ("dcopt manual plan", "Read the page of one verb"),
        ("dcopt manual --roff ~/.local/share/man/man1", "Install the pages for man"),
        ("dcopt manual --markdown", "Print all pages as Markdown"),
    ),
    exits=(0, 1, 2, 69),
)
@click.argument("name", required=False, metavar="[VERB]")
@click.option(
    "--roff", "folder", type=click.Path(path_type=Path), help="Write man pages into this folder."
)
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def manual(call: Call, name: str | None, folder: Path | None, markdown: bool) -> None:
    """Show the manual of VERB, or of all verbs.

    The pages are made from the commands themselves, so they always say what the program does.
    """
    from optimiser import __version__
    from optimiser.cli import manual as pages
    from optimiser.cli.app import app
    from optimiser.errors import UsageError, did_you_mean

    found = {page.title: page for page in pages.pages(app)}
    if name is not None:
        title = f"dcopt {name}"
        if title not in found:
            near = did_you_mean(name, [t.removeprefix("dcopt ") for t in found])
            raise UsageError(f"there is no verb {name!r}", near or "see dcopt --help")
        found = {title: found[title]}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for title, page in found.items():
            path = folder / f"{title.replace(' ', '-')}.1"
            path.write_text(pages.roff(page, __version__), encoding="utf-8")
        click.echo(f"{folder}: {len(found)} pages")
        return
    if call.json:
        from dataclasses import asdict

        from optimiser.cli.console import print_json

        print_json("dcopt.manual/1", {"pages": [asdict(page) for page in found.values()]})
        return
    write = pages.markdown if markdown else pages.plain
    click.echo("\n".join(write(page) for page in found.values()), nl=False)
