"""What one benchmark found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Value = str | int | float | None


@dataclass(frozen=True)
class Outcome:
    """Rows of named values (units in the names), whether the target is met, and footnotes."""

    rows: list[dict[str, Value]]
    met: bool
    footnotes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)


class UnavailableError(Exception):
    """The benchmark cannot run here; the text says why."""
