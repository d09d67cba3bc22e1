"""How long each phase of a run takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

OnPhase = Callable[[str], None]


class Phases:
    """A stopwatch over named phases; ``seconds`` adds up what each took."""

    def __init__(self, on_phase: OnPhase | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._on_phase = on_phase

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what runs inside, and tell that it begins."""
        if self._on_phase is not None:
            self._on_phase(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 3)
