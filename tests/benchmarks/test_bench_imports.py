"""Benchmarks on imported instances: counted and judged apart from the planner."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cases.consolidation import peer_python
from benchmarks.cases.imports import imports
from benchmarks.cases.vector_packing import vector_packing
from benchmarks.outcome import UnavailableError
from benchmarks.peers.reconfiguration import check


def _instance(folder: Path) -> Path:
    """Write two nodes of 10 and one that has to be off; VMs 0 to 3 of 4, two on each node."""
    online = {"0": [0, 1], "1": [2, 3], "2": []}
    view = {
        "id": "shareableResource", "rcId": "cpu", "defConsumption": 4, "defCapacity": 10,
        "nodes": {}, "vms": {},
    }  # fmt: skip
    document: dict[str, Any] = {
        "model": {
            "mapping": {
                "readyVMs": [4],
                "onlineNodes": {key: {"runningVMs": vms} for key, vms in online.items()},
                "offlineNodes": [],
            },
            "views": [view],
        },
        "constraints": [
            {"id": "spread", "vms": [0, 2]},
            {"id": "among", "vms": [0, 1], "parts": [[0], [1, 2]]},
            {"id": "preserve", "vm": 3, "rc": "cpu", "amount": 6},
            {"id": "running", "vm": 4},
            {"id": "offline", "node": 2},
        ],
    }
    path = folder / "tiny.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    return path


@pytest.mark.parametrize(
    ("where", "broken", "moves"),
    [
        ({0: 0, 1: 0, 2: 1, 3: 1, 4: 0}, {"capacity": 1}, 0),
        ({0: 0, 1: 0, 2: 1, 3: 1}, {"unplaced": 1}, 0),
        ({0: 1, 1: 1, 2: 1, 3: 0, 4: 0}, {"capacity": 1, "spread": 1}, 3),
        ({0: 0, 1: 1, 2: 1, 3: 0, 4: 2}, {"among": 1, "offline": 1}, 2),
    ],
)
def test_repair_is_judged_by_the_instance_alone(
    tmp_path: Path, where: dict[int, int], broken: dict[str, int], moves: int
) -> None:
    """Each rule of the instance is counted where it is broken; a start is no move."""
    found = check(_instance(tmp_path), where)
    assert found.broken == broken
    assert found.moves == moves


@pytest.mark.slow
def test_packing_counts_bins_and_proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a family of one instance, three bins are found and proven; the heuristics need four."""
    family = tmp_path / "vector-bin-packing" / "New" / "class1"
    family.mkdir(parents=True)
    (family / "class1_6_2_0.vbp").write_text("2\n10 9\n3\n4 3 3\n2 3 2\n5 0 1\n")
    (family / "class1_500_2_0.vbp").write_text("2\n10 9\n1\n4 3 500\n")
    (family.parents[1] / "New_summary_known.tsv").write_text(
        "instance_name\tLB\tOPT\tbest_overall\nclass1_6_2_0\t3\t3\t4\nclass1_500_2_0\t9\t-1\t9\n"
    )
    monkeypatch.setenv("DCOPT_SHARED_DATA", str(tmp_path))
    found = vector_packing(
        tmp_path / "runs", family="New/class1", most_items=20, each=1, time_limit_s=20.0
    )
    row = found.rows[-1]
    told = {key: row[key] for key in ("instances", "bins", "bound", "optimum", "proven")}
    assert told == {"instances": 1, "bins": 3, "bound": 3, "optimum": 3, "proven": "100%"}
    assert row["best_heuristic"] == 4
    assert found.met


def test_absent_peers_are_a_reason_to_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the peers' interpreter the benchmark says how to get it."""
    monkeypatch.setenv("DCOPT_PEERS", str(tmp_path))
    with pytest.raises(UnavailableError, match="make peers"):
        peer_python()
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("")
    assert peer_python() == python


@pytest.mark.shared
def test_imports_stand_beside_a_plain_reading(shared_data: Path, tmp_path: Path) -> None:
    """Each family is written as a site, and its ratio is to the reading in the same row."""
    rows = imports(tmp_path).rows
    assert [row["kind"] for row in rows] == ["alibaba-gpu", "planetlab", "btrplace", "vbp"]
    for row in rows:
        assert (tmp_path / str(row["kind"]) / "site.yaml").is_file()
        assert row["ratio"] == row["cpu_s"] / row["plain_cpu_s"]
