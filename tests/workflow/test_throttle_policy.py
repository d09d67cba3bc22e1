"""A site's own limit on moves at the same time orders the moves of every plan."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from optimiser.cli.app import run
from optimiser.schema.moving import Throttle
from optimiser.workflow.check import check_site
from optimiser.workflow.loading import load
from tests.workflow.disk_sites import write_site

POLICY = "  - {kind: throttle, name: one-by-one, domain: site, limit: 1}\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Write the small site with a throttle in its study."""
    folder = write_site(tmp_path / "site")
    study = folder / "study.yaml"
    text = study.read_text(encoding="utf-8") if study.exists() else ""
    study.write_text(text + "\npolicies:\n" + POLICY, encoding="utf-8")
    return folder


def test_the_limit_is_one_of_the_study(site: Path) -> None:
    """No rule of the plan comes of it, and it is there once however often it is read."""
    loaded = load(site)
    assert loaded.study.moving.throttle == [Throttle(domain="site", limit=1)]
    assert "one-by-one" not in [rule.name for rule in loaded.rules]


def test_the_check_lists_it_among_the_rules(site: Path) -> None:
    """Rules about the order of moves are told beside those about the plan."""
    assert check_site(site).rules[-1] == ("one-by-one", "throttle", False)


def test_a_plan_moves_one_workload_at_a_time(site: Path) -> None:
    """Every wave of the plan holds one move, and the checker finds the limit kept."""
    assert run(["plan", str(site), "--time-limit", "3"]) == 0
    with (site / "runs" / "latest" / "moves.csv").open(encoding="utf-8") as file:
        waves = Counter(row["wave"] for row in csv.DictReader(file))
    assert len(waves) > 1
    assert set(waves.values()) == {1}
    assert run(["verify", str(site / "runs" / "latest")]) == 0
