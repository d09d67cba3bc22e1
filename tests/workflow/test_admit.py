"""``dcopt admit`` on a small site on disk: from a table to a placement that a site can use."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from optimiser.cli.app import run
from optimiser.errors import InputError, RefusedError, UsageError
from optimiser.library.site import read_site
from optimiser.workflow import admit as admitting
from optimiser.workflow.admit import admit
from optimiser.workflow.check import check_site
from tests.workflow.disk_sites import write_site

HEADER = "name,service,profile,replicas,cpu,memory\n"
FIT = "pair,shop,day,2,200,512\nnight-2,batch,night,1,100,10\n"
BIG = "big,batch,,1,5000,10\n"
FIFTH = "fifth,shop,,1,10,10\n"
"""A fifth gold workload on four hosts that hold one each."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Write the small site."""
    return write_site(tmp_path / "site")


def table(site: Path, rows: str) -> Path:
    """Write a table of arrivals."""
    path = site.parent / "new.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


def test_admitted_workloads_make_a_site_without_faults(site: Path) -> None:
    """With the rows added to the workloads and the placement written, the site checks clean."""
    found = admit(site, table(site, FIT), site / "placement.csv", force=True)
    hosts = {answer.workload: answer.host for answer in found.answers}
    assert set(hosts) == {"pair-1", "pair-2", "night-2"}
    assert {hosts["pair-1"], hosts["pair-2"]} == {"h3", "h4"}  # web holds the two others
    assert not found.refused
    workloads = site / "workloads.csv"
    workloads.write_text(workloads.read_text(encoding="utf-8") + FIT, encoding="utf-8")
    placement = read_site(site).placement
    assert placement is not None
    assert len(placement) == 9
    assert dict(zip(placement["workload"], placement["host"], strict=True)).items() >= hosts.items()
    assert check_site(site).violations == []


def test_refused_rows_come_whole_and_with_reasons(site: Path) -> None:
    """Copies of a row stay out together, later rows are not harmed, and the table leaves them."""
    rows = BIG + "trio,shop,day,3,10,10\n" + FIT + FIFTH
    target = site.parent / "new-placement.csv"
    found = admit(site, table(site, rows), target)
    reasons = {answer.workload: answer.reason for answer in found.refused}
    assert list(reasons) == ["big", "trio-1", "trio-2", "trio-3", "fifth"]
    assert "4 lack capacity" in reasons["big"]
    assert "4 would break apart" in reasons["trio-1"]  # two more of its kind are in by now
    assert reasons["trio-2"] == reasons["trio-3"] == "comes only together with trio-1"
    assert "4 would break apart" in reasons["fifth"]
    with target.open(encoding="utf-8") as stream:
        names = [row["workload"] for row in csv.DictReader(stream)]
    assert names[-3:] == ["pair-1", "pair-2", "night-2"]
    assert not set(names) & set(reasons)
    assert found.checked["anti_affinity"] > 0


def test_the_same_table_gets_the_same_answers(site: Path) -> None:
    """Nothing is drawn at random."""
    arrivals = table(site, BIG + FIT + FIFTH)
    assert admit(site, arrivals).answers == admit(site, arrivals).answers


def test_rows_that_others_need_may_come_later(site: Path) -> None:
    """A workload that needs a service near it is tried again when that has come."""
    policy = (
        "policies:\n  - {kind: dependency, name: near, workloads: {services: [app]}, needs: [db]}\n"
    )
    (site / "services.csv").write_text(
        "name,sla_class\nshop,gold\nbatch,bronze\napp,bronze\ndb,bronze\n", encoding="utf-8"
    )
    text = (site / "site.yaml").read_text(encoding="utf-8")
    (site / "site.yaml").write_text(text.replace("policies:\n", policy), encoding="utf-8")
    found = admit(site, table(site, "app,app,,1,10,10\ndb,db,,1,10,10\n"))
    assert [answer.is_admitted for answer in found.answers] == [True, True]
    alone = admit(site, table(site, "app,app,,1,10,10\n"))
    assert "4 would break near" in alone.refused[0].reason


def test_mistakes_are_located(site: Path) -> None:
    """Names that are taken, unknown services and profiles are told with file and line."""
    rows = "web,shop,day,1,1,1\njob-2,batch,night,1,1,1\nx,shopp,dayy,1,1,1\n"
    with pytest.raises(InputError) as caught:
        admit(site, table(site, rows))
    told = {(problem.line, problem.field) for problem in caught.value.problems}
    assert told == {(2, "name"), (3, "name"), (4, "service"), (4, "profile")}
    assert "did you mean 'shop'?" in str(caught.value)


def test_nothing_is_written_over_or_without_the_checker(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the way stays, and a placement that the checker refuses is never written."""
    target = site.parent / "out.csv"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        admit(site, table(site, FIT), target)
    # whoever places two gold workloads on one host is caught by the exact checker
    genuine = admitting.Admission.placement.fget
    assert genuine is not None

    def wrong(self: admitting.Admission) -> object:
        placement = genuine(self)
        placement.host[self.names.index("pair-1")] = placement.host[self.names.index("web-1")]
        return placement

    monkeypatch.setattr(admitting.Admission, "placement", property(wrong))
    with pytest.raises(RefusedError, match="the exact checker refuses"):
        admit(site, table(site, FIT), target, force=True)
    assert target.read_text(encoding="utf-8") == "mine"


def test_the_command_tells_in_words_and_json(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0 when all are admitted and 4 when some are refused; tables, JSON and file."""
    target = site.parent / "out.csv"
    assert run(["admit", str(site), str(table(site, FIT)), "-o", str(target)]) == 0
    told = capsys.readouterr().out
    assert "3 of 3 workloads admitted" in told
    assert f"written to {target}" in told
    assert target.read_text(encoding="utf-8").startswith("workload,host\nweb-1,h1\n")
    assert run(["admit", str(site), str(table(site, BIG + FIT)), "--json"]) == 4
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "dcopt.admit/1"
    assert [one["workload"] for one in answer["refused"]] == ["big"]
    assert [one["workload"] for one in answer["admitted"]] == ["pair-1", "pair-2", "night-2"]


def test_a_run_is_taken_as_its_plan_leaves_the_site(site: Path) -> None:
    """After a plan that lets hosts sleep, arrivals use the hosts it keeps on, or wake one."""
    assert run(["plan", str(site), "--work-limit", "1", "--time-limit", "60", "-q"]) == 0
    found = admit(site / "runs" / "latest", table(site, "small,batch,night,1,10,10\n"))
    assert found.hosts_on < 4
    more = admit(site / "runs" / "latest", table(site, "pair,shop,day,2,200,512\n"))
    assert [answer.woken for answer in more.answers] == [True, True]
    assert more.hosts_on == found.hosts_on + 2


def test_a_gang_with_waiting_members_of_the_site_comes_whole(site: Path) -> None:
    """An arrival brings those that wait along, or stays out with them when one has no room."""
    gang = "{kind: group_together_or_not_at_all, name: gang, workloads: {services: [lab]}}"
    workloads = site / "workloads.csv"
    before = workloads.read_text(encoding="utf-8")
    for cpu, admitted in ((10, {"late", "early"}), (50_000, set())):
        workloads.write_text(before + f"early,lab,,1,{cpu},10\n", encoding="utf-8")
        services = site / "services.csv"
        if "lab" not in services.read_text(encoding="utf-8"):
            services.write_text(
                services.read_text(encoding="utf-8") + "lab,gold\n", encoding="utf-8"
            )
        (site / "study.yaml").write_text(f"policies: [{gang}]\n", encoding="utf-8")
        found = admit(site, table(site, "late,lab,,1,10,10\n"))
        assert {answer.workload for answer in found.answers if answer.is_admitted} == admitted
