"""A PlanetLab day becomes a site on the field's usual fleet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimiser.connect.planetlab import HOSTS, STEPS, VM_TYPES, import_planetlab, vm_types
from optimiser.errors import InputError, UsageError
from optimiser.library.site import read_study
from optimiser.twin.state import build


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Return a day of eight VMs; VM n uses n % at all times and 100 % in the last step."""
    folder = tmp_path / "20110303"
    folder.mkdir()
    for number in range(8):
        values = [number] * (STEPS - 1) + [100]
        text = "".join(f" {value}\n" for value in values)
        (folder / f"vm_{number}").write_text(text, encoding="utf-8")
    return folder


def test_types_go_by_quarter_of_the_list() -> None:
    """1,052 VMs: 263 of each type in order of their file names; a rest shortens the last."""
    assert np.bincount(vm_types(1052)).tolist() == [263, 263, 263, 263]
    assert np.bincount(vm_types(10)).tolist() == [3, 3, 3, 1]


def test_fleet_and_requests(day: Path, tmp_path: Path) -> None:
    """400 + 400 hosts in turn, VMs of 2500, 2000, 1000 and 500 MIPS."""
    report = import_planetlab(day, tmp_path / "site")
    _, site_input = read_study(tmp_path / "site")
    hosts = site_input.hosts["card"].value_counts()
    assert (report.hosts, report.workloads) == (HOSTS, 8)
    assert hosts.to_dict() == {"hp-ml110-g4-mips": 400, "hp-ml110-g5-mips": 400}
    assert site_input.workloads["cpu"].tolist() == [2500, 2500, 2000, 2000, 1000, 1000, 500, 500]


def test_demand_is_exact_in_the_twin(day: Path, tmp_path: Path) -> None:
    """288 steps of five minutes; one percent of 2500 MIPS is 25 MIPS, to the unit."""
    import_planetlab(day, tmp_path / "site")
    study, site_input = read_study(tmp_path / "site")
    twin = build(site_input, study)
    assert (twin.sizes["time"], float(twin["period_h"].sum())) == (STEPS, pytest.approx(24.0))
    assert str(twin["time"].values[0]).startswith("2011-03-03T00:00")
    usage = twin["flavour_usage"].values[twin["workload_flavour"].values, 0]
    at = usage[:, twin["step_of_time"].values]
    mips = np.array([VM_TYPES[kind].mips for kind in vm_types(8)])
    assert at[:, 0].tolist() == (mips * np.arange(8) // 100).tolist()
    assert at[:, -1].tolist() == mips.tolist()


def test_sleeping_hosts_draw_nothing(day: Path, tmp_path: Path) -> None:
    """As in the published figures, a host that is off costs no energy."""
    import_planetlab(day, tmp_path / "site")
    _, site_input = read_study(tmp_path / "site")
    assert [card.standby_w for card in site_input.site.equipment] == [0.0, 0.0]
    assert site_input.site.equipment[1].curve_w[-1] == 135


def test_memory_is_left_out_or_honoured(day: Path, tmp_path: Path) -> None:
    """Memory is counted on request only, and the report says which."""
    ignored = import_planetlab(day, tmp_path / "cpu")
    counted = import_planetlab(day, tmp_path / "both", memory="honour")
    workloads = pd.read_csv(tmp_path / "both" / "workloads.csv")
    assert workloads["memory"].tolist() == [870, 870, 1740, 1740, 1740, 1740, 613, 613]
    assert "memory" not in pd.read_csv(tmp_path / "cpu" / "workloads.csv").columns
    assert "left out" in ignored.notes[0]
    assert "counted" in counted.notes[0]


def test_start_is_round_robin(day: Path, tmp_path: Path) -> None:
    """VM i runs on host i."""
    import_planetlab(day, tmp_path / "site")
    placement = pd.read_csv(tmp_path / "site" / "placement.csv")
    assert placement["host"].tolist() == [f"host-{n + 1:03d}" for n in range(8)]


@pytest.mark.parametrize("bad", ["abc", "101", "-1", "7.5"])
def test_bad_sample_is_located(day: Path, tmp_path: Path, bad: str) -> None:
    """A sample that is no percentage is told with file, line and value."""
    path = day / "vm_3"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[41] = bad
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        import_planetlab(day, tmp_path / "site")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.value) == (str(path), 42, bad)


def test_every_broken_file_is_told(day: Path, tmp_path: Path) -> None:
    """A short file, an empty one and a folder among the traces: three mistakes at once."""
    (day / "vm_0").write_text("1\n2\n", encoding="utf-8")
    (day / "vm_1").write_text("", encoding="utf-8")
    (day / "vm_9").mkdir()
    with pytest.raises(InputError) as caught:
        import_planetlab(day, tmp_path / "site")
    assert [Path(p.file or "").name for p in caught.value.problems] == ["vm_0", "vm_1", "vm_9"]


def test_parent_folder_is_answered_with_its_days(day: Path, tmp_path: Path) -> None:
    """The folder of all days is not a day; the remedy names one."""
    with pytest.raises(InputError) as caught:
        import_planetlab(tmp_path, tmp_path / "site")
    assert "20110303" in str(caught.value.problems[0].remedy)


def test_empty_day_and_unknown_memory(tmp_path: Path, day: Path) -> None:
    """A day without traces and an unknown option are refused."""
    (tmp_path / "20110304").mkdir()
    with pytest.raises(InputError, match="holds no trace"):
        import_planetlab(tmp_path / "20110304", tmp_path / "site")
    with pytest.raises(UsageError, match="unknown treatment"):
        import_planetlab(day, tmp_path / "site", memory="some")  # type: ignore[arg-type]


@pytest.mark.shared
def test_whole_day(shared_data: Path, tmp_path: Path) -> None:
    """The published day of 1,052 VMs: legal at every step."""
    report = import_planetlab(shared_data / "planetlab" / "20110303", tmp_path / "site")
    assert report.workloads == 1052
    study, site_input = read_study(tmp_path / "site")
    twin = build(site_input, study)
    use = twin["flavour_usage"].values[twin["workload_flavour"].values, 0]
    load = np.zeros((HOSTS, use.shape[1]), dtype=np.int64)
    np.add.at(load, twin["workload_host"].values, use)
    assert (load <= twin["host_capacity"].values[:, :1]).all()
