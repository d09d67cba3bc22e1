"""``dcopt init``: start from a bundled site."""

from __future__ import annotations

from pathlib import Path

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb


@verb(
    examples=(
        ("dcopt init mysite", "Copy the demo site (about 600 hosts) to the folder mysite"),
        ("dcopt init mysite --site small", "Copy the small site, which can be read in minutes"),
        ("dcopt library sites", "List the bundled sites"),
    )
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--site", default="demo", show_default=True, help="Which bundled site to copy.")
@click.option("--force", is_flag=True, help="Replace a site that is there; its runs are kept.")
def init(call: Call, folder: Path, site: str, force: bool) -> None:
    """Copy a bundled site to FOLDER to start from.

    FOLDER then holds site.yaml, study.yaml and the tables beside them, all commented, and the
    JSON schemas with which an editor completes and checks the YAML. The folder appears whole or
    not at all; a folder that is there is left alone unless --force is given.
    """
    from optimiser.cli.console import print_json, print_tables
    from optimiser.workflow.init import init_site

    made = init_site(folder, site=site, force=force)
    if call.json:
        print_json("dcopt.init/1", made.to_dict())
        return
    print_tables(f"{made.folder}: {made.title}")
    if not call.quiet:
        print_tables(f"next: dcopt check {made.folder}, then dcopt plan {made.folder}")
