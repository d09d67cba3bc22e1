"""Run benchmarks and rewrite ``RESULTS.md``.

``python -m benchmarks.run`` runs the short ones (below ten minutes on two cores), ``--full`` all
of them, and names choose single ones: ``python -m benchmarks.run planetlab-20110303 help``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

# sums must not depend on a second thread, and peers are measured in processor time of one
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from benchmarks.machine import stamp
from benchmarks.outcome import Outcome, UnavailableError
from benchmarks.planned import warm_up
from benchmarks.registry import SPECS, Spec, chosen
from benchmarks.results import keep, show, write_page


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a target is missed with ``--strict``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="benchmarks; the short ones by default")
    parser.add_argument("--full", action="store_true", help="all benchmarks")
    parser.add_argument("--list", action="store_true", help="list them and stop")
    parser.add_argument("--no-record", action="store_true", help="leave RESULTS.md as it is")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args(arguments)
    if options.list:
        for spec in SPECS:
            print(f"{spec.name:24}{'short' if spec.is_short else 'full':7}{spec.what}")
        return 0
    unknown = set(options.names) - {spec.name for spec in SPECS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; --list shows them")
    missed = _run_all(chosen(options.names, options.full), record=not options.no_record)
    return 1 if missed and options.strict else 0


def _run_all(specs: Sequence[Spec], *, record: bool) -> list[str]:
    """Run specs one after the other; return the names of those that missed their target."""
    missed, moment = [], stamp()  # files may change while this runs
    with tempfile.TemporaryDirectory(prefix="dcopt-bench-") as name:
        if any("time_limit_s" in dict(spec.options) for spec in specs):
            warm_up(Path(name))
        for spec in specs:
            outcome = _run_one(spec, Path(name))
            if outcome is None:
                continue
            missed += [] if outcome.met else [spec.name]
            if record:
                keep(spec, outcome, moment)
                write_page()
    return missed


def _run_one(spec: Spec, scratch: Path) -> Outcome | None:
    """Measure one spec in a folder of its own and print its rows; ``None`` if it cannot run."""
    module, function = spec.run.split(":")
    run: Callable[..., Outcome] = getattr(import_module(module), function)
    folder = scratch / spec.name
    folder.mkdir()
    began = time.monotonic()
    try:
        outcome = run(folder, **dict(spec.options))
    except UnavailableError as reason:
        print(f"{spec.name}: skipped, {reason}", flush=True)
        return None
    took = time.monotonic() - began
    verdict = "target met" if outcome.met else "target NOT met"
    print(f"{spec.name}: {verdict} (whole run {took:.0f} s)", flush=True)
    for row in outcome.rows:
        print("   " + ", ".join(f"{key} {show(key, value)}" for key, value in row.items()))
    return outcome


if __name__ == "__main__":
    sys.exit(main())
