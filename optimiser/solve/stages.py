"""The linear relaxations that bound a site, the coarsest first."""

from __future__ import annotations

from dataclasses import dataclass

# pairs of groups; beyond, a stage costs the search more time than its bound is worth
LARGEST_MODEL = 40_000
LARGEST_BY_RACK = 8_000


@dataclass(frozen=True)
class Stage:
    """One relaxation: which domain levels tell hosts apart, and how large it may be.

    Unless ``has_groups`` the rules about sets of workloads are left out too.
    """

    name: str
    levels: tuple[str, ...]
    has_groups: bool
    largest: int
    sentence: str


STAGES = (
    Stage("flavours", (), False, LARGEST_MODEL, "relaxation over flavours and kinds of hosts"),
    Stage(
        "classes", ("zone",), True, LARGEST_MODEL, "relaxation over classes of equal hosts by zone"
    ),
    Stage(
        "racks", ("rack",), True, LARGEST_BY_RACK, "relaxation over classes of equal hosts by rack"
    ),
)
