"""A stranger breaks the site in many ways and is told each time what to mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimiser.cli.app import run
from tests.workflow.disk_sites import write_site

BREAKS = {
    "misspelt field": ("site.yaml", "currency: EUR", "curency: EUR", "did you mean 'currency'?"),
    "wrong kind": ("site.yaml", "kind: redundant_feed", "kind: redundant_fed", "redundant_feed"),
    "wrong number": ("site.yaml", "crah_count: 2", "crah_count: two", "zones[0].crah_count"),
    "tab in YAML": ("site.yaml", "  zones: [", "\tzones: [", "site.yaml:"),
    "unknown card": ("hosts.csv", "h4,r2,plain", "h4,r2,plian", "did you mean 'plain'?"),
    "unknown rack": ("hosts.csv", "h3,r2,", "h3,r9,", "r9"),
    "unknown PDU": ("racks.csv", "r2,row-1,hall,PA", "r2,row-1,hall,PX", "PX"),
    "host twice": ("hosts.csv", "h2,r1,plain", "h1,r1,plain", "h1"),
    "negative request": ("workloads.csv", "4,150,256", "4,-150,256", "-150"),
    "unknown profile": ("workloads.csv", "job,batch,night", "job,batch,nihgt", "did you mean"),
    "placed nowhere": ("placement.csv", "job-4,h4", "job-4,h44", "h44"),
    "share above one": ("demand.csv", "08:00,day,0.9", "08:00,day,1.9", "1.9"),
    "missing column": ("workloads.csv", ",cpu,memory", ",cpu,memry", "memory"),
    "unknown class": ("services.csv", "shop,gold", "shop,golden", "did you mean 'gold'?"),
    "study out of range": ("study.yaml", "time_limit_s: 5", "time_limit_s: -5", "time_limit_s"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_each_mistake_is_told_with_its_place(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, the file with the line, and the word that helps; all on one screen."""
    file, old, new, hint = BREAKS[name]
    site = write_site(tmp_path / "site", [(file, old, new)])
    assert run(["check", str(site)]) == 3
    told = capsys.readouterr().err
    assert f"{file}:" in told
    assert hint in told
    assert "Traceback" not in told
    assert len(told.splitlines()) <= 24


def test_all_mistakes_come_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mistakes in several tables are told together, for machines with file and line each."""
    names = ("unknown card", "negative request", "unknown class", "share above one")
    site = write_site(tmp_path / "site", [BREAKS[name][:3] for name in names])
    assert run(["check", str(site), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    files = {Path(problem["file"]).name for problem in answer["problems"]}
    assert files == {"hosts.csv", "workloads.csv", "services.csv", "demand.csv"}
    assert all(isinstance(problem["line"], int) for problem in answer["problems"])


@pytest.mark.parametrize("path", ["nowhere", "empty"])
@pytest.mark.parametrize("verb", ["check", "simulate", "plan", "explain"])
def test_a_place_without_a_site_is_told(
    verb: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every verb that wants a site says that there is none, and what to do."""
    (tmp_path / "empty").mkdir()
    assert run([verb, str(tmp_path / path)]) == 3
    assert "mend:" in capsys.readouterr().err
