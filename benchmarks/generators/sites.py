"""Make the bundled sites and the scale instances: ``python -m benchmarks.generators.sites demo``.

One seed and one specification give the same bytes every time. Every folder says in its
``dataset.yaml`` which command made it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.generators.consolidation_site import SIZES, make_consolidation
from benchmarks.generators.demo_site import demo_spec
from benchmarks.generators.scale_site import scale_spec
from benchmarks.generators.small_site import small_spec
from benchmarks.generators.spec import SiteSpec, make_series_dataset, make_site


def _specs() -> dict[str, Callable[[], SiteSpec]]:
    scales = {
        f"scale-{hosts}x{workloads}": (
            lambda hosts=hosts, workloads=workloads: scale_spec(hosts, workloads)
        )
        for hosts, workloads in ((1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000))
    }
    return {"small": small_spec, "demo": demo_spec, **scales}


def _consolidations() -> dict[str, tuple[int, int]]:
    return {f"consolidation-{workloads}x{hosts}": (workloads, hosts) for workloads, hosts in SIZES}


def spec_named(name: str) -> SiteSpec:
    """Return the specification of ``small``, ``demo`` or ``scale-1000x10000``."""
    return _specs()[name]()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one site, or the series data set, into a folder."""
    root = Path(__file__).resolve().parents[2]
    homes = {
        "small": root / "models" / "sites" / "small",
        "demo": root / "models" / "sites" / "demo",
        "series": root / "datasets" / "demo",
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[*_specs(), *_consolidations(), "series"])
    parser.add_argument("-o", "--output", type=Path, help="folder; bundled ones have their place")
    parser.add_argument("--force", action="store_true", help="replace an existing site folder")
    options = parser.parse_args(arguments)
    folder = options.output or homes.get(options.name) or Path(options.name)
    if options.name == "series":
        print(make_series_dataset(folder))
    elif options.name in _consolidations():
        sizes = _consolidations()[options.name]
        print(make_consolidation(folder, *sizes, force=options.force))
    else:
        print(make_site(folder, spec_named(options.name), force=options.force))


if __name__ == "__main__":
    main()
