"""A Bitbrains month becomes a site: hourly maxima, or peaks at all hours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimiser.analysis.verdict import placement_today
from optimiser.analysis.verify import verify
from optimiser.connect.bitbrains import HOST_MEMORY_MIB, HOST_MHZ, HOSTS, Demand, import_bitbrains
from optimiser.connect.sitefolder import write_table
from optimiser.errors import InputError, UsageError
from optimiser.library.site import read_study
from optimiser.twin.state import build

HOUR = 382_000 * 3600
# vm 1 uses 100, then 300 and 200 in one hour, then 50 MHz; vm 2 comes in the second hour
SAMPLES = {
    "vm": [1, 1, 1, 1, 2, 2],
    "ts": [HOUR, HOUR + 3600, HOUR + 3900, HOUR + 7200, HOUR + 3600, HOUR + 7200],
    "cpu_mhz": [100.0, 300.0, 200.0, 50.0, 1000.0, 500.0],
    "mem_kb": [1024.0, 2048.0, 1024.0, 1024.0, 10240.0, 5120.0],
}


def trace(folder: Path, **changes: list[object]) -> Path:
    """Write the samples as a trace; a changed column of ``None`` is left out."""
    path = folder / "trace.parquet"
    columns = {**SAMPLES, **changes}
    write_table(pd.DataFrame({k: v for k, v in columns.items() if v}), path)
    return path


@pytest.mark.parametrize(
    ("demand", "cpu", "memory"),
    [
        ("hours", [[100, 300, 50], [0, 1000, 500]], [[1, 2, 1], [0, 10, 5]]),
        ("peaks", [[300] * 3, [1000] * 3], [[2] * 3, [10] * 3]),
    ],
)
def test_demand_of_each_hour(
    tmp_path: Path, demand: Demand, cpu: list[list[int]], memory: list[list[int]]
) -> None:
    """An hour counts with its largest sample; a VM uses nothing before it comes."""
    report = import_bitbrains(trace(tmp_path), tmp_path / "site", demand=demand)
    study, site_input = read_study(tmp_path / "site")
    twin = build(site_input, study)
    usage = twin["flavour_usage"].values[twin["workload_flavour"].values]
    at = usage[:, :, twin["step_of_time"].values]
    assert (report.hosts, report.workloads, twin.sizes["time"]) == (HOSTS, 2, 3)
    assert at[:, 0].tolist() == cpu
    assert at[:, 1].tolist() == memory
    assert str(twin["time"].values[0]).startswith("2013-07-30T16:00")


def test_today_is_legal_and_spread(tmp_path: Path) -> None:
    """One VM on each host as long as there are hosts."""
    import_bitbrains(trace(tmp_path), tmp_path / "site", demand="peaks")
    study, site_input = read_study(tmp_path / "site")
    twin = build(site_input, study)
    today = placement_today(twin)
    assert len(np.unique(today.host)) == 2
    assert verify(twin, [], today).is_legal


def test_all_mistakes_of_the_file(tmp_path: Path) -> None:
    """Lacking columns are told together, and so are columns with rows that are no amount."""
    with pytest.raises(InputError) as caught:
        import_bitbrains(trace(tmp_path, cpu_mhz=[], mem_kb=[]), tmp_path / "site")
    assert [problem.field for problem in caught.value.problems] == ["cpu_mhz", "mem_kb"]
    wrong = {"cpu_mhz": [-1.0, float("nan"), 1, 1, 1, 1], "mem_kb": [None, 1, 1, 1, 1, 1]}
    with pytest.raises(InputError, match="2 rows without an amount") as caught:
        import_bitbrains(trace(tmp_path, **wrong), tmp_path / "site")
    assert [problem.field for problem in caught.value.problems] == ["cpu_mhz", "mem_kb"]
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("column", "most"), [("cpu_mhz", HOST_MHZ), ("mem_kb", HOST_MEMORY_MIB * 1024)]
)
def test_a_vm_that_no_host_holds(tmp_path: Path, column: str, most: int) -> None:
    """A VM larger than a host is named."""
    with pytest.raises(InputError, match="VM 2 is larger than a host"):
        import_bitbrains(trace(tmp_path, **{column: [1.0] * 5 + [float(most)]}), tmp_path / "site")


def test_what_is_no_trace(tmp_path: Path) -> None:
    """A file of another kind, a trace without rows and an unknown treatment are refused."""
    text = tmp_path / "text.parquet"
    text.write_text("vm,ts\n", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        import_bitbrains(text, tmp_path / "site")
    with pytest.raises(UsageError):
        import_bitbrains(trace(tmp_path), tmp_path / "site", demand="all")  # type: ignore[arg-type]


@pytest.mark.shared
def test_a_month_of_the_archive(tmp_path: Path, shared_data: Path) -> None:
    """500 VMs, 720 hours; the largest use is that of the file."""
    source = shared_data / "bitbrains" / "rnd-2013-7.parquet"
    if not source.is_file():
        pytest.skip("public data not found: bitbrains")
    report = import_bitbrains(source, tmp_path / "site")
    _, site_input = read_study(tmp_path / "site")
    assert report.workloads == 500
    assert site_input.workloads["cpu"].max() == 22_140
