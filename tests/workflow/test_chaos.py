"""A plan that is struck at a random moment leaves nothing half done; ``make chaos`` tries more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from optimiser.cli.app import run
from tests.workflow.chaos import BLOWS, Arena, can_mount
from tests.workflow.disk_sites import FILES, write_site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prlimit"),
]
STUDY = FILES["study.yaml"]
BRIEF = STUDY.replace("time_limit_s: 5", "time_limit_s: 1") + "frontier: []\n"
ATTEMPTS = 6
"""Plans until one still runs, or has a child, when the blow falls."""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """Plan the small site once, for an older run and the time that a plan takes."""
    folder = tmp_path_factory.mktemp("chaos")
    site = write_site(folder / "site", [("study.yaml", STUDY, BRIEF)])
    return Arena(site, folder / "tmp")


def test_a_killed_solver_leaves_nothing_half_done(tmp_path: Path) -> None:
    """On a site that is too large to be solved in the process of the plan itself."""
    folder = tmp_path / "site"
    assert run(["init", str(folder), "--site", "small", "-q"]) == 0
    with (folder / "study.yaml").open("a", encoding="utf-8") as study:
        study.write("\nsolver: {time_limit_s: 2}\nfrontier: []\n")
    assert _strike(Arena(folder, tmp_path / "tmp"), "kill child") == []


@pytest.mark.parametrize("blow", ["kill parent", "terminate", "small files", "full disk"])
def test_nothing_is_left_half_done(arena: Arena, blow: str) -> None:
    """The older run stays readable, no draft or process stays, and the exit code is documented."""
    if blow == "full disk" and not can_mount():
        pytest.skip("small file systems cannot be mounted here")
    assert _strike(arena, blow) == []


def _strike(arena: Arena, blow: str) -> list[str]:
    """Return what was wrong, after blows until one struck."""
    wrong: list[str] = []
    for attempt in range(ATTEMPTS):
        outcome = arena.strike(BLOWS.index(blow) + 100 * attempt, blow)
        wrong += outcome.wrong
        if outcome.struck:
            return wrong
    return [*wrong, "there was never anything to strike"]
