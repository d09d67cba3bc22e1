"""A plan that leaves workloads without a host says so: in the summary, the report and the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.cli.app import run
from optimiser.workflow.plan import PlanOptions, plan_site
from tests.workflow.disk_sites import FILES, write_site

WAIT = """\
policies:
  - {kind: assign, name: wait, workloads: {names: [job]}, soft: {weight: PRICE}}
"""


def waiting_site(folder: Path, price: float) -> Path:
    """Write the small site in which two jobs have not come yet."""
    study = FILES["study.yaml"]
    there = "job-3,h4\njob-4,h4\n"
    changes = [
        ("study.yaml", study, study + WAIT.replace("PRICE", str(price))),
        ("placement.csv", there, ""),
    ]
    return write_site(folder, changes)


def test_a_cheap_wait_leaves_both_jobs_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Waiting for a thousandth each is cheaper than their energy: 2 of the 2 that may wait do."""
    site = waiting_site(tmp_path / "site", 0.001)
    assert run(["plan", str(site), "--work-limit", "2"]) == 0
    told = capsys.readouterr().out
    assert "2 of 2 workloads that may wait have no host, which costs 0.002 EUR over 24 h." in told
    page = (site / "runs" / "latest" / "report.html").read_text(encoding="utf-8")
    assert 'id="waiting"' in page and "job-3, job-4" in page


def test_explain_says_why_somebody_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job with room for it is left out to save; one that asks for too much finds no host."""
    site = waiting_site(tmp_path / "site", 0.001)
    assert run(["plan", str(site), "--work-limit", "2"]) == 0
    capsys.readouterr()
    assert run(["explain", str(site / "runs" / "latest"), "--workload", "job-3"]) == 0
    told = capsys.readouterr().out
    assert "job-3 has no host, today and in the plan" in told
    assert "could take it by every hard rule; the plan saves more by leaving it out" in told
    table = (site / "workloads.csv").read_text()
    (site / "workloads.csv").write_text(table + "huge,batch,night,1,5000,256\n")
    text = (site / "study.yaml").read_text()
    (site / "study.yaml").write_text(text.replace("names: [job]", "names: [job, huge]"))
    assert run(["plan", str(site), "--work-limit", "2"]) == 0
    capsys.readouterr()
    assert run(["explain", str(site / "runs" / "latest"), "--workload", "huge"]) == 0
    assert "none of 4 hosts can take it: 4 lack capacity" in capsys.readouterr().out


def test_a_dear_wait_leaves_nobody_out(tmp_path: Path) -> None:
    """At ten each both run, which the report states without a table."""
    outcome = plan_site(waiting_site(tmp_path / "site", 10.0), PlanOptions(work_limit=2))
    (row,) = outcome.report.unserved
    assert (row.may_wait, row.before, row.after, row.cost) == (2, 2, 0, 0.0)
    assert 'id="waiting"' not in (outcome.run / "report.html").read_text(encoding="utf-8")
