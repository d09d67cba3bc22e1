"""Generators: series, fleets, loads and starts behave as their documentation says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from placement_audit import over_capacity, read_audit, together_on_a_host, too_many_in_a_rack

from benchmarks.generators.fleet import FleetSpec, LabelRule, RackGroup, make_fleet
from benchmarks.generators.load import LoadSpec, ServiceGroup, make_load
from benchmarks.generators.series import make_carbon, make_prices, make_weather
from benchmarks.generators.sites import main, spec_named
from benchmarks.generators.spec import build_tables, make_site
from benchmarks.generators.start import replica_names

GROUP = RackGroup("card", "zone-1", 3, 4, 1000, 2048, 5.0, "pdu-11")


def test_weather_is_plausible() -> None:
    """A year of hours, wet bulb never above dry bulb, July warmer than January."""
    weather = make_weather(7)
    dry = weather["dry_bulb_c"].to_numpy()
    assert len(weather) == 8760
    assert (weather["wet_bulb_c"] <= weather["dry_bulb_c"]).all()
    assert dry[24 * 181 : 24 * 212].mean() > dry[: 24 * 31].mean() + 12


def test_series_differ_by_seed_only() -> None:
    """The same seed gives the same series, another seed another one."""
    assert make_prices(3).equals(make_prices(3))
    assert not make_prices(3).equals(make_prices(4))
    assert (make_carbon(3)["carbon_g_per_kwh"] >= 60).all()


def test_fleet_fills_rows_zone_by_zone() -> None:
    """Rows are filled in order and a new zone begins a new row."""
    groups = (GROUP, replace(GROUP, zone="zone-2", racks=1))
    fleet = make_fleet(FleetSpec(groups, racks_per_row=2))
    assert fleet.racks["name"].tolist() == ["A01", "A02", "B01", "C01"]
    assert fleet.hosts["name"].tolist()[:5] == ["a01-1", "a01-2", "a01-3", "a01-4", "a02-1"]
    assert fleet.pdus["name"].tolist()[:2] == ["A01-a", "A01-b"]


def test_fleet_labels_and_maintenance() -> None:
    """Label rules mark the first hosts of each rack; every n-th host is in maintenance."""
    rule = LabelRule("licence=x", "card", per_rack=1)
    fleet = make_fleet(FleetSpec((GROUP,), 5, (rule,), maintenance_every=5))
    assert fleet.hosts["labels"].tolist().count("licence=x") == 3
    assert np.flatnonzero(fleet.hosts["state"] == "maintenance").tolist() == [4, 9]


@pytest.mark.parametrize("total", [10, 57, 400])
def test_load_meets_the_total_exactly(total: int) -> None:
    """Replicas are scaled to the wanted number of workloads; single ones stay single."""
    groups = (
        ServiceGroup("web", "gold", ("shop",), 3, replicas=(2, 9)),
        ServiceGroup("signer", "gold", ("flat",), 1, (1, 1), (1, 1)),
    )
    spec = LoadSpec(groups, ("a", "b"), {"shop": 1, "flat": 1}, workloads=total)
    load = make_load(spec, np.random.default_rng(1))
    replicas = load.workloads.set_index("name")["replicas"]
    assert replicas.sum() == total
    assert replicas[[name for name in replicas.index if "signer" in name]].tolist() == [1]


def test_replica_names_follow_the_reader() -> None:
    """One copy keeps its name, several are numbered from one."""
    assert replica_names("web", 1) == ["web"]
    assert replica_names("web", 2) == ["web-1", "web-2"]


def test_start_says_who_finds_no_room() -> None:
    """A load that cannot fit is refused with the name of the component."""
    spec = spec_named("small")
    tight = replace(spec.fleet, groups=(replace(spec.fleet.groups[0], racks=1),))
    with pytest.raises(ValueError, match="no room for"):
        build_tables(replace(spec, fleet=tight))


def test_scale_instance_is_legal_and_large(tmp_path: Path) -> None:
    """1,000 × 10,000: eight models, at most 300 flavours, a fifth under rules, legal start."""
    folder = make_site(tmp_path / "scale", spec_named("scale-1000x10000"))
    audit = read_audit(folder)
    gold = sum(map(len, audit.of_class("gold").values()))
    rows = audit.rows.values()
    flavours = {(r["cpu"], r["memory"], r["profile"]) for r in rows}
    assert (len(audit.hosts), len(audit.host_of)) == (1000, 10_000)
    assert len({host["card"] for host in audit.hosts.values()}) == 8
    assert 200 <= len(flavours) <= 300
    assert 0.15 < gold / len(audit.host_of) < 0.25
    assert over_capacity(audit) == []
    assert together_on_a_host(audit, "gold") == []
    assert too_many_in_a_rack(audit, "gold", 0.34) == []


def test_command_writes_where_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints the folder it made."""
    main(["small", "-o", str(tmp_path / "x")])
    assert (tmp_path / "x" / "site.yaml").is_file()
    assert capsys.readouterr().out.strip() == str(tmp_path / "x")
