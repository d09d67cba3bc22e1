"""Efficiency and use of servers: ITEEsv, ITEUsv, SERT scores.

Sources: ISO/IEC 30134-4 and -5; SERT 2 weights as used with Regulation (EU) 2019/424 (to be checked
against the licensed text of the suite).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from optimiser.analysis.kpi.quantity import NO_DATA, Flag, Quality, Quantity, Ratio
from optimiser.analysis.kpi.ratio import Band, Window, divide

SERT_WEIGHTS = (0.65, 0.30, 0.05)
"""Weights of CPU, memory and storage in the total score of SERT 2."""
MINIMUM_ACTIVE_EFFICIENCY = {"1-socket": 9.0, "2-socket": 9.5, "blade": 8.0}
"""Least active state efficiency by Regulation (EU) 2019/424, to be checked against its text."""


@dataclass(frozen=True, slots=True)
class ServerGroup:
    """Equal servers: greatest performance [operations/s] and the power at it [W], of each."""

    count: int
    performance: float
    power_w: float
    benchmark: str
    source: str = ""


def server_efficiency(
    groups: Sequence[ServerGroup], installed: int, window: Window, accuracy: float = 0.0
) -> Ratio:
    """Return ITEEsv = Σ SMPE / Σ SMPO [operations/s per W] over installed servers.

    Only servers measured with one benchmark may be added. ``installed`` is the number of all
    servers, of which the share that was measured is the completeness; a note tells it. Raises
    ``ValueError`` for two benchmarks, and for more measured servers than installed.
    """
    names = sorted({group.benchmark for group in groups})
    if len(names) > 1:
        raise ValueError(f"servers of several benchmarks cannot be added: {', '.join(names)}")
    known = sum(group.count for group in groups)
    if known > installed:
        raise ValueError(f"{known} servers were measured, {installed} are installed")
    performance = sum(group.count * group.performance for group in groups)
    power = sum(group.count * group.power_w for group in groups)
    sources = tuple(group.source for group in groups if group.source)
    share = known / installed if installed else 0.0
    coverage = Flag(
        "COVERAGE", f"{known} of {installed} servers; benchmark {''.join(names)}", "note"
    )
    return divide(
        "ITEEsv",
        ("smpe", "operations/s", [_asset("smpe", performance, "operations/s", known, sources)]),
        ("smpo", "W", [_asset("smpo", power, "W", known, sources, accuracy)]),
        "operations/s/W",
        replace(window, is_year=True, enough=0.0),  # a property of assets, not of a period
        Band(0.0, is_open=True, why="performance was given as zero"),
        method="iteesv@1",
        flags=(replace(coverage, sentence=f"{coverage.sentence} ({100 * share:.3g} %)"),),
    )


def _asset(
    name: str, value: float, unit: str, known: int, sources: tuple[str, ...], relative: float = 0.0
) -> Quantity:
    if not known:
        return Quantity(name, None, unit, Quality.MISSING, completeness=0.0, reason=NO_DATA)
    return Quantity(name, value, unit, relative=relative, sources=sources, method="asset-sum@1")


def sert_worklet(normalised: Sequence[float]) -> float:
    """Return the score of a worklet: geometric mean over load levels of performance per W.

    Raises ``ValueError`` for none or for one that is not positive.
    """
    if not normalised or min(normalised) <= 0:
        raise ValueError("a worklet score needs positive efficiencies")
    return math.exp(math.fsum(math.log(one) for one in normalised) / len(normalised))


def sert_total(cpu: float, memory: float, storage: float) -> float:
    """Return the total SERT 2 score of the scores of CPU, memory and storage.

    ``exp(0.65 ln CPU + 0.30 ln memory + 0.05 ln storage)``. Raises ``ValueError`` for a score that
    is not positive.
    """
    scores = (cpu, memory, storage)
    if min(scores) <= 0:
        raise ValueError("SERT scores are positive")
    pairs = zip(SERT_WEIGHTS, scores, strict=True)
    return math.exp(math.fsum(weight * math.log(score) for weight, score in pairs))
