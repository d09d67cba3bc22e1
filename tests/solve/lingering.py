"""A bound that is still amid its work when everything else has ended; run by a test."""

from __future__ import annotations

import time

from instances.tiny import tiny

from optimiser.schema.study import Study
from optimiser.solve import bound
from optimiser.solve.problem import lower
from optimiser.solve.progress import Clockwork


class Slow(bound.Bounder):
    """Works for a second, whatever is asked of it."""

    def _work(self) -> None:
        time.sleep(1.0)
        print("ended", flush=True)


if __name__ == "__main__":
    bound.STOP_S = 0.01
    _, twin, rules = tiny(1, [{"cpu": 10, "host": "h1"}])
    slow = Slow(lower(twin, rules, Study().weights), Clockwork(10.0))
    slow.start()
    slow.stop()
    print(f"busy: {slow.is_busy}", flush=True)
