"""The order of moves: arrays of moves in waves, and its exact way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimiser.analysis.verdict import Placement


@dataclass(frozen=True)
class MoveOrder:
    """Moves in order: arrays of equal length, one entry per move.

    ``workload``, ``source`` (−1: not running), ``target`` (−1: stops) and ``wave`` int32,
    ``bounce`` bool. ``start`` and ``end`` are the placements at both ends. ``stuck`` names the
    workloads that cannot reach their host legally, with what is in the way, ``left_out`` those
    that a better plan would have moved. ``is_reverse`` marks the way back, on which hosts wake
    where they fell asleep and sleep where they woke.
    """

    workload: np.ndarray
    source: np.ndarray
    target: np.ndarray
    wave: np.ndarray
    bounce: np.ndarray
    start: Placement
    end: Placement
    stuck: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    is_reverse: bool = False

    @property
    def num_waves(self) -> int:
        """Number of waves."""
        return int(self.wave.max(initial=-1)) + 1

    @property
    def is_complete(self) -> bool:
        """Whether the moves lead to the plan."""
        return not self.stuck

    def reverse(self) -> MoveOrder:
        """Return the exact way back: each move undone, last first."""
        return replace(
            self,
            workload=self.workload[::-1].copy(),
            source=self.target[::-1].copy(),
            target=self.source[::-1].copy(),
            wave=(self.num_waves - 1 - self.wave[::-1]).astype(np.int32),
            bounce=_detours(self.workload[::-1], self.source[::-1], self.start.host),
            start=self.end,
            end=self.start,
            is_reverse=not self.is_reverse,
        )


def _detours(workload: np.ndarray, target: np.ndarray, final: np.ndarray) -> np.ndarray:
    """Return which moves do not end where the workload stays."""
    return np.asarray(target != np.asarray(final)[workload])
