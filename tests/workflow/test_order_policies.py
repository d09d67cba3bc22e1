"""Policies about the order of moves, from the files of a site to a checked run."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from optimiser.cli.app import run
from optimiser.errors import InputError
from optimiser.store.runs import read_run
from optimiser.workflow.loading import load
from optimiser.workflow.ordering import require_order
from optimiser.workflow.plan import PlanOptions, plan_site
from optimiser.workflow.resume import resume
from optimiser.workflow.verify import verify_run
from tests.workflow.disk_sites import FILES, write_site

Change = tuple[str, str, str]
STUDY = FILES["study.yaml"]


def site_with(
    folder: Path, *policies: str, moving: str = "", more: tuple[Change, ...] = ()
) -> Path:
    """Write the small site with policies in its study."""
    lines = [STUDY, moving, "policies:", *(f"  - {policy}" for policy in policies)]
    return write_site(folder, [("study.yaml", STUDY, "\n".join(lines) + "\n"), *more])


def moves_of(site: Path) -> list[dict[str, str]]:
    """Return the rows of the newest ``moves.csv``."""
    with (site / "runs" / "latest" / "moves.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def mistakes(site: Path) -> str:
    """Return every mistake of a site, in words."""
    with pytest.raises(InputError) as error:
        require_order(load(site))
    return str(error.value)


SHOP, BATCH = "{services: [shop]}", "{services: [batch]}"
FIRST = f"{{kind: precedence, name: web-first, before: {SHOP}, after: {BATCH}}}"
EMPTY = "{kind: drain, name: empty, hosts: {names: [h1, h4]}}"
STAY = f"{{kind: preserve, name: stay, workloads: {SHOP}}}"
ALONE = "{kind: serialize, name: alone, workloads: {services: [batch]}}"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan the small site with three policies about order, once for all tests."""
    early = "{kind: deadline, name: early, by: '2026-01-01T05:00'}"
    site = site_with(
        tmp_path_factory.mktemp("order") / "site", FIRST, ALONE, early, EMPTY,
        moving="moving: {begin: '2026-01-01T01:00'}",
    )  # fmt: skip
    outcome = plan_site(site, PlanOptions(time_limit_s=3.0))
    assert any("keeps 'web-first' the other way round" in note for note in outcome.notes)
    return site


def test_a_plan_keeps_the_order_and_verifies(planned: Path) -> None:
    """Moves of the shop come first, those of batch one by one, and the stored run holds."""
    waves = {"shop": [0], "batch": list[int]()}
    for row in moves_of(planned):
        waves[row["service"]].append(int(row["wave"]))
    assert len(waves["batch"]) == len(set(waves["batch"])) > 1
    assert max(waves["shop"]) < min(waves["batch"])
    assert verify_run(planned / "runs" / "latest").is_verified
    told = read_run((planned / "runs" / "latest").resolve()).metrics()
    assert "web-first" in told["way_back"][0]


def test_every_rest_keeps_the_order(planned: Path) -> None:
    """After each prefix the rest goes on as it was."""
    for count in range(len(moves_of(planned)) + 1):
        found = resume(planned / "runs" / "latest", range(1, count + 1))
        assert found.is_legal
        assert not found.is_reordered


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("T01:00:11", "T06:00:11", "early"),
        ("T01:00:11", "T00:59:11", "overlaps with another in time"),
    ],
)
def test_changed_times_are_refused(
    planned: Path, tmp_path: Path, old: str, new: str, words: str
) -> None:
    """A move that is written later or earlier than it can be is found by the checker."""
    copy = tmp_path / "run"
    shutil.copytree((planned / "runs" / "latest").resolve(), copy)
    text = (copy / "moves.csv").read_text(encoding="utf-8")
    assert old in text
    (copy / "moves.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    found = verify_run(copy)
    assert not found.is_verified
    assert any(words in one for one in found.refusals), found.refusals


def test_an_impossible_deadline_is_told_beside_the_plan(tmp_path: Path) -> None:
    """Batch cannot move within a second, so it stays, and the note says how much is missing."""
    policy = "{kind: deadline, name: at-once, workloads: {services: [batch]}, within_h: 0.0003}"
    site = site_with(tmp_path / "site", policy, STAY)
    outcome = plan_site(site, PlanOptions(time_limit_s=3.0))
    assert any("deadline 'at-once' ends at" in note and "late" in note for note in outcome.notes)
    assert not [row for row in moves_of(site) if row["service"] == "batch"]
    assert verify_run(outcome.run).is_verified


def test_the_young_and_the_protected_do_not_move(tmp_path: Path) -> None:
    """Batch has run for an hour and a day is asked for; after 30 hours it may move."""
    young = "{kind: disruption_budget, name: young, workloads: {services: [batch]}, min_age_h: 24}"
    rows = FILES["placement.csv"].strip().split("\n")
    aged = "\n".join([rows[0] + ",age_h", *(f"{row},1" for row in rows[1:])]) + "\n"
    more = (("placement.csv", FILES["placement.csv"], aged),)
    site = site_with(tmp_path / "young", young, STAY, more=more)
    assert run(["plan", str(site), "--time-limit", "3"]) == 0
    assert moves_of(site) == []
    old = (("placement.csv", FILES["placement.csv"], aged.replace(",1\n", ",30\n")),)
    site = site_with(tmp_path / "old", young, STAY, more=old)
    assert run(["plan", str(site), "--time-limit", "3"]) == 0
    assert "batch" in {row["service"] for row in moves_of(site)}


def test_who_may_not_be_evicted_from_a_host_that_is_emptied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No plan keeps both rules: exit code 4, and the words name both and a way out."""
    site = site_with(
        tmp_path / "site",
        "{kind: disruption_budget, name: keep, workloads: {names: [job-1]}, never_evict: true}",
        "{kind: drain, name: empty, hosts: {names: [h3]}}",
    )
    assert run(["plan", str(site), "--time-limit", "3"]) == 4
    told = "".join(capsys.readouterr())
    assert "keep" in told and "empty" in told and "job-1" in told


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{kind: deadline, name: x}", "either by or within_h"),
        ("{kind: deadline, name: x, by: 20260101}", "is a number"),
        ("{kind: deadline, name: x, by: '1999-01-01'}", "is over before the first move may begin"),
        ("{kind: disruption_budget, name: x}", "allows everything"),
        ("{kind: disruption_budget, name: x, min_age_h: 2}", "fill the column age_h"),
        ("{kind: disruption_budget, name: x, min_up: 1, soft: {weight: 1}}", "have no price"),
        ("{kind: serialize, name: x, soft: {weight: 1}}", "soft"),
        ("{kind: sync, name: x, workloads: {services: [shp]}}", "did you mean 'shop'"),
        ("{kind: precedence, name: x, before: {services: [shp]}, after: {}}", "did you mean"),
        ("{kind: sync, name: x, each: tenant}", "no service of the site has a tenant"),
        (
            "{kind: disruption_budget, name: x, freeze: [{start: '00:00', end: '24:00'}]}",
            "windows leave at most 0 min",
        ),
    ],
)
def test_mistakes_are_told(tmp_path: Path, policy: str, words: str) -> None:
    """Each mistake is named in words that say how to mend it."""
    assert words in mistakes(site_with(tmp_path / "site", policy))


def test_an_order_of_moves_that_all_begin_at_once(tmp_path: Path) -> None:
    """The study asks for one wave, the policy for two."""
    site = site_with(tmp_path / "site", FIRST, moving="moves: at_once")
    assert "wants them in an order" in mistakes(site)
