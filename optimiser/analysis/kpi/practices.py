"""Practices of the European Code of Conduct: how many of a section have which state.

Only numbers are known here; the text of the practices belongs to its publisher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from optimiser.schema.reporting import Practice
from optimiser.schema.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class SectionState:
    """Practices of one section by state, those of sections below it included."""

    number: str
    title: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def told(self) -> int:
        """Practices whose state is told."""
        return sum(self.counts.values())


def practice_states(ruleset: Ruleset, practices: Sequence[Practice]) -> list[SectionState]:
    """Return the state of each section of a ruleset, in its order.

    Raises ``ValueError`` for a practice of a section that the ruleset does not have.
    """
    known = [section.number for section in ruleset.practice_sections]
    lost = [one.number for one in practices if not any(_within(one.number, n) for n in known)]
    if lost:
        raise ValueError(f"{ruleset.id} has no section for {', '.join(lost)}")
    found = []
    for section in ruleset.practice_sections:
        counts: dict[str, int] = {}
        for one in practices:
            if _within(one.number, section.number):
                counts[one.status] = counts.get(one.status, 0) + 1
        found.append(SectionState(section.number, section.title, dict(sorted(counts.items()))))
    return found


def _within(number: str, section: str) -> bool:
    return number == section or number.startswith(f"{section}.")
