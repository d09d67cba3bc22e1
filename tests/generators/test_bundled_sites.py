"""The bundled sites come out of their generator byte for byte, and today's placement is legal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from placement_audit import (
    Audit,
    host_load,
    inside_label,
    missing_headroom,
    on_unusable_hosts,
    outside_label,
    over_capacity,
    rack_power_kw,
    read_audit,
    scattered,
    together_on_a_host,
    too_many_in_a_rack,
    wrong_card_label,
)
from ruamel.yaml import YAML

from benchmarks.generators.sites import spec_named
from benchmarks.generators.spec import make_series_dataset, make_site
from optimiser.analysis.verify import violations_today
from optimiser.connect.sitefolder import sha256_of
from optimiser.library.catalogue import load_cards
from optimiser.library.site import read_study
from optimiser.twin.rules import resolve
from optimiser.twin.state import build

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "models" / "sites"
FOLDERS = [SITES / "small", SITES / "demo", ROOT / "datasets" / "demo"]


@pytest.fixture(scope="module", params=["small", "demo"])
def audit(request: pytest.FixtureRequest) -> Audit:
    return read_audit(SITES / request.param)


@pytest.fixture(scope="module")
def demo() -> Audit:
    return read_audit(SITES / "demo")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", ["small", "demo"])
def test_site_is_what_the_generator_makes(name: str, tmp_path: Path) -> None:
    """Making a bundled site again gives the committed files, byte for byte."""
    assert _bytes(make_site(tmp_path / name, spec_named(name))) == _bytes(SITES / name)


def test_series_are_what_the_generator_makes(tmp_path: Path) -> None:
    """Making the series again gives the committed data set, byte for byte."""
    made = _bytes(make_series_dataset(tmp_path / "demo"))
    assert made == _bytes(ROOT / "datasets" / "demo")


@pytest.mark.parametrize(
    "folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}"
)
def test_dataset_file_tells_the_truth(folder: Path) -> None:
    """dataset.yaml lists every other file with its checksum, licence and origin."""
    told = YAML(typ="safe").load(folder / "dataset.yaml")
    found = {p.name for p in folder.iterdir() if p.is_file()} - {"dataset.yaml"}
    assert set(told["files"]) == found
    assert {n: e["sha256"] for n, e in told["files"].items()} == {
        n: sha256_of(folder / n) for n in found
    }
    assert told["licence"] == "Apache-2.0"
    assert "seed" in told["how"]


@pytest.mark.parametrize("name", ["small", "demo"])
def test_every_column_is_described(name: str) -> None:
    """dataset.yaml gives a meaning to each column of each table."""
    told = YAML(typ="safe").load(SITES / name / "dataset.yaml")["files"]
    for file, entry in told.items():
        if file.endswith(".csv"):
            header = (SITES / name / file).read_text(encoding="utf-8").splitlines()[0]
            assert sorted(entry["columns"]) == sorted(header.split(",")), file


@pytest.mark.parametrize("name", ["small", "demo"])
def test_reader_accepts_the_site(name: str) -> None:
    """The library reads the bundled site and its study without a mistake."""
    study, site_input = read_study(SITES / name)
    assert study.name == "spring-day"
    assert len(site_input.workload_units) == {"small": 150, "demo": 4000}[name]


@pytest.mark.parametrize("name", ["small", "demo"])
def test_verifier_finds_no_fault(name: str) -> None:
    """The package's own exact checker agrees with this audit, power and temperature included."""
    study, site_input = read_study(SITES / name)
    twin = build(site_input, study)
    verdict = violations_today(twin, resolve(site_input, site_input.site.policies, twin))
    assert verdict.violations == []
    assert set(verdict.checked) > {"redundant_feed", "cooling_capacity", "inlet_temperature"}


def test_no_host_is_over_capacity(audit: Audit) -> None:
    """At every hour each host has the cpu and memory that its workloads use."""
    assert over_capacity(audit) == []


def test_hosts_in_maintenance_are_empty(audit: Audit) -> None:
    """No workload runs on a host that a plan may not use."""
    assert on_unusable_hosts(audit) == []


def test_reserves_are_kept(audit: Audit) -> None:
    """The headroom policies hold over the hosts that are on."""
    assert missing_headroom(audit) == []


def test_gold_is_spread_and_apart(audit: Audit) -> None:
    """Gold services keep their share per rack, and never two workloads on one host."""
    fraction = audit.policy("gold-over-racks")["max_per_domain_fraction"]
    assert too_many_in_a_rack(audit, "gold", fraction) == []
    assert together_on_a_host(audit, "gold") == []


def test_databases_stay_on_licensed_hosts(audit: Audit) -> None:
    """The fenced services run on hosts with the licence."""
    services = audit.policy("database-licence")["workloads"]["services"]
    assert services
    assert outside_label(audit, services, "licence=database") == []


def test_cpu_family_is_respected(audit: Audit) -> None:
    """Workloads that ask for a processor family run on it, and some do ask."""
    labels = {name: card.labels for (_, name), card in load_cards("server").items()}
    assert any(row["labels"] for row in audit.rows.values())
    assert wrong_card_label(audit, "cpu_family", labels) == []


def test_racks_stay_below_their_breakers(audit: Audit) -> None:
    """By the measured load curves no rack draws more than its limit."""
    curves = {}
    for (_, name), card in load_cards("server").items():
        curve = np.array(card.curve_w)
        curve[0] *= card.idle_scale
        curves[name] = curve
    power = rack_power_kw(audit, curves)
    limits = {name: float(rack["power_limit_kw"]) for name, rack in audit.racks.items()}
    assert {name: kw for name, kw in power.items() if kw > limits[name]} == {}


def test_demo_keeps_its_other_rules(demo: Audit) -> None:
    """Silver is apart, meshes stand together, bronze avoids licensed hosts, pins hold."""
    mesh = demo.policy("mesh-in-one-rack")["workloads"]["services"]
    pins = [policy for policy in demo.site["policies"] if policy["kind"] == "pin"]
    assert together_on_a_host(demo, "silver") == []
    assert mesh and scattered(demo, mesh) == []
    assert inside_label(demo, "bronze", "licence=database") == []
    assert pins and all(demo.host_of[p["workloads"]["names"][0]] == p["host"] for p in pins)


def test_demo_has_the_promised_size(demo: Audit) -> None:
    """600 hosts of five models in 30 racks; 4,000 workloads in 150 services; 20 profiles."""
    assert (len(demo.hosts), len(demo.racks)) == (600, 30)
    assert len({host["card"] for host in demo.hosts.values()}) == 5
    assert (len(demo.host_of), len(demo.services), len(demo.fraction)) == (4000, 150, 20)
    assert len({policy["kind"] for policy in demo.site["policies"]}) >= 12


def test_demo_is_wasteful_today(demo: Audit) -> None:
    """Nearly every host is used, at a fifth of the cpu: there is something to save."""
    cpu, _ = host_load(demo)
    used = Counter(demo.host_of.values())
    mean = sum(load.mean() for load in cpu.values())
    share = mean / sum(int(host["cpu"]) for host in demo.hosts.values())
    assert len(used) > 0.95 * len(demo.hosts)
    assert 0.15 < share < 0.25


def test_demo_peaks_do_not_coincide(demo: Audit) -> None:
    """Packing by the hour needs far less cpu than packing each workload's own peak."""
    uses = [demo.use(w) for w in demo.host_of]
    assert sum(use.max() for use in uses) > 1.3 * sum(uses).max()
