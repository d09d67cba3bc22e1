"""The demo site: how soon a verified plan is there and how good it is after a minute."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import dcopt, measure
from benchmarks.outcome import Outcome, Value
from benchmarks.planned import plan
from optimiser.store.runs import read_run


def demo_plan(folder: Path, *, time_limit_s: float) -> Outcome:
    """Plan the bundled demo site in a process of its own."""
    site = folder / "demo"
    measure(dcopt("init", site, "--site", "demo"))
    planned = plan(site, folder / "runs", time_limit_s)
    proof = read_run(planned.run).plan.proof
    first = planned.first
    row: dict[str, Value] = {
        "first_plan_s": None if first is None else first.wall_s,
        "first_plan_cpu_s": None if first is None else first.cpu_s,
        "gap_after_10_s": planned.gap_after(10.0),
        "gap_after_30_s": planned.gap_after(30.0),
        "gap_at_end": proof.gap,
        "objective": proof.objective,
        "bound": proof.bound,
        "stopped": planned.stopped,
        "wall_s": planned.cost.wall_s,
        "cpu_s": planned.cost.cpu_s,
        "peak_mb": planned.cost.peak_mb,
    }
    in_time = first is not None and first.wall_s <= 5.0
    is_close = proof.gap is not None and proof.gap <= 0.02
    notes = (
        "seconds count from the start of the process, imports included; kernels compiled before",
        "wall seconds include what other work on the machine took; peak memory of one process",
    )
    return Outcome([row], in_time and is_close, notes)
