"""``python -m benchmarks``: run the short benchmarks and rewrite ``RESULTS.md``."""

from __future__ import annotations

from benchmarks.run import main

if __name__ == "__main__":
    main()
