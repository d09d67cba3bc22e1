"""Which engine decodes meter files fastest: DuckDB, Polars or PyArrow.

Run: ``python -m benchmarks.meter_engines`` in an environment with all three (``pip install duckdb
polars pyarrow pandas``); those that are not there are left out. 100 meters, a month of minutes, two
threads; each way in a process of its own, the best of three counts. *long*, *wide*: samples as flat
arrays for the kernels of :mod:`optimiser.library.meters`; *sql*: differences and sums by hour in
the engine itself.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

METERS, MINUTES = 100, 31 * 1440
RUNS = 3


def write_files(folder: Path) -> None:
    """Write the same counters as a long and as a wide Parquet file."""
    import duckdb
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(1)
    time_s = np.datetime64("2026-01-01", "s") + 60 * np.arange(MINUTES)
    read = np.cumsum(random.integers(2000, 6000, (METERS, MINUTES)), axis=1)
    names = [f"m{i:04d}" for i in range(METERS)]
    meter = pd.Categorical.from_codes(np.repeat(np.arange(METERS), MINUTES), names)
    long = pd.DataFrame({"meter": meter, "time": np.tile(time_s, METERS), "value": read.ravel()})
    wide = pd.DataFrame({"time": time_s} | dict(zip(names, read, strict=True)))
    options = "FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2"
    with duckdb.connect() as connection:
        connection.register("long_rows", long)
        connection.register("wide_rows", wide)
        for form, columns in (("long", "meter::VARCHAR AS meter, time, value"), ("wide", "*")):
            connection.execute(
                f"COPY (SELECT {columns} FROM {form}_rows) TO '{folder}/{form}.parquet' ({options})"
            )


def duckdb_long(folder: Path) -> None:
    """Fetch index, time and value."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            "CREATE TABLE wanted AS SELECT printf('m%04d', i) AS channel, i::INTEGER AS row "
            f"FROM range({METERS}) AS all_rows(i)"
        )
        connection.execute(
            "SELECT row, epoch_us(time) AS t, value::DOUBLE AS v FROM "
            f"read_parquet('{folder}/long.parquet') JOIN wanted ON meter = channel"
        ).fetchnumpy()


def duckdb_wide(folder: Path) -> None:
    """Fetch all columns."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"SELECT * FROM read_parquet('{folder}/wide.parquet')").fetchnumpy()


def duckdb_sql(folder: Path) -> None:
    """Difference and sum in SQL."""
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            "WITH steps AS (SELECT meter, time, value - lag(value) OVER (PARTITION BY meter "
            f"ORDER BY time) AS gain FROM read_parquet('{folder}/long.parquet')) "
            "SELECT meter, date_trunc('hour', time), sum(gain) FROM steps GROUP BY ALL"
        ).fetchnumpy()


def polars_long(folder: Path) -> None:
    """Collect and hand over to NumPy."""
    import polars as pl

    index = pl.col("meter").cast(pl.Categorical).to_physical()
    frame = pl.scan_parquet(folder / "long.parquet").with_columns(index).collect()
    for column in frame:
        column.to_numpy()


def polars_wide(folder: Path) -> None:
    """Collect all columns."""
    import polars as pl

    for column in pl.read_parquet(folder / "wide.parquet"):
        column.to_numpy()


def polars_sql(folder: Path) -> None:
    """Difference and sum lazily."""
    import polars as pl

    gain = (pl.col("value") - pl.col("value").shift(1)).over("meter").alias("gain")
    hour = pl.col("time").dt.truncate("1h")
    frame = pl.scan_parquet(folder / "long.parquet").sort("meter", "time").with_columns(gain)
    frame.group_by("meter", hour).agg(pl.col("gain").sum()).collect()


def pyarrow_long(folder: Path) -> None:
    """Read with the meter as a dictionary."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "long.parquet", read_dictionary=["meter"])
    table["meter"].combine_chunks().indices.to_numpy()
    for name in ("time", "value"):
        table[name].to_numpy()


def pyarrow_wide(folder: Path) -> None:
    """Read all columns."""
    import pyarrow.parquet as pq

    for column in pq.read_table(folder / "wide.parquet").columns:
        column.to_numpy()


WAYS: dict[str, Callable[[Path], None]] = {
    way.__name__: way
    for way in (
        duckdb_long, duckdb_wide, duckdb_sql, polars_long, polars_wide, polars_sql, pyarrow_long,
        pyarrow_wide,
    )
}  # fmt: skip


def measure_one(name: str, folder: Path) -> None:
    """Run one way and print seconds."""
    importlib.import_module(name.split("_", maxsplit=1)[0])
    began = time.perf_counter()
    WAYS[name](folder)
    print(time.perf_counter() - began)


def main() -> None:
    """Write the files and measure every way that is installed."""
    environment: dict[str, Any] = {**os.environ, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2"}
    with tempfile.TemporaryDirectory(prefix="dcopt-engines-") as name:
        folder = Path(name)
        write_files(folder)
        for way in WAYS:
            if importlib.util.find_spec(way.split("_")[0]) is None:
                continue
            command = [sys.executable, "-m", "benchmarks.meter_engines", way, str(folder)]
            told = [
                subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
                for _ in range(RUNS)
            ]
            seconds = min(float(run.stdout) for run in told)
            rate = METERS * MINUTES / seconds / 1e6
            print(f"{way:14}{seconds:7.2f} s {rate:7.1f} million samples/s")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure_one(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
