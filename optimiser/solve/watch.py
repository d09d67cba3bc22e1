"""What is known of a solve while it runs: best checked point, bound, answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from optimiser.errors import SolverError
from optimiser.solve.child_files import decode_point, read_answer, read_incumbent
from optimiser.solve.compiled import Compiled, Floats
from optimiser.solve.here import place_continuous
from optimiser.solve.judge import admit_point, better_of, judge_answer
from optimiser.solve.run import RawAnswer
from optimiser.solve.settings import Incumbent, Progress, SolveResult, SolveSettings, measure_gap
from optimiser.solve.status import SolveStatus

OnImprove = Callable[[Incumbent], None]
OnProgress = Callable[[Progress], None]
Cancel = Callable[[], bool]


@dataclass
class Watch:
    """What is known of one solve while it runs."""

    compiled: Compiled
    settings: SolveSettings
    on_improve: OnImprove | None
    on_progress: OnProgress | None
    cancel: Cancel | None
    began: float = field(default_factory=time.monotonic)
    folder: Path = Path()
    best: Incumbent | None = None
    bound: float | None = None
    nodes: int = 0
    answer: RawAnswer | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds since the solve was asked for."""
        return time.monotonic() - self.began

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the deadline, or None without one."""
        limit = self.settings.time_limit_s
        return None if limit is None else limit - self.seconds

    def offer(self, x: Floats | None) -> None:
        """Check a point and keep it if it is legal and better."""
        found = admit_point(self.compiled, x, self.seconds, place_continuous)
        if found is None:
            if x is not None:
                self.note("A streamed point failed our check and was dropped.")
            return
        if better_of(self.compiled, self.best, found) is found:
            self.best = found
            if self.on_improve:
                self.on_improve(found)

    def note(self, sentence: str) -> None:
        """Remember a sentence once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def take(self, line: dict[str, Any]) -> None:
        """Use one line from the child."""
        if "why" in line:
            self.note(f"The exchange folder could not be written ({line['why']}).")
        handler = getattr(self, f"_take_{line['event']}", None)
        if handler:
            handler(line)

    def _take_incumbent(self, line: dict[str, Any]) -> None:
        inline = decode_point(line.get("inline"))
        self.offer(read_incumbent(self.folder) if inline is None else inline)

    def _take_progress(self, line: dict[str, Any]) -> None:
        self.nodes = line["nodes"]
        self.bound = self.bound if line["bound"] is None else line["bound"]
        if self.on_progress:
            best = None if self.best is None else self.best.objective
            gap = measure_gap(best, self.bound)
            self.on_progress(Progress(best, self.bound, gap, self.seconds, self.nodes))

    def _take_done(self, line: dict[str, Any]) -> None:
        self.answer = read_answer(self.folder, line)

    def _take_error(self, line: dict[str, Any]) -> None:
        raise SolverError(line["message"], line["remedy"])

    def close(self, ended: SolveStatus) -> SolveResult:
        """Judge what is in hand; ``ended`` says why when the child did not finish itself."""
        raw = self.answer or RawAnswer(ended, bound=self.bound, nodes=self.nodes)
        raw = replace(raw, seconds=self.seconds, notes=(*raw.notes, *self.notes))
        return judge_answer(self.compiled, raw, self.best, place_continuous)
