"""Plan a site exactly as ``dcopt plan`` does, and note when which plan was known.

Run: ``python -m benchmarks.watched SITE RUNS --time-limit 60``; prints one line of JSON. A tick is
(wall seconds, CPU seconds, best, bound); seconds count from the start of the process.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

BEGAN = time.monotonic() - time.process_time()
"""The start of the process: what ran before this line took processor time only."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Plan, then print when plans came in and what the run folder is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=None)
    options = parser.parse_args(arguments)

    sys.modules.setdefault("dask", None)  # type: ignore[arg-type]  # out of sight, as in dcopt
    from optimiser.workflow.plan import PlanOptions, Tick, Unwatched, plan_site

    class Notes(Unwatched):
        """Keeps what the search says, with the time it was said."""

        ticks: list[tuple[float, float, float | None, float | None]] = []  # noqa: RUF012

        def tick(self, tick: Tick) -> None:
            """Note plan and bound."""
            wall_s, cpu_s = time.monotonic() - BEGAN, time.process_time()
            self.ticks.append((wall_s, cpu_s, tick.best, tick.bound))

    notes = Notes()
    asked = PlanOptions(time_limit_s=options.time_limit, gap=options.gap, runs=options.runs)
    outcome = plan_site(options.site, asked, notes)
    print(json.dumps({"run": str(outcome.run), "ticks": notes.ticks, "stopped": outcome.stopped}))


if __name__ == "__main__":
    main()
