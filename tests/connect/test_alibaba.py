"""The GPU trace becomes a site: cards, devices, GPU models, and honest notes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimiser.connect.alibaba import import_alibaba
from optimiser.connect.gpu_power import derived_card, library_card
from optimiser.connect.gpu_start import place_first_fit
from optimiser.errors import InputError, UsageError
from optimiser.library.site import read_study
from optimiser.schema.equipment import ServerCard

NODES = """sn,cpu_milli,memory_mib,gpu,model
n0,32000,262144,0,
n1,96000,393216,8,G2
n2,8000,61440,2,P100
n3,104000,524288,2,T4
"""
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
    "deletion_time,scheduled_time\n"
    "p0,4000,1024,1,500,,LS,Running,30,90,31\n"
    "p1,4000,1024,1,600,T4|P100,BE,Failed,10,90,12\n"
    "p2,8000,2048,2,1000,T4,BE,Succeeded,20,90,21\n"
    "p3,2000,1024,0,0,,LS,Pending,5,90,\n"
    "p4,1000,1024,1,500,,LS,Running,40,90,41\n"
)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Return a folder with a trace of four nodes and five pods."""
    folder = tmp_path / "trace"
    folder.mkdir()
    (folder / "openb_node_list_all_node.csv").write_text(NODES, encoding="utf-8")
    (folder / "openb_pod_list_default.csv").write_text(PODS, encoding="utf-8")
    return folder


def _edit(trace: Path, name: str, old: str, new: str) -> None:
    path = trace / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_pods_that_ran_are_taken(trace: Path, tmp_path: Path) -> None:
    """By default the pods with a scheduled time are planned, and a note says how many."""
    report = import_alibaba(trace, tmp_path / "site")
    _, site_input = read_study(tmp_path / "site")
    assert site_input.workload_units["name"].tolist() == ["p0", "p1", "p2", "p4"]
    assert (report.hosts, report.workloads, report.placed) == (4, 4, 0)
    assert report.notes[0].startswith("4 of 5 pods")


@pytest.mark.parametrize(("which", "names"), [("running", ["p0", "p4"]), ("all", None)])
def test_other_selections(trace: Path, tmp_path: Path, which: str, names: list[str] | None) -> None:
    """Pods in phase Running only, or all pods of the list."""
    import_alibaba(trace, tmp_path / "site", which=which)  # type: ignore[arg-type]
    found = pd.read_csv(tmp_path / "site" / "workloads.csv")["name"].tolist()
    assert found == (names or ["p0", "p1", "p2", "p3", "p4"])


def test_admitted_pods_leave_out_what_finds_no_room(trace: Path, tmp_path: Path) -> None:
    """A second pod of 2 T4 finds the only T4 node taken and is left out; the rest is planned."""
    again = "p5,8000,2048,2,1000,T4,BE,Running,50,90,51\n"
    path = trace / "openb_pod_list_default.csv"
    path.write_text(PODS + again, encoding="utf-8")
    report = import_alibaba(trace, tmp_path / "site", which="admitted")
    found = pd.read_csv(tmp_path / "site" / "workloads.csv")["name"].tolist()
    assert found == ["p0", "p1", "p2", "p3", "p4"]
    assert report.notes[0].startswith("5 of 6 pods")


def test_requests_count_devices(trace: Path, tmp_path: Path) -> None:
    """A share of a GPU stays a share, whole GPUs are multiples of 1000."""
    import_alibaba(trace, tmp_path / "site", which="all")
    assert pd.read_csv(tmp_path / "site" / "workloads.csv")["gpu"].tolist() == [
        500, 600, 2000, 0, 500,
    ]  # fmt: skip
    _, site_input = read_study(tmp_path / "site")
    assert [r.device_size for r in site_input.site.resources] == [None, None, 1000]
    assert site_input.hosts["gpu"].tolist() == [0, 8000, 2000, 2000]


def test_gpu_models_become_a_policy(trace: Path, tmp_path: Path) -> None:
    """gpu_spec is a label of the pod and a rule of the site; without any there is no rule."""
    import_alibaba(trace, tmp_path / "site")
    _, site_input = read_study(tmp_path / "site")
    assert site_input.workloads["labels"].tolist() == ["", "gpu_model=T4|P100", "gpu_model=T4", ""]
    assert [policy.kind for policy in site_input.site.policies] == ["require_label"]
    _edit(trace, "openb_pod_list_default.csv", "T4|P100", "")
    _edit(trace, "openb_pod_list_default.csv", ",T4,", ",,")
    import_alibaba(trace, tmp_path / "plain")
    assert read_study(tmp_path / "plain")[1].site.policies == []


def test_known_nodes_use_library_cards(trace: Path, tmp_path: Path) -> None:
    """Kinds of node that the library knows use its card, others get one that states its source."""
    import_alibaba(trace, tmp_path / "site")
    _, site_input = read_study(tmp_path / "site")
    assert site_input.hosts["card"].tolist() == [
        "generic-cpu-32", "generic-g2-8", "p100x2-8cpu", "generic-t4-2",
    ]  # fmt: skip
    assert [card.name for card in site_input.site.equipment] == ["p100x2-8cpu"]
    assert "no power figures" in site_input.site.equipment[0].source


def test_derived_card_agrees_with_the_library() -> None:
    """Where both exist, the derived curve is within a watt of the library's card."""
    known = library_card(96_000, 8, "G2")
    made = ServerCard.model_validate(derived_card(96_000, 393_216, 8, "G2"))
    assert known is not None
    assert np.abs(np.array(made.curve_w) - known.curve_w).max() < 1.0
    assert made.gpus == known.gpus


def test_unknown_accelerator_says_so() -> None:
    """A model that nobody knows is assumed, and the card says that it is."""
    card = derived_card(8000, 1024, 1, "X9")
    assert "unknown accelerator" in card["notes"]
    assert card["gpus"]["max_w"] == 250.0


def test_first_fit_goes_by_arrival_and_shares_devices(trace: Path, tmp_path: Path) -> None:
    """p1 arrives first and takes P100 number 0; p2 takes both T4; p0 and p4 share a G2."""
    report = import_alibaba(trace, tmp_path / "site", start="first-fit")
    placement = pd.read_csv(tmp_path / "site" / "placement.csv", dtype=str)
    assert report.placed == 4
    assert placement.to_numpy().tolist() == [
        ["p1", "n2", "0"],
        ["p2", "n3", "0;1"],
        ["p0", "n1", "0"],
        ["p4", "n1", "0"],
    ]


def test_first_fit_leaves_out_what_finds_no_room() -> None:
    """A pod without room has no row; later ones still get theirs."""
    nodes = pd.DataFrame(
        {"sn": ["n"], "cpu_milli": [10], "memory_mib": [10], "gpu": [1], "model": ["T4"]}
    )
    pods = pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "cpu_milli": [1, 1, 1],
            "memory_mib": [1, 1, 1],
            "gpu": [700, 400, 300],
            "gpu_spec": ["", "", ""],
        }
    )
    assert place_first_fit(nodes, pods)["workload"].tolist() == ["a", "c"]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "field"),
    [
        ("openb_pod_list_default.csv", "p0,4000", "p0,four", 2, "cpu_milli"),
        ("openb_pod_list_default.csv", "2,1000,T4", "2,900,T4", 4, "gpu_milli"),
        ("openb_pod_list_default.csv", "p1,", "p0,", 3, "name"),
        ("openb_node_list_all_node.csv", "8,G2", "8,", 3, "model"),
        ("openb_node_list_all_node.csv", "memory_mib", "memory_gib", 1, "memory_mib"),
    ],
)
def test_mistakes_name_file_line_and_field(
    trace: Path, tmp_path: Path, file: str, old: str, new: str, line: int, field: str
) -> None:
    """Each mistake of the trace is told with its place, and nothing is written."""
    _edit(trace, file, old, new)
    with pytest.raises(InputError) as caught:
        import_alibaba(trace, tmp_path / "site")
    problem = caught.value.problems[0]
    assert (problem.file, problem.line, problem.field) == (str(trace / file), line, field)
    assert not (tmp_path / "site").exists()


def test_many_equal_mistakes_are_capped(trace: Path, tmp_path: Path) -> None:
    """Five mistakes of a kind are shown and the rest is counted."""
    rows = "".join(f"q{n},x,1,0,0,,LS,Running,1,2,3\n" for n in range(20))
    path = trace / "openb_pod_list_default.csv"
    path.write_text(PODS + rows, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        import_alibaba(trace, tmp_path / "site")
    assert len(caught.value.problems) == 6
    assert "15 more" in caught.value.problems[-1].what


def test_wrong_list_is_suggested(trace: Path, tmp_path: Path) -> None:
    """A list that is not there is answered with those that are."""
    with pytest.raises(InputError, match="did you mean 'default'"):
        import_alibaba(trace, tmp_path / "site", pods="defalt")


def test_wrong_folder_and_selection(trace: Path, tmp_path: Path) -> None:
    """A folder that is none and a selection that does not exist are refused."""
    with pytest.raises(InputError, match="is not the folder of the GPU trace"):
        import_alibaba(tmp_path / "nowhere", tmp_path / "site")
    with pytest.raises(UsageError, match="unknown selection"):
        import_alibaba(trace, tmp_path / "site", which="some")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown start"):
        import_alibaba(trace, tmp_path / "site", start="best-fit")  # type: ignore[arg-type]


@pytest.mark.shared
def test_whole_trace(shared_data: Path, tmp_path: Path) -> None:
    """The published trace: 1,523 nodes, 7,255 pods that ran, all placed by first fit."""
    report = import_alibaba(shared_data / "alibaba-gpu-2023", tmp_path / "site", start="first-fit")
    assert (report.hosts, report.workloads, report.placed) == (1523, 7255, 7255)
    _, site_input = read_study(tmp_path / "site")
    assert len(site_input.placement) == 7255


@pytest.mark.shared
def test_list_without_phases_is_taken_whole(shared_data: Path, tmp_path: Path) -> None:
    """The list multigpu20 has no times: all its pods are planned and a note says so."""
    report = import_alibaba(
        shared_data / "alibaba-gpu-2023", tmp_path / "site", pods="multigpu20", nodes="gpu"
    )
    assert (report.hosts, report.workloads) == (1213, 8324)
    assert "no column scheduled_time" in report.notes[0]
