"""One reason why no plan exists."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One reason why no plan exists.

    ``rule`` and ``who`` name it, ``short_by`` [``unit``] says how much is missing, ``sentence``
    tells it and ``remedy`` says what would be enough.
    """

    rule: str
    who: tuple[str, ...]
    short_by: float
    unit: str
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.sentence}\n    mend:     {self.remedy}"
