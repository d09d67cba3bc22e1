"""How long reading and checking a large site takes.

Writes a site of 10,000 hosts, 100,000 workloads and 100,000 placements as CSV (and as Parquet with
``--parquet``), reads it with every check and prints CPU seconds. Goal: below 5 s.

Run: ``python benchmarks/read_tables.py [--hosts 10000] [--workloads 100000] [--parquet]``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from optimiser.errors import InputError
from optimiser.library.site import read_site

SITE = """\
name: large
power:
  feeds: [{{name: A}}, {{name: B}}]
  ups:
    - {{name: UA, card: ups-modern-1000, feed: A, count: 20}}
    - {{name: UB, card: ups-modern-1000, feed: B, count: 20}}
tables:
  hosts: hosts.{form}
  racks: racks.{form}
  services: services.{form}
  workloads: workloads.{form}
  placement: placement.{form}
  demand: demand.{form}
  pdus: pdus.{form}
sla_classes: [{{name: gold, peak: true}}, {{name: silver}}]
policies:
  - {{name: racks, kind: domain_capacity}}
  - {{name: spread, kind: spread, workloads: {{sla_classes: [gold]}}, max_per_domain: 10}}
"""


def make_tables(num_hosts: int, num_workloads: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return the tables of a synthetic site by name."""
    rng = np.random.default_rng(seed)
    host, work = np.arange(num_hosts), np.arange(num_workloads)
    racks = [f"r{i}" for i in range(-(-num_hosts // 20))]
    services = [f"s{i}" for i in range(max(1, num_workloads // 25))]
    cards = np.array(["hpe-dl380-gen10", "lenovo-sr665", "asus-rs500a-e10"])
    workloads = pd.DataFrame(
        {
            "name": [f"w{i}" for i in work],
            "service": rng.choice(services, num_workloads),
            "profile": rng.choice(["web", "batch"], num_workloads),
            "labels": rng.choice(["tier=front", "tier=back;data=eu", ""], num_workloads),
            "cpu": rng.integers(100, 4000, num_workloads),
            "memory": rng.integers(256, 16384, num_workloads),
        }
    )
    hosts = pd.DataFrame(
        {
            "name": [f"h{i}" for i in host],
            "rack": [racks[i // 20] for i in host],
            "card": rng.choice(cards, num_hosts),
            "labels": [f"batch={i % 7}" for i in host],
        }
    )
    placed = np.array([f"h{i}" for i in rng.integers(0, num_hosts, num_workloads)])
    hours = [f"{h:02d}:00" for h in range(24)]
    return {
        "hosts": hosts,
        "racks": pd.DataFrame({"name": racks, "pdu_a": "pa", "pdu_b": "pb", "units": 42}),
        "services": pd.DataFrame(
            {"name": services, "sla_class": rng.choice(["gold", "silver"], len(services))}
        ),
        "workloads": workloads,
        "placement": pd.DataFrame({"workload": workloads["name"], "host": placed}),
        "demand": pd.DataFrame(
            {"time": hours * 2, "profile": ["web"] * 24 + ["batch"] * 24, "cpu": 0.5}
        ),
        "pdus": pd.DataFrame({"name": ["pa", "pb"], "card": "busway-400", "ups": ["UA", "UB"]}),
    }


def write_site(folder: Path, tables: dict[str, pd.DataFrame], form: str) -> None:
    """Write ``site.yaml`` and its tables as ``csv`` or ``parquet``."""
    (folder / "site.yaml").write_text(SITE.format(form=form), encoding="utf-8")
    for name, frame in tables.items():
        path = folder / f"{name}.{form}"
        if form == "csv":
            frame.to_csv(path, index=False)
            continue
        with duckdb.connect() as connection:
            connection.register("frame", frame)
            connection.execute("COPY frame TO ? (FORMAT parquet)", [str(path)])


def time_reading(folder: Path) -> tuple[float, str]:
    """Return the CPU seconds of one reading and what came of it."""
    start = time.process_time()
    try:
        site = read_site(folder)
        found = f"{len(site.hosts):,} hosts, {len(site.workload_units):,} workloads"
    except InputError as error:
        found = f"{len(error.problems)} problems told"
    return time.process_time() - start, found


def main() -> None:
    """Measure a correct site and the same site with every host name wrong in the placement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--workloads", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parquet", action="store_true", help="measure Parquet as well")
    arguments = parser.parse_args()
    tables = make_tables(arguments.hosts, arguments.workloads, arguments.seed)
    forms = ["csv", "parquet"] if arguments.parquet else ["csv"]
    for form in forms:
        with tempfile.TemporaryDirectory() as name:
            write_site(Path(name), tables, form)
            seconds, found = time_reading(Path(name))
            print(f"{form:8} correct   {seconds:6.2f} CPU-s   {found}")
            broken = tables["placement"].assign(host=tables["placement"]["host"] + "x")
            write_site(Path(name), {"placement": broken}, form)
            seconds, found = time_reading(Path(name))
            print(f"{form:8} all wrong {seconds:6.2f} CPU-s   {found}")


if __name__ == "__main__":
    main()
