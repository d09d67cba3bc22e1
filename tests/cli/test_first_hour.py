"""The verbs as a person calls them, on a small site."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path

import pytest

from optimiser.cli.app import run
from optimiser.cli.progress import Progress
from optimiser.solve.progress import Tick
from optimiser.workflow.verify import verify_run
from tests.workflow.disk_sites import write_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan the small site once with the command."""
    folder = write_site(tmp_path_factory.mktemp("hour") / "site")
    assert run(["plan", str(folder), "--work-limit", "1", "--time-limit", "60", "--save-lp"]) == 0
    return folder


def answer_of(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    capsys.readouterr()
    assert run([*words, "--json"]) == code
    captured = capsys.readouterr()
    answer: dict = json.loads(captured.out)
    return answer


def test_plan_prints_savings_and_report(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The call ends with the savings table and the path of the report; a second one agrees."""
    capsys.readouterr()
    assert run(["plan", str(site), "--work-limit", "1", "--time-limit", "60"]) == 0
    told = capsys.readouterr()
    assert "Energy a year" in told.out
    assert "Hosts asleep" in told.out
    report = Path(told.out.split("report:")[1].strip())
    assert report.read_text().startswith("<!doctype html>")
    assert told.err == ""


def test_every_verb_answers_in_json(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each verb prints one JSON object that names its form."""
    latest = str(site / "runs" / "latest")
    calls = {
        "dcopt.check/1": ("check", str(site)),
        "dcopt.simulate/1": ("simulate", str(site)),
        "dcopt.verify/1": ("verify", latest),
        "dcopt.explain/1": ("explain", latest),
        "dcopt.why-not/1": ("explain", latest, "--workload", "web-1", "--host", "h4"),
        "dcopt.report/1": ("report", latest),
        "dcopt.library/1": ("library", "ups"),
        "dcopt.library-entry/1": ("library", "server", "hp-ml110-g5"),
        "dcopt.manual/1": ("manual", "plan"),
    }
    for schema, words in calls.items():
        assert answer_of(capsys, *words)["schema"] == schema


def test_explain_says_why_a_workload_moves(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A move's purpose, duration and what staying would mean; of who stays only where it runs."""
    latest = site / "runs" / "latest"
    rows = list(csv.DictReader((latest / "placements.csv").open()))
    moves = list(csv.DictReader((latest / "moves.csv").open()))
    told = answer_of(capsys, "explain", str(latest), "--workload", moves[0]["workload"])
    one, takes, left, *staying = told["sentences"]
    assert moves[0]["reason"] and one.endswith(moves[0]["reason"])
    assert f"from {moves[0]['source']} to " in one and takes.startswith("it takes ")
    assert left.startswith(f"left on {moves[0]['source']}")
    pair = ("--workload", moves[0]["workload"], "--host", moves[0]["source"])
    assert staying == answer_of(capsys, "explain", str(latest), *pair)["sentences"]
    moving = {move["workload"] for move in moves}
    stays = next(row for row in rows if row["workload"] not in moving)
    told = answer_of(capsys, "explain", str(latest), "--workload", stays["workload"])
    assert told["sentences"] == [f"{stays['workload']} stays on {stays['host']}"]
    told = answer_of(capsys, "explain", str(site), "--workload", moves[0]["workload"])
    assert told["sentences"] == [f"{moves[0]['workload']} runs on {moves[0]['source']} today"]
    assert run(["explain", str(latest), "--host", stays["host"]]) == 2
    assert "--host needs --workload" in capsys.readouterr().err


def test_simulate_shows_the_present(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Energy by meter adds up to the facility, and the fullest elements are named."""
    answer = answer_of(capsys, "simulate", str(site))
    told = answer["summary"]
    assert sum(told["kwh"].values()) == pytest.approx(told["facility_kwh"])
    assert told["hosts_on"] == 4
    kinds = {found["kind"] for found in answer["bottlenecks"]}
    assert {"rack power", "feed with one feed lost", "zone cooling"} <= kinds
    year = answer_of(capsys, "simulate", str(site), "--year")["summary"]
    assert year["hours"] == 8760
    assert year["it_kwh"] == pytest.approx(365 * told["it_kwh"], rel=0.001)


def test_explain_says_what_stands_between(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Putting one gold replica on the host of the other breaks the rule that keeps them apart."""
    answer = answer_of(capsys, "explain", str(site), "--workload", "web-1", "--host", "h2")
    assert any("apart" in sentence for sentence in answer["sentences"])
    free = answer_of(capsys, "explain", str(site), "--workload", "job-1", "--host", "h4")
    assert free["sentences"]
    assert not any("apart" in sentence for sentence in free["sentences"])


def test_explain_tells_why_there_is_no_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """More gold replicas than hosts: exit code 4 and the rule that contradicts."""
    changes = [
        ("workloads.csv", "web,shop,day,2,", "web,shop,day,5,"),
        ("placement.csv", "job-1,h3", "web-3,h4\njob-1,h3"),
    ]
    site = write_site(tmp_path / "site", changes)
    answer = answer_of(capsys, "explain", str(site), code=4)
    assert any("apart" in finding for finding in answer["findings"])
    refused = answer_of(capsys, "plan", str(site), code=4)
    assert refused["findings"]


def test_strict_check_fails_on_a_broken_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Today's placement breaks a rule: ``check`` tells it, ``--strict`` fails with 4."""
    site = write_site(tmp_path / "site", [("placement.csv", "web-2,h2", "web-2,h1")])
    assert answer_of(capsys, "check", str(site))["broken"] == {"apart": 1}
    assert run(["check", str(site), "--strict"]) == 4


def test_the_model_is_kept_when_asked_for(site: Path) -> None:
    """``--save-lp`` leaves the model in the run folder."""
    (path,) = (site / "runs").glob("2*/model.lp")
    text = path.read_text()
    assert text.startswith("\\*")
    assert "assign" in text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("when", ["search", "finish"])
def test_an_interrupt_keeps_the_best_plan(
    when: str,
    number: signal.Signals,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C and SIGTERM, in the search or after it: the best plan is stored and verified."""
    site = write_site(tmp_path / "site")
    sent = []

    def strike(self: Progress, tick: Tick | None = None) -> None:
        if not sent and (tick is None or tick.best is not None):
            sent.append(number)
            signal.raise_signal(number)

    def finish(self: Progress) -> None:
        self.is_finishing = True
        if when == "finish":
            strike(self)

    monkeypatch.setattr(Progress, "tick", strike if when == "search" else lambda *_: None)
    monkeypatch.setattr(Progress, "finishing", finish)
    assert run(["plan", str(site), "--work-limit", "1", "--time-limit", "60"]) == code
    assert sent == [number]
    assert "report:" in capsys.readouterr().out
    assert verify_run(site).is_verified


def test_an_interrupt_before_any_plan_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the site is still read there is nothing to keep: 143 and one line."""
    site = write_site(tmp_path / "site")
    monkeypatch.setattr(Progress, "phase", lambda *_: signal.raise_signal(signal.SIGTERM))
    assert run(["plan", str(site)]) == 143
    assert capsys.readouterr().err.strip() == "dcopt: terminated"
    assert not (site / "runs").exists()
