"""The peers place by their rules and within capacity, devices and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases.against_peers import cpu_only_floor_kwh
from benchmarks.peers.heuristics import PEERS, decreasing
from benchmarks.peers.judge import judge
from optimiser.analysis.verdict import Placement
from optimiser.connect.alibaba import import_alibaba
from optimiser.solve.problem import Problem, lower
from optimiser.workflow.loading import load

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,8000,65536,0,\nn1,16000,65536,2,T4\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n"
    "p0,4000,1024,0,0,,LS\n"
    "p1,1000,1024,1,600,T4,LS\n"
    "p2,1000,1024,1,600,,LS\n"
    "p3,1000,1024,1,400,,LS\n"
    "p4,6000,1024,0,0,,LS\n"
)
MORE = "p5,1000,1024,1,500,,LS\np6,90000,1024,0,0,,LS\n"


def _problem(tmp_path: Path, pods: str) -> Problem:
    trace = tmp_path / "trace"
    trace.mkdir()
    (trace / "openb_node_list_all_node.csv").write_text(NODES, encoding="utf-8")
    (trace / "openb_pod_list_default.csv").write_text(pods, encoding="utf-8")
    import_alibaba(trace, tmp_path / "site", which="all")
    loaded = load(tmp_path / "site")
    return lower(loaded.twin, loaded.rules, loaded.study.weights)


@pytest.mark.parametrize("name", PEERS)
def test_everything_that_fits_is_placed_legally(name: str, tmp_path: Path) -> None:
    """Two shares of 600 go on two GPUs and 400 beside one; no rule is broken."""
    problem = _problem(tmp_path, PODS)
    room = PEERS[name](problem)
    found = judge(problem, Placement(room.host, room.on, room.devices))
    assert (found.unplaced, found.broken) == (0, 0)
    assert room.devices[1] != room.devices[2] and len(room.devices[3]) == 1
    assert found.hosts_on == int(room.on.sum()) and found.kwh_per_day > 0


@pytest.mark.parametrize("name", PEERS)
def test_what_does_not_fit_stays_unplaced(name: str, tmp_path: Path) -> None:
    """A share without a GPU with room and a pod larger than any host run nowhere."""
    problem = _problem(tmp_path, PODS + MORE)
    room = PEERS[name](problem)
    found = judge(problem, Placement(room.host, room.on, room.devices))
    assert room.host[6] == -1
    assert (found.unplaced, found.broken) == (int((room.host < 0).sum()), 0)


def test_first_fit_takes_the_first_host_and_best_fit_the_fullest(tmp_path: Path) -> None:
    """First fit takes n0 while it can; best fit puts the largest, p4, on n0 and p0 on n1."""
    problem = _problem(tmp_path, PODS)
    assert PEERS["first fit"](problem).host.tolist() == [0, 1, 1, 1, 1]
    assert PEERS["best fit decreasing"](problem).host.tolist() == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("name", list(PEERS)[1:])
def test_no_host_is_woken_without_need(name: str, tmp_path: Path) -> None:
    """A small pod joins the host that the GPU pods need instead of waking the first."""
    problem = _problem(tmp_path, PODS.replace("p0,4000", "p0,100").replace("p4,6000", "p4,100"))
    assert PEERS[name](problem).on.tolist() == [False, True]


def test_the_largest_comes_first(tmp_path: Path) -> None:
    """Order is by shares of the largest host: p4 0.375, then p1 and p2 0.36, p3 0.26, p0 0.25."""
    assert decreasing(_problem(tmp_path, PODS)).tolist() == [4, 1, 2, 3, 0]


def test_no_placement_is_below_the_floor(tmp_path: Path) -> None:
    """The floor of divisible load lies below what any peer needs."""
    problem = _problem(tmp_path, PODS)
    floor = cpu_only_floor_kwh(problem)
    needed = []
    for place in PEERS.values():
        room = place(problem)
        needed.append(judge(problem, Placement(room.host, room.on, room.devices)).kwh_per_day)
    assert 0 < floor < min(needed)
    assert np.isfinite(needed).all()
