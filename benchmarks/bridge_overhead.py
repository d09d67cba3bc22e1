"""What our checked bridge costs against plain highspy and Pyomo's interface, in CPU seconds.

Run: ``python -m benchmarks.bridge_overhead [--binaries 100000]`` or as a file. Every way hands
the same assignment model to HiGHS without solving it; each runs in a process of its own, so that
caches and memory do not help the next. "build" (Pyomo components) is the same for all and listed
once; ratios are to plain ``passModel`` of ready arrays.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOSTS = 100
WAYS = ("plain", "bridge_arrays", "bridge_pyomo", "appsi", "small_plain", "small_bridge")
SMALL_SOLVES = 300
PASSES = {way: 60 if way in ("plain", "bridge_arrays") else 1 for way in WAYS}
"""Hand-overs of some milliseconds are repeated; the fastest counts."""


def build_model(binaries: int) -> Any:
    """Assign workloads to hosts: one row per workload, one capacity row per host."""
    import pyomo.environ as pyo

    model = pyo.ConcreteModel()
    model.workload, model.host = range(binaries // HOSTS), range(HOSTS)
    model.place = pyo.Var(model.workload, model.host, domain=pyo.Binary)
    model.once = pyo.Constraint(
        model.workload, rule=lambda m, w: sum(m.place[w, h] for h in m.host) == 1
    )
    model.room = pyo.Constraint(
        model.host,
        rule=lambda m, h: sum((1 + w % 7) * m.place[w, h] for w in m.workload) <= binaries // 20,
    )
    model.total = pyo.Objective(
        expr=sum((1 + (w * h) % 13) * m for (w, h), m in model.place.items())
    )
    return model


def pass_plain(compiled: Any) -> Any:
    """Hand arrays to highspy without any check."""
    import highspy

    from optimiser.solve.bridge import pass_arrays

    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    pass_arrays(highs, compiled)
    return highs


def _pass_appsi(model: Any) -> Any:
    from pyomo.contrib.appsi.solvers import Highs

    solver = Highs()
    solver.set_instance(model)
    return solver


def _solve_small(way: Callable[[Any], Any]) -> None:
    for _ in range(SMALL_SOLVES):
        way(None)


def _small_ways(compiled: Any) -> dict[str, Callable[[Any], Any]]:
    from optimiser.solve.here import solve_here

    def plain(_: Any) -> None:
        highs = pass_plain(compiled)
        highs.run()
        _ = list(highs.getSolution().col_value)

    return {"small_plain": plain, "small_bridge": lambda _: solve_here(compiled)}


def _timed(way: str, model: Any, compiled: Any) -> float:
    """Return the CPU seconds of one hand-over, or of all small solves."""
    from optimiser.solve.bridge import pass_to_highs
    from optimiser.solve.compile import compile_model

    began = time.process_time()
    if way.startswith("small"):
        _solve_small(_small_ways(compiled)[way])
    elif way == "appsi":
        _pass_appsi(model)
    elif way == "plain":
        pass_plain(compiled)
    else:
        pass_to_highs(compile_model(model) if compiled is None else compiled)
    return time.process_time() - began


def measure(way: str, binaries: int) -> dict[str, float]:
    """Return CPU seconds and peak memory [MB] of one way, in this process."""
    from optimiser.solve.compile import compile_model

    small = way.startswith("small")
    if way == "appsi":
        _pass_appsi(build_model(HOSTS))  # imports outside the clock
    compile_model(build_model(HOSTS))
    began = time.process_time()
    model = build_model(20 * HOSTS // 10 if small else binaries)
    built = time.process_time() - began
    compiled = None if way in ("appsi", "bridge_pyomo") else compile_model(model)
    spent = min(_timed(way, model, compiled) for _ in range(PASSES[way]))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"build_s": built, "pass_s": spent, "peak_mb": peak_mb}


def _measure_apart(way: str, binaries: int, repeats: int) -> dict[str, float]:
    """Best of several processes."""
    command = [sys.executable, __file__, "--way", way, "--binaries", str(binaries)]
    home = str(Path(__file__).resolve().parents[1])
    runs = []
    for _ in range(repeats):
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONPATH": home}
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(runs, key=lambda run: run["pass_s"])


def main() -> None:
    """Measure every way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="measure one way in this process, as JSON")
    chosen = parser.parse_args()
    if chosen.way:
        print(json.dumps(measure(chosen.way, chosen.binaries)))
        return
    found = {way: _measure_apart(way, chosen.binaries, chosen.repeats) for way in WAYS}
    print(
        f"{chosen.binaries} binaries; building the Pyomo model: {found['plain']['build_s']:.2f} s"
    )
    print(f"{'way':<14}{'CPU s':>9}{'ratio':>9}{'peak MB':>9}")
    for way, run in found.items():
        base = found["small_plain" if way.startswith("small") else "plain"]["pass_s"]
        print(f"{way:<14}{run['pass_s']:9.3f}{run['pass_s'] / base:9.2f}{run['peak_mb']:9.0f}")
    print(f"small_*: {SMALL_SOLVES} solves of a 200-binary model, answers checked in small_bridge")


if __name__ == "__main__":
    main()
